"""feedloop status: each part, its address, how far it is behind, what was set aside."""

import json

import typer

from deploy.context import DEFAULT_DATA, AsJson, DataDir, folder_of
from deploy.local.status import require, status, supervised
from deploy.local.status_table import print_status


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("status")(run)


def run(
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Show each part of the stack, its address, its lag and commit age, and the dead letters.

    Lag counts offsets that a stage has not committed yet. A part that nobody answers for shows no
    number.
    """
    stack = require(folder_of(data))
    told = status(stack)
    if as_json:
        print(json.dumps(told))
        return
    print_status(told)
    if stack.message:
        print(f"{stack.phase}: {stack.message}")
    if stack.phase != "stopped" and not supervised(stack):
        print("the supervisor is gone: `feedloop up` takes over what runs and starts the rest")
