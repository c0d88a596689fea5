"""Writes batches as Parquet files that any engine reads as they are.

`<path>/<table>/tenant_id=…/date=…/*.parquet`, zstd, sorted by event time; the date is the UTC day
of the row's event time, rows without a tenant lie under `tenant_id=_none`. What begins with `_`
beside the tables is ours: the ledger and the staging area.

Delivery: files are staged and made durable, entered in the ledger, then renamed into place. A
reader sees whole files only; a batch is there once, whatever dies when (sinks/ledger.py).
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import ConfigError, CorruptStateError, SinkDown
from schemas.killpoint import reach
from schemas.settings import ParquetSettings
from sinks import Batch
from sinks.intents import Source
from sinks.ledger import Ledger, Move, sync_folder

NO_TENANT: Final = "_none"
NULL_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"  # how Hive, Spark and Arrow spell an empty value
LONGEST_NAME: Final = 200  # file systems allow 255 bytes; `tenant_id=` comes before
DAY_MS: Final = 86_400_000


class Parquet:
    """The cold store (a `sinks.Sink`)."""

    name = "parquet"

    def __init__(self, settings: ParquetSettings) -> None:
        self._root = Path(settings.path)
        self._ledgers: dict[Source, Ledger] = {}
        self._entered: dict[Source, list[Move]] = {}  # files in the ledger, renames not done yet

    def open(self) -> None:
        """Make the folder. Raises SinkDown (no room), ConfigError (no right to write)."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            probe = self._root / f"_probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except (PermissionError, NotADirectoryError, FileExistsError) as error:
            raise ConfigError(
                f"parquet.path {self._root} can't be written: {error.strerror}; mend the rights "
                "or set FEEDLOOP_PARQUET_PATH"
            ) from None
        except OSError as error:
            raise self._down(error) from error

    def assigned(self, source: Source, *, known: bool) -> int:
        """Take the partition's ledger over; return the first offset that the store doesn't hold.

        Raises CorruptStateError if the ledger is gone though it was `known`, SinkDown.
        """
        ledger = Ledger(self._root, source)
        if known and not ledger.exists:
            raise CorruptStateError(
                f"{source}: stored before, but {self._root}/_ledger knows nothing of it; no offset "
                "was moved. Is this the right disk (FEEDLOOP_PARQUET_PATH)? If the ledger is lost: "
                "`feedloop recover parquet` goes on from what the group has committed"
            )
        with self._disk():
            ledger.take_over()
        self._ledgers[source] = ledger
        return ledger.next_offset

    def topic_ids(self, topic: str) -> set[str]:
        """Return Kafka's ids of `topic` from which the store was filled. Raises SinkDown."""
        with self._disk():
            return {noted.name for noted in self._topic(topic).glob("*")}

    def note_topic(self, topic: str, topic_id: str) -> None:
        """Remember that the store is filled from `topic` with this id. Raises SinkDown."""
        with self._disk():
            folder = self._topic(topic)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / topic_id).touch()
            for made in (folder, folder.parent, self._root):
                sync_folder(made)

    def _topic(self, topic: str) -> Path:
        return self._root / "_topics" / topic

    def write(self, batch: Batch) -> None:
        """Store the batch; return when it is durable and in place. Raises SinkDown, FencedError."""
        if not batch.rows.num_rows:
            return
        ledger = self._ledgers[batch.source]
        try:
            with self._disk():
                if batch.end >= ledger.next_offset:
                    moves = self._stage(ledger, batch)
                    ledger.enter(batch.start, batch.end, moves)
                    self._entered[batch.source] = moves
                ledger.publish(self._entered.get(batch.source, ()))
        except SinkDown:
            ledger.check_owned()  # the disk may be well and the partition lost
            raise
        self._entered.pop(batch.source, None)
        reach("parquet.after_publish")

    def revoked(self, source: Source) -> None:
        """Forget the partition; its next owner takes the ledger over."""
        self._ledgers.pop(source, None)
        self._entered.pop(source, None)

    def close(self) -> None:
        """Forget all partitions."""
        self._ledgers.clear()
        self._entered.clear()

    def _stage(self, ledger: Ledger, batch: Batch) -> list[Move]:
        """Write the files of `batch`, durable but not yet part of the store."""
        source = batch.source
        stem = f"{source.partition:03d}-{batch.start:012d}-{batch.end:012d}-{source.topic_id}"
        moves = []
        for number, (folder, rows) in enumerate(split(batch)):
            staged = ledger.staged(number)
            final = Path(batch.table.name) / folder / f"{stem}.parquet"
            with staged.open("wb") as file:
                pq.write_table(rows, file, compression="zstd")
                file.flush()
                os.fsync(file.fileno())
            moves.append(Move(str(staged.relative_to(self._root)), str(final)))
            reach("parquet.between_files")
        sync_folder(ledger.staging)
        return moves

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._down(error) from error

    def _down(self, error: OSError) -> SinkDown:
        return SinkDown(f"parquet store {self._root}: {error.strerror or type(error).__name__}")


def split(batch: Batch) -> list[tuple[str, pa.Table]]:
    """Return the rows of `batch` by Hive folder, sorted by event time; pure.

    The columns that the folder's name says (tenant_id, date) are left out of the rows.
    """
    table = batch.table
    rows = batch.rows.append_column("_day", _days(batch.rows[table.time]))
    keys = ["tenant_id", "_day"] if table.has_tenant else ["_day"]
    rows = rows.sort_by([(key, "ascending") for key in (*keys, table.time, "_offset")])
    tenants = rows["tenant_id"].to_pylist() if table.has_tenant else [NO_TENANT] * rows.num_rows
    places = list(zip(tenants, rows["_day"].to_pylist(), strict=True))
    out, at = [], 0
    for (tenant, day), run in groupby(places):
        size = sum(1 for _ in run)
        folder = f"tenant_id={escape(tenant)}/date={_iso(day)}"
        out.append((folder, rows.slice(at, size).drop_columns(keys)))
        at += size
    return out


def _days(times: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.divide(times.cast(pa.int64()), DAY_MS)


def _iso(day: int) -> str:
    return str(pa.scalar(day, pa.int32()).cast(pa.date32()).as_py())


def escape(value: str) -> str:
    """Return `value` as a part of a folder's name, percent-encoded as Hive readers expect.

    A very long one is cut and carries a hash, so that it stays distinct.
    """
    if not value:
        return NULL_VALUE
    safe = quote(value, safe="")
    if len(safe) <= LONGEST_NAME:
        return safe
    digest = hashlib.sha256(value.encode()).hexdigest()[:16]
    return f"{quote(value[: LONGEST_NAME // 12 - 2], safe='')}~{digest}"
