"""feedloop drain: wait until all that was accepted is in both stores."""

import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.status import Status

from deploy.context import DEFAULT_DATA, AsJson, DataDir, settings_for
from deploy.drain import Drained, drain
from deploy.flush import send_flush
from deploy.offsets import Offsets
from schemas.errors import ConfigError
from schemas.topics import RAW


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("drain")(run)


def run(
    timeout: Annotated[float, typer.Option(min=0, metavar="S", help="Seconds to wait.")] = 60.0,
    flush: Annotated[
        bool, typer.Option("--flush", help="First decide all that waits and close all windows.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Wait until all that was accepted when this starts has gone through every stage and store.

    Signals whose inference may still come are not decided; their number is shown. `--flush`
    decides them (orphans) and closes the open windows: for files, tests and the end of a run.
    Exit code 1 if it takes longer than the timeout; it says which stage is stuck and by how much.
    """
    settings = settings_for(data)
    offsets = Offsets(settings)
    if not offsets.extents(RAW):
        raise ConfigError("there are no topics to drain: run `feedloop topics apply`")
    if flush:
        send_flush(settings)
    with Console(stderr=True).status("draining") as status:
        result = drain(offsets, timeout, lambda workers, left: _show(status, workers, left))
    _report(result, as_json)
    if not result.done:
        raise typer.Exit(1)


def _show(status: Status, workers: tuple[str, ...], left: int) -> None:
    status.update(f"{' and '.join(workers)}: {left:,} to go")


def _report(result: Drained, as_json: bool) -> None:
    if as_json:
        summary = {
            "drained": result.done,
            "waiting": result.waiting,
            "seconds": round(result.seconds, 3),
            "stuck": result.stuck,
        }
        print(msgspec.json.encode(summary).decode())
    if not result.done:
        print(f"feedloop: {result.explain()}", file=sys.stderr)
    elif not as_json:
        print(
            f"drained in {result.seconds:.1f} s; "
            f"{result.waiting:,} signals still wait for their inference"
        )
