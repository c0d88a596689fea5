"""feedloop simulate: seeded product traffic with known answers, to Kafka or to a file."""

import contextlib
import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from deploy.context import DEFAULT_DATA, DataDir, settings_for
from producers.bulk import Bulk
from producers.envelope import seal
from producers.playback import paced
from producers.simulate import Traffic, simulate
from producers.world.scenarios import DEFAULT_EVENTS, SCENARIOS
from producers.world.session import Timed
from schemas.errors import ConfigError

MAX: Final = "max"
PROGRESS_EVERY: Final = 200

Put = Callable[[Timed], None]


@dataclass(frozen=True)
class _Pace:
    """Events a second, or a factor on their times; None and None: as fast as it goes."""

    rate: float | None
    speed: float | None


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("simulate")(run)


def run(
    scenario: Annotated[
        str, typer.Option(metavar="NAME", help=f"One of {', '.join(SCENARIOS)}.")
    ] = "steady",
    seed: Annotated[int, typer.Option(help="The same seed gives the same traffic.")] = 1,
    events: Annotated[int, typer.Option(min=1, help="How many records to make.")] = DEFAULT_EVENTS,
    rate: Annotated[str, typer.Option(metavar="R|max", help="Events a second.")] = MAX,
    speed: Annotated[
        float | None,
        typer.Option(min=0.001, help="Play by the events' own times, so many times as fast."),
    ] = None,
    start: Annotated[
        str,
        typer.Option(metavar="TIME", help="Event time of the start (ISO 8601); so as to end now."),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write JSON lines (.gz) and send nothing.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what is true of it, as JSON.")
    ] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Make the traffic of a whole product, with late, early, doubled and lost signals in it.

    Scenarios: steady; regression (a prompt version gets worse); bad_document (a document goes
    stale); shift (users ask otherwise); demo (all three). The truth file says what a loop that
    works must find: matched, late and orphaned signals, counts per window, personal data planted,
    actions expected.
    """
    pace = _pace(rate, speed)
    traffic = simulate(scenario, seed, events, _start_ms(start, scenario, seed, events))
    with _to_file(out) if out else _to_kafka(data) as put:
        _play(traffic, events, pace, put)
    if truth is not None:
        truth.write_bytes(msgspec.json.format(msgspec.json.encode(traffic.truth.to_json())))
    known = traffic.truth
    print(
        f"{known.events:,} events: {known.inferences:,} inferences, {known.signals:,} signals "
        f"({known.count('matched'):,} matched, {known.count('late'):,} late, "
        f"{known.count('orphan'):,} orphans), {known.duplicates:,} duplicates, "
        f"{len(known.abandonments):,} abandoned sessions"
    )


def _pace(rate: str, speed: float | None) -> _Pace:
    if rate == MAX:
        return _Pace(None, speed)
    try:
        number = float(rate)
    except ValueError:
        number = 0.0
    if number <= 0 or speed is not None:
        raise ConfigError(
            f"--rate {rate}: expected events a second above 0, or `max`, and not beside --speed"
        )
    return _Pace(number, None)


def _start_ms(start: str, scenario: str, seed: int, events: int) -> int:
    """Return when the traffic starts; by default so that its last event is dated now."""
    if not start:
        # The times are the same for every start, only shifted: measure them first.
        last_ms = max(event.fields["event_time"] for event in simulate(scenario, seed, events, 0))
        return time.time_ns() // 1_000_000 - int(last_ms)
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        raise ConfigError(f"--start {start}: expected a time such as 2026-01-31T08:00") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


@contextlib.contextmanager
def _to_file(out: Path) -> Iterator[Put]:
    # mtime 0 and no name: the same seed gives the same bytes.
    with out.open("wb") as raw, contextlib.ExitStack() as stack:
        lines = (
            stack.enter_context(gzip.GzipFile("", "wb", fileobj=raw, mtime=0))
            if out.suffix == ".gz"
            else raw
        )

        def put(event: Timed) -> None:
            lines.write(msgspec.json.encode({"type": event.kind, **event.fields}) + b"\n")

        yield put


@contextlib.contextmanager
def _to_kafka(data: Path) -> Iterator[Put]:
    settings = settings_for(data)
    bulk = Bulk(settings)

    def put(event: Timed) -> None:
        now_ms = time.time_ns() // 1_000_000
        bulk.send(seal(event.kind, event.fields, settings.stage, now_ms))

    yield put
    bulk.finish()


def _play(traffic: Traffic, events: int, pace: _Pace, put: Put) -> None:
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("simulate", total=events)
        for number, event in enumerate(paced(traffic, speed=pace.speed, rate=pace.rate), 1):
            put(event)
            if number % PROGRESS_EVERY == 0:
                progress.update(task, completed=number)
        progress.update(task, completed=events)
