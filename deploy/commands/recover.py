"""feedloop recover WORKER: why a stage or sink can't go on, and going on without what is lost."""

from typing import Annotated

import msgspec
import typer

from deploy.context import DEFAULT_DATA, AsJson, DataDir, settings_for
from deploy.recover import Finding
from schemas.errors import ConfigError
from schemas.settings import Settings
from schemas.topics import WORKERS

STAGES = ("redact", "join", "decide")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("recover")(run)


def run(
    worker: Annotated[str, typer.Argument(help=f"One of {', '.join(WORKERS)}.")],
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Give up what is lost, so that it can go on.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show why a stage or sink can't go on from where it stopped, partition by partition.

    Nothing is changed without --accept-loss. With it, what can't be read any more is passed over,
    and a state that can't be understood is given up: exactly what is shown as lost. Offsets of
    partitions that are well never move. Exit code 1 while something keeps it from going on.
    """
    if worker not in WORKERS:
        raise ConfigError(f"there is no worker {worker!r}; known: {', '.join(WORKERS)}")
    found = _examine(settings_for(data), worker)
    if accept_loss:
        for finding in found:
            finding.mend()
    _print(worker, found, accept_loss, as_json)
    if found and not accept_loss:
        raise typer.Exit(1)


def _examine(settings: Settings, worker: str) -> list[Finding]:
    if worker in STAGES:
        from deploy import recover_stage  # noqa: PLC0415 - only what is asked for

        return recover_stage.examine(settings, worker)
    from deploy import recover_sink  # noqa: PLC0415

    return recover_sink.examine(settings, worker)


def _print(worker: str, found: list[Finding], accepted: bool, as_json: bool) -> None:
    if as_json:
        rows = [{"place": f.place, "why": f.why, "loss": f.loss} for f in found]
        print(msgspec.json.encode({"findings": rows, "accepted": accepted}).decode())
        return
    for finding in found:
        print(f"{finding.place}: {finding.why}\n    given up: {finding.loss}")
    if not found:
        print(f"nothing keeps {worker} from going on")
    elif accepted:
        print(f"done; start {worker} again: feedloop up --detach, or feedloop worker {worker}")
    else:
        print(f"to go on without that: feedloop recover {worker} --accept-loss")
