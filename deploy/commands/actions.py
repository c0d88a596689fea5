"""feedloop actions [show | ack | mute | unmute]: the action events, and what people say of them."""

import getpass
import time
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from deploy.action_controls import (
    control,
    duration_ms,
    pairs,
    place_of,
    states_of,
    write,
)
from deploy.action_lines import STYLES, details, line, result_line
from deploy.context import DEFAULT_DATA, DataDir, settings_for
from deploy.records import read
from schemas.errors import ConfigError
from schemas.settings import Settings
from schemas.topics import ACTION_RESULTS, ACTIONS

ActionId = Annotated[str, typer.Argument(metavar="ID", help="The action's id, or its beginning.")]
Detail = Annotated[str | None, typer.Option(help="A word for those who read it later.")]
Rule = Annotated[str | None, typer.Option(help="The rule; without it every rule.")]
Tenant = Annotated[str | None, typer.Option(help="The tenant, if no action is given.")]
Where = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="Only there, e.g. segment=web.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    actions = typer.Typer(invoke_without_command=True, help=run.__doc__)
    actions.callback()(run)
    actions.command("show")(show)
    actions.command("ack")(acknowledge)
    actions.command("mute")(mute)
    actions.command("unmute")(unmute)
    app.add_typer(actions, name="actions")


def run(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    from_beginning: Annotated[
        bool,
        typer.Option("--from-beginning/--from-now", help="Start with the oldest one kept, or now."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show the action events: what went wrong, where, on what evidence, and what to do.

    Every line is one change of state of one problem (`opened`, `escalated`, `renewed`, `cleared`,
    and `measured`: whether the work helped); lines of the same problem share an `action_id`. Reads
    the topic that your own consumers read.
    """
    if context.invoked_subcommand is not None:
        return
    console = Console(soft_wrap=True)
    settings = settings_for(data)
    for action in read(settings, ACTIONS, from_beginning=from_beginning, follow=follow):
        _show(console, action, as_json)


def show(
    action_id: ActionId,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show one action whole: its states, its contents, and what became of it."""
    settings = settings_for(data)
    states = states_of(read(settings, ACTIONS), action_id)
    results = [
        r for r in read(settings, ACTION_RESULTS) if r["action_id"] == states[0]["action_id"]
    ]
    if as_json:
        print(msgspec.json.encode({"states": states, "results": results}).decode())
        return
    console = Console(soft_wrap=True)
    for action in states:
        _show(console, action, as_json=False)
    telling = [one for one in states if one["contents"]["state"] != "none"] or states
    for text in details(telling[-1]):
        console.print(Text(text))
    for result in results:
        console.print(Text(result_line(result), "green"))


def acknowledge(action_id: ActionId, detail: Detail = None, data: DataDir = DEFAULT_DATA) -> None:
    """Say that a person is on it: the action isn't renewed any more, only escalated or cleared."""
    settings = settings_for(data)
    last = states_of(read(settings, ACTIONS), action_id)[-1]
    record = control(
        "acknowledged",
        last["tenant_id"],
        getpass.getuser(),
        _now_ms(),
        action_id=last["action_id"],
        detail=detail,
    )
    write(settings, record)
    print(f"acknowledged {last['action_id']}")


def mute(
    action_id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,
    rule: Rule = None,
    tenant: Tenant = None,
    where: Where = None,
    lasting: Annotated[str, typer.Option("--for", help="How long: 30m, 12h, 7d.")] = "24h",
    detail: Detail = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Say nothing new for a while: of an action's rule and place, or of a tenant's rules.

    What is open is neither escalated nor renewed, but cleared when it is over; nothing new opens.
    What is still wrong at the end opens then.
    """
    settings = settings_for(data)
    until = _now_ms() + duration_ms(lasting)
    print(_say(settings, "muted", action_id, (rule, tenant, where), until, detail))


def unmute(
    action_id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,
    rule: Rule = None,
    tenant: Tenant = None,
    where: Where = None,
    detail: Detail = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """End mutes: an action's, or all of a tenant that the options name."""
    print(_say(settings_for(data), "unmuted", action_id, (rule, tenant, where), None, detail))


def _say(
    settings: Settings,
    state: str,
    action_id: str | None,
    place: tuple[str | None, str | None, list[str] | None],
    until: int | None,
    detail: str | None,
) -> str:
    rule, tenant, where = place
    key = pairs(where or ())
    if action_id is not None:
        if rule or tenant or where:
            raise ConfigError("give an action's id, or --tenant with --rule and --where, not both")
        last = states_of(read(settings, ACTIONS), action_id)[-1]
        rule, tenant, key = last["rule"], last["tenant_id"], place_of(last)
    if tenant is None:
        raise ConfigError("whose? Give an action's id or --tenant")
    record = control(
        state,
        tenant,
        getpass.getuser(),
        _now_ms(),
        rule=rule,
        key=key,
        until=until,
        detail=detail,
    )
    write(settings, record)
    there = ", ".join(f"{name} {value}" for name, value in sorted(key.items()))
    return f"{state}: {rule or 'every rule'} of {tenant}" + (f", {there}" if there else "")


def _now_ms() -> int:
    return int(time.time() * 1000)


def _show(console: Console, action: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(action).decode(), flush=True)
    else:
        console.print(Text(line(action), STYLES.get(action["severity"], "")))
