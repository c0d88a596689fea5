"""The cold store on a real disk: folders, readers, ledger, owners."""

import datetime as dt
import errno
import os
import threading
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from schemas.errors import ConfigError, CorruptStateError, FencedError, SinkDown
from schemas.settings import ParquetSettings
from sinks import Batch
from sinks.flatten import rows
from sinks.intents import Source
from sinks.ledger import Ledger
from sinks.parquet import Parquet, escape, split
from sinks.tables import INFERENCES, LETTERS_TABLE
from tests.conformance.samples import inference, letter

SOURCE = Source("feedloop.inference.redacted", "topic-uuid", 1)
LETTERS = Source("feedloop.dead-letters", "letters-uuid", 0)


def batch(start: int, end: int, source: Source = SOURCE) -> Batch:
    table, make = (INFERENCES, inference) if source is SOURCE else (LETTERS_TABLE, letter)
    decoded = [(offset, 0, make(offset)) for offset in range(start, end + 1)]
    return Batch(table, source, start, end, rows(table, source.partition, decoded))


def opened(path: Path, *, known: bool = False) -> tuple[Parquet, int]:
    store = Parquet(ParquetSettings(path=str(path)))
    store.open()
    return store, store.assigned(SOURCE, known=known)


def offsets(path: Path) -> list[int]:
    if not (path / "inferences").exists():
        return []
    found = ds.dataset(path / "inferences", partitioning="hive").to_table(columns=["_offset"])
    return sorted(found["_offset"].to_pylist())


def test_a_batch_is_there_once_however_often_it_is_written(tmp_path: Path) -> None:
    store, first = opened(tmp_path)
    assert first == 0
    store.write(batch(0, 9))
    store.write(batch(0, 9))
    assert offsets(tmp_path) == list(range(10))
    heir, first = opened(tmp_path, known=True)
    assert first == 10
    heir.write(batch(0, 9))
    heir.write(batch(10, 12))
    assert offsets(tmp_path) == list(range(13))


def test_an_empty_batch_has_no_effect(tmp_path: Path) -> None:
    store, _ = opened(tmp_path)
    store.write(Batch(INFERENCES, SOURCE, 0, 4, INFERENCES.arrow.empty_table()))
    assert offsets(tmp_path) == []
    store.write(batch(0, 4))
    assert offsets(tmp_path) == list(range(5))


def test_an_older_owner_is_fenced_and_leaves_nothing(tmp_path: Path) -> None:
    old, _ = opened(tmp_path)
    old.write(batch(0, 4))
    new, first = opened(tmp_path, known=True)
    new.write(batch(first, 9))
    with pytest.raises(FencedError, match="taken the ledger over"):
        old.write(batch(5, 7))
    assert offsets(tmp_path) == list(range(10))


BATCH_STEPS = 7
STEPS = 2 + 2 * BATCH_STEPS
"""Named points that an owner passes while it takes over and writes two batches of two files."""


class Owner(threading.Thread):
    """Takes the store over and writes offsets 0 to 9, five at a time; sleeps at step `until`."""

    def __init__(self, path: Path, until: int = STEPS) -> None:
        super().__init__(daemon=True)
        self._path, self._left = path, until
        self._asleep, self._awake = threading.Event(), threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            store, first = opened(self._path)
            for at in range(first, 10, 5):
                store.write(batch(at, at + 4))
        except Exception as error:  # noqa: BLE001 - the test asks what it was
            self.failure = error
        finally:
            self._asleep.set()

    def reach(self) -> None:
        self._left -= 1
        if self._left == -1:
            self._asleep.set()
            self._awake.wait()

    def sleeps(self) -> "Owner":
        """Let it run until it sleeps or has ended."""
        self.start()
        self._asleep.wait()
        return self

    def wakes(self) -> Exception | None:
        """Let it run to its end; return what ended it before."""
        self._awake.set()
        self.join()
        return self.failure

    @property
    def steps(self) -> int:
        """How many steps it has left."""
        return self._left


def at_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def reach(_: str) -> None:
        owner = threading.current_thread()
        if isinstance(owner, Owner):
            owner.reach()

    monkeypatch.setattr("sinks.ledger.reach", reach)
    monkeypatch.setattr("sinks.parquet.reach", reach)


def test_the_steps_are_all_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_steps(monkeypatch)
    assert Owner(tmp_path).sleeps().steps == 0


@pytest.mark.parametrize("step", range(STEPS))
def test_an_owner_that_dies_anywhere_is_succeeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """A batch staged under the name of the one before it once took its place in the store."""
    at_steps(monkeypatch)
    dead = Owner(tmp_path, step).sleeps()
    assert Owner(tmp_path).sleeps().failure is None
    assert offsets(tmp_path) == list(range(10))
    assert not list((tmp_path / "_staging").rglob("*.parquet"))
    dead.wakes()  # no thread is left behind


@pytest.mark.parametrize("step", range(STEPS))
def test_an_owner_that_sleeps_anywhere_wakes_to_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """One that slept while it took over once deleted what its successor had staged and entered."""
    at_steps(monkeypatch)
    for other in range(2 + BATCH_STEPS + 1):
        path = tmp_path / str(other)
        sleeper = Owner(path, step).sleeps()
        heir = Owner(path, other).sleeps()
        assert isinstance(sleeper.wakes(), FencedError | SinkDown | None)
        assert isinstance(heir.wakes(), FencedError | SinkDown | None)
        assert Owner(path).sleeps().failure is None
        assert offsets(path) == list(range(10)), (step, other)
        assert not list((path / "_staging").rglob("*.parquet")), (step, other)


def test_an_owner_that_has_staged_is_fenced_by_the_ledger(tmp_path: Path) -> None:
    old = Ledger(tmp_path, SOURCE)
    old.take_over()
    new = Ledger(tmp_path, SOURCE)
    new.take_over()
    old.staging.mkdir()  # as if it had been frozen just before the link
    with pytest.raises(FencedError, match="another owner's"):
        old.enter(0, 4, [])


def test_renames_that_a_crash_left_out_are_made_up(tmp_path: Path) -> None:
    store, _ = opened(tmp_path)
    data = batch(0, 5)
    ledger = store._ledgers[SOURCE]
    ledger.enter(0, 5, store._stage(ledger, data))  # died before the first rename
    assert offsets(tmp_path) == []
    _, first = opened(tmp_path, known=True)
    assert first == 6
    assert offsets(tmp_path) == list(range(6))
    assert not list((tmp_path / "_staging").rglob("*.parquet"))


def test_a_file_that_is_nowhere_is_fatal(tmp_path: Path) -> None:
    store, _ = opened(tmp_path)
    store.write(batch(0, 5))
    for file in (tmp_path / "inferences").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(CorruptStateError, match="neither there nor staged"):
        opened(tmp_path, known=True)


def test_a_ledger_that_is_gone_is_fatal(tmp_path: Path) -> None:
    with pytest.raises(CorruptStateError, match="Is this the right disk"):
        opened(tmp_path, known=True)


@pytest.mark.parametrize("content", ["", "{}", '{"version": 2, "kind": "batch"}', "[1]"])
def test_an_entry_that_says_nothing_we_know_is_fatal(tmp_path: Path, content: str) -> None:
    store, _ = opened(tmp_path)
    store.write(batch(0, 5))
    last = max((tmp_path / "_ledger").rglob("*.json"))
    last.write_text(content)
    with pytest.raises(CorruptStateError, match=r"no ledger entry.*`feedloop recover parquet`"):
        opened(tmp_path, known=True)
    # What a person then has done: the promised batch lies under the same names when it comes again.
    Ledger(tmp_path, SOURCE).restart_at(0)
    heir, first = opened(tmp_path, known=True)
    assert first == 0
    heir.write(batch(0, 5))
    heir.write(batch(6, 7))
    assert offsets(tmp_path) == list(range(8))


def test_a_full_disk_is_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = opened(tmp_path)
    real, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for allowed in range(12):  # the disk fills up at every step of the write in turn
        left = [allowed]

        def sometimes(handle: int, left: list[int] = left) -> None:
            left[0] -= 1
            (real if left[0] >= 0 else full)(handle)

        start = allowed * 5
        monkeypatch.setattr(os, "fsync", sometimes)
        try:
            store.write(batch(start, start + 4))
        except SinkDown as error:
            assert "No space left" in str(error)  # noqa: PT017
        monkeypatch.setattr(os, "fsync", real)
        store.write(batch(start, start + 4))
        assert offsets(tmp_path) == list(range(start + 5))
    assert len(calls) > 5


def test_an_entry_of_the_ledger_never_changes(tmp_path: Path) -> None:
    """All entries of an owner were one file under many names: each write changed the ones before.

    A disk that filled up in between, or an owner that wrote after it was fenced, damaged the entry
    that the next owner goes by.
    """
    seen: dict[Path, bytes] = {}
    store, _ = opened(tmp_path)
    for start in (0, 5, 10):
        store.write(batch(start, start + 4))
        now = {path: path.read_bytes() for path in (tmp_path / "_ledger").rglob("*.json")}
        assert len(now) == 2 + start // 5
        assert seen.items() <= now.items()
        seen = now


def test_a_path_that_is_no_folder_is_a_setting_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="FEEDLOOP_PARQUET_PATH"):
        opened(tmp_path / "file")


READERS: dict[str, Any] = {
    "pyarrow": lambda path: ds.dataset(path, partitioning="hive").to_table().to_pylist(),
    "pyarrow.read_table": lambda path: pq.read_table(path).to_pylist(),
    "duckdb": lambda path: (
        duckdb.sql(f"SELECT * FROM read_parquet('{path}/**/*.parquet', hive_partitioning = true)")
        .to_arrow_table()
        .to_pylist()
    ),
    "polars": lambda path: pl.scan_parquet(path, hive_partitioning=True).collect().to_dicts(),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_sees_tenants_dates_and_texts(tmp_path: Path, reader: str) -> None:
    store, _ = opened(tmp_path)
    store.write(batch(0, 29))
    store.assigned(LETTERS, known=False)
    store.write(batch(0, 2, LETTERS))
    found = {row["_offset"]: row for row in READERS[reader](tmp_path / "inferences")}
    assert sorted(found) == list(range(30))
    for offset, row in found.items():
        record = inference(offset)
        day = dt.datetime.fromtimestamp(record["event_time"] / 1000, dt.UTC).date()
        assert row["tenant_id"] == record["tenant_id"]
        assert str(row["date"]) == str(day)
        assert row["response"] == record["response"]
        assert [dict(message) for message in row["messages"]] == record["messages"]
    letters = READERS[reader](tmp_path / "dead_letters")
    assert {row["tenant_id"] for row in letters} == {"_none"}


def test_files_are_sorted_and_compressed(tmp_path: Path) -> None:
    parts = split(batch(0, 99))
    assert sum(part.num_rows for _, part in parts) == 100
    for folder, part in parts:
        times = part["event_time"].to_pylist()
        assert times == sorted(times)
        assert {str(time.date()) for time in times} == {folder.rpartition("=")[2]}
    store, _ = opened(tmp_path)
    store.write(batch(0, 9))
    file = next((tmp_path / "inferences").rglob("*.parquet"))
    assert pq.ParquetFile(file).metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("value", ["acme", "a/b", "../..", "a=b", "ü x", ".", "a%2Fb", "😀" * 256])
def test_a_tenant_is_one_safe_folder(value: str, tmp_path: Path) -> None:
    name = f"tenant_id={escape(value)}"
    (tmp_path / name).mkdir()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert escape("😀" * 256) != escape("😀" * 255 + "x")


def test_the_columns_are_those_of_the_table_but_the_folders() -> None:
    _, part = split(batch(0, 3))[0]
    assert part.schema == pa.schema([f for f in INFERENCES.arrow if f.name != "tenant_id"])
