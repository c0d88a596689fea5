"""feedloop replay: send dead letters again, read from where their records lie."""

import time
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
import typer

from deploy.context import DEFAULT_DATA, AsJson, DataDir, settings_for
from deploy.moments import time_of
from deploy.records import read
from producers.replay import Outcome, Selection, replay
from schemas.errors import REASONS, ConfigError
from schemas.topics import DEAD_LETTERS, INPUTS

_LISTED: Final = 10


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("replay")(run)


def run(
    stage: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"Only of one of {', '.join(INPUTS)}.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="WORD", help=f"Only for one of {', '.join(REASONS)}.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Only later ones: 30m, 2h, 7d, or an ISO 8601 time."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Send dead letters again, each record read from where it lies.

    Mend the cause first (register the schema, correct the clock). Records that no topic holds any
    more are named and make the exit code 1. Repeating it is safe: a signal that got through is
    recognised by its event_id.
    """
    _known("--stage", stage, INPUTS)
    _known("--reason", reason, REASONS)
    since_ms = time_of("--since", since, time.time_ns() // 1_000_000) if since else None
    settings = settings_for(data)
    letters = read(settings, DEAD_LETTERS)
    outcome = replay(settings, letters, Selection(stage, reason, since_ms), dry_run=dry_run)
    _report(outcome, dry_run, as_json)
    if outcome.gone:
        raise typer.Exit(1)


def _known(option: str, value: str | None, known: Iterable[str]) -> None:
    if value is not None and value not in tuple(known):
        raise ConfigError(f"{option} {value}: expected one of {', '.join(known)}")


def _report(outcome: Outcome, dry_run: bool, as_json: bool) -> None:
    places = [f"{g['topic']}[{g['partition']}] {g['offset']}" for g in outcome.gone]
    if as_json:
        summary = {"selected": outcome.selected, "replayed": outcome.replayed, "gone": places}
        print(msgspec.json.encode(summary).decode())
        return
    print(
        f"{outcome.replayed} of {outcome.selected} {'could be' if dry_run else 'were'} sent again"
    )
    if places:
        more = f" and {len(places) - _LISTED} more" if len(places) > _LISTED else ""
        print(f"{len(places)} records are gone: {', '.join(places[:_LISTED])}{more}")
