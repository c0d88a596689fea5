"""feedloop down: stop what `up` started; all data stays."""

import typer

from deploy.context import DEFAULT_DATA, DataDir
from deploy.local.launch import halt
from deploy.local.layout import Layout


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("down")(run)


def run(data: DataDir = DEFAULT_DATA) -> None:
    """Stop the stack in --data, the workers first, then the servers. Its data stays.

    Only processes that this stack started are touched. Harmless if nothing runs.
    """
    ended = halt(Layout(data.absolute()))
    print(f"stopped {', '.join(ended)}" if ended else f"nothing runs in {data}")
