"""feedloop send: events from a file or a pipe, one JSON object a line."""

import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.context import DEFAULT_DATA, DataDir, settings_for
from producers.bulk import Bulk
from producers.chunks import plain
from producers.envelope import Envelope
from producers.jsonl import BadLine, read_events
from schemas.errors import ConfigError, FeedloopError
from schemas.settings import Settings

READ_BYTES: Final = 1 << 18
PIPE: Final = "-"


@dataclass
class Summary:
    """What became of the lines."""

    sent: int = 0
    bad: int = 0
    delivered: int = 0


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("send")(send)


def send(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON lines, gzip or not; - : stdin")],
    as_json: Annotated[bool, typer.Option("--json", help="Summary as one JSON object.")] = False,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Give up if Kafka takes nothing for so many seconds.")
    ] = 30.0,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Send events from FILE, one JSON object a line with "type": inference, feedback, interaction.

    A line that is no valid event is reported on stderr by its number, with what to do; the rest
    goes on. Ends when Kafka has everything. Exit code: 0 all sent, 1 a line was bad (or Kafka
    stayed away). Fields and examples: docs/events.md.
    """
    settings = settings_for(data)
    summary = Summary()
    with _open(file) as stream:
        bulk = Bulk(settings, timeout)
        try:
            _send_all(stream, _size(file), bulk, settings, summary)
        except (FeedloopError, KeyboardInterrupt):
            # What was read before is worth keeping and counting.
            bulk.finish()
            _print_summary(summary, bulk, as_json)
            raise
    bulk.finish()
    _print_summary(summary, bulk, as_json)
    if summary.bad:
        raise typer.Exit(1)


def _open(file: str) -> BinaryIO:
    if file == PIPE:
        return sys.stdin.buffer
    try:
        return Path(file).open("rb", buffering=0)
    except OSError as error:
        raise ConfigError(f"can't read {file}: {error.strerror}") from None


def _size(file: str) -> int | None:
    return None if file == PIPE else Path(file).stat().st_size


def _send_all(
    stream: BinaryIO, size: int | None, bulk: Bulk, settings: Settings, summary: Summary
) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    columns = (
        TextColumn("{task.fields[events]:>10,} events"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("send", total=size, events=0)
        read = 0
        for chunk_bytes, result in _results(stream, settings):
            if chunk_bytes != read:
                read = chunk_bytes
                progress.update(task, completed=read, events=bulk.sent)
            if isinstance(result, BadLine):
                summary.bad += 1
                console.print(str(result), markup=False)
            else:
                bulk.send(result)
        progress.update(task, completed=read, events=bulk.sent)


def _results(stream: BinaryIO, settings: Settings) -> Iterator[tuple[int, Envelope | BadLine]]:
    """Yield (bytes of the input read so far, envelope or bad line)."""
    taken = _Taken(stream)
    for result in read_events(plain(taken), settings.stage, lambda: time.time_ns() // 1_000_000):
        yield taken.bytes, result


class _Taken:
    """The chunks of a stream, as they come, and how many bytes they were so far."""

    def __init__(self, stream: BinaryIO) -> None:
        self.bytes = 0
        # A pipe's read1 returns what is there: its events go out before the pipe ends.
        self._read = getattr(stream, "read1", stream.read)

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._read(READ_BYTES):
            self.bytes += len(chunk)
            yield chunk


def _print_summary(summary: Summary, bulk: Bulk, as_json: bool) -> None:
    summary.sent, summary.delivered = bulk.sent, bulk.delivered
    if as_json:
        print(msgspec.json.encode(asdict(summary)).decode())
        return
    bad = f", {summary.bad:,} bad lines (see docs/events.md)" if summary.bad else ""
    print(f"{summary.delivered:,} of {summary.sent:,} events delivered{bad}")
