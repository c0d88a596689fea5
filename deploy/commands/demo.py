"""feedloop demo: see the whole loop at work in a few minutes."""

import json
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from deploy.context import DEFAULT_DATA, settings_for
from deploy.demo import Plan, play
from deploy.local.temporary import stack_for

_LOOK: Final = (
    "status",
    "actions",
    'query "SELECT * FROM negative_rate_by_prompt_version"',
    'query "SELECT * FROM worst_documents LIMIT 5"',
    "down",
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("demo")(run)


def run(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running.")] = False,
    seconds: Annotated[
        float, typer.Option(min=1, help="How long the traffic is spread over.")
    ] = Plan.seconds,
    seed: Annotated[int, typer.Option(help="Another seed is another product.")] = Plan.seed,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            envvar="FEEDLOOP_DATA",
            help="Folder of the stack; must hold no traffic. Default: a temporary one, or "
            f"{DEFAULT_DATA} with --keep.",
        ),
    ] = None,
) -> None:
    """See the whole loop at work in a few minutes.

    Starts a real broker, registry and store here, sends the traffic of a simulated product whose
    prompt gets worse, whose document goes stale and whose users change, and shows what the loop
    finds. Then compares every figure with what the simulator knows. The last line is a JSON object;
    the exit code is 1 if its `truth_ok` is false.
    """
    console = Console(highlight=False)
    own = data or (DEFAULT_DATA if keep else None)
    with stack_for("demo", own, keep=keep) as folder:
        summary = play(settings_for(folder), Plan(seed=seed, seconds=seconds), console)
    console.print(_more(folder, keep), markup=False, soft_wrap=True)
    print(json.dumps(summary), flush=True)
    if not summary["truth_ok"]:
        raise typer.Exit(1)


def _more(folder: Path, keep: bool) -> str:
    if not keep:
        return "To look around in what is left behind: feedloop demo --keep"
    option = "" if folder == DEFAULT_DATA else f" --data {folder}"
    return "\n".join(
        ["The stack is up. To look further:", *(f"  feedloop {line}{option}" for line in _LOOK)]
    )
