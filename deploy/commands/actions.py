"""feedloop actions: the action events so far, and as they come."""

from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from deploy.action_lines import STYLES, line
from deploy.context import DEFAULT_DATA, DataDir, settings_for
from deploy.records import read
from schemas.topics import ACTIONS


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("actions")(run)


def run(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    from_beginning: Annotated[
        bool,
        typer.Option("--from-beginning/--from-now", help="Start with the oldest one kept, or now."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show the action events: what went wrong, where, on what evidence, and what to do.

    Every line is one change of state of one problem (`opened`, `escalated`, `renewed`, `cleared`);
    lines of the same problem share an `action_id`. Reads the topic that your own consumers read.
    """
    console = Console(soft_wrap=True)
    settings = settings_for(data)
    for action in read(settings, ACTIONS, from_beginning=from_beginning, follow=follow):
        _show(console, action, as_json)


def _show(console: Console, action: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(action).decode(), flush=True)
    else:
        console.print(Text(line(action), STYLES.get(action["severity"], "")))
