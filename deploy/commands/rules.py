"""feedloop rules: check a rules file, and try it on what was counted before it goes live."""

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from deploy.context import DEFAULT_DATA, AsJson, DataDir, settings_for
from deploy.history import Span, windows
from deploy.hot_store import connect
from deploy.moments import moment, period_of, time_of
from deploy.references import stored
from deploy.tables import print_table
from schemas.errors import ConfigError
from stream_jobs.act.rules import Rule, read_rules, shipped_rules
from stream_jobs.decide.rehearse import Rehearsal, Trouble, rehearse

File = Annotated[Path, typer.Argument(metavar="FILE", help="A rules file.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    rules = typer.Typer(no_args_is_help=True, help="Check rules, and try them on the past.")
    rules.command("check")(check)
    rules.command("simulate")(simulate)
    app.add_typer(rules, name="rules")


def check(file: File, as_json: AsJson = False) -> None:
    """Read a rules file: every mistake is told with its line, else the rules are listed."""
    found = read_rules(str(file))
    if as_json:
        print(msgspec.json.encode([_row(rule) for rule in found]).decode())
        return
    columns = ("rule", "metric", "scope", "condition", "reference", "action")
    print_table(columns, [tuple(_row(rule).values()) for rule in found], whole=("rule",))


def _row(rule: Rule) -> dict[str, str]:
    kind = type(rule.condition).__name__.removesuffix("Parameters").lower()
    sliding = f"{rule.sliding_days:g} days before" if rule.sliding_days else ""
    return {
        "rule": rule.name,
        "metric": ", ".join(rule.features) or rule.metric,
        "scope": ", ".join(rule.scope),
        "condition": {"rate": "cusum"}.get(kind, kind),
        "reference": rule.reference or sliding,
        "action": ", ".join(f"{cause}: {kind}" for cause, kind in rule.by_cause.items()),
    }


def simulate(
    since: Annotated[str, typer.Option("--from", metavar="WHEN", help="7d, or an ISO 8601 time.")],
    until: Annotated[str, typer.Option("--to", metavar="WHEN", help="Its end; 0s is now.")] = "0s",
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="Else the shipped ones.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(metavar="ID", help="Only this tenant.")] = None,
    segment: Annotated[str | None, typer.Option(metavar="NAME", help="Only this one.")] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Nothing was wrong then: every alarm is false.")
    ] = False,
    trouble: Annotated[
        list[str] | None,
        typer.Option(metavar="WHEN", help="Something was wrong from then on; may be repeated."),
    ] = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show what rules would have said of windows that were counted before; nothing is sent.

    With --trouble or --quiet it also says how many alarms were false, per week, and after how many
    minutes and rated answers a trouble was found. Rules learn from the windows they are given:
    begin some days before what you want to know.
    """
    if quiet and trouble:
        raise ConfigError("--quiet and --trouble contradict each other: give one of them")
    now_ms = time.time_ns() // 1_000_000
    span = Span(*period_of(since, until, now_ms), tenant, segment)
    known = [Trouble(time_of("--trouble", text, now_ms), tenant, segment) for text in trouble or ()]
    settings = settings_for(data)
    window_ms = settings.decide.window_ms
    done = rehearse(
        read_rules(str(rules)) if rules else shipped_rules(),
        windows(connect(settings), span, window_ms),
        window_ms,
        stored(settings),
        known if known or quiet else None,
    )
    if as_json:
        print(msgspec.json.encode(done).decode())
    else:
        _show(done)


def _show(done: Rehearsal) -> None:
    if not done.windows:
        print("no windows in that time: nothing to try the rules on")
        return
    columns = ("opened", "cleared", "rule", "action", "tenant", "key", "observed", "baseline", "n")
    rows = [
        (
            moment(one.opened_ms),
            "" if one.cleared_ms is None else moment(one.cleared_ms),
            one.rule,
            f"{one.kind} ({one.severity})",
            one.tenant_id,
            ", ".join(f"{name}={value}" for name, value in one.key.items()),
            f"{one.observed:.4g}",
            "" if one.baseline is None else f"{one.baseline:.4g}",
            one.n,
            *_verdict(one.false, one.delay_ms, one.delay_rated),
        )
        for one in done.episodes
    ]
    print_table((*columns, "verdict"), rows, whole=("opened", "rule"))
    print(
        f"{len(done.episodes)} episodes in {done.windows} windows of {done.products} products, "
        f"{moment(done.since_ms)} to {moment(done.until_ms)}"
    )
    if done.false_alarms is not None:
        print(
            f"{done.false_alarms} false alarms, {done.false_alarms_per_week:.2g} a week; "
            f"{done.missed} troubles missed"
        )


def _verdict(false: bool, delay_ms: int | None, rated: int | None) -> tuple[str]:
    if false:
        return ("false",)
    return ("" if delay_ms is None else f"after {delay_ms // 60_000} min, {rated} rated answers",)
