"""Every sink, every promise: real broker, real registry, real stores, real kills."""

import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from deploy import recover_sink
from deploy.local.clickhouse import ClickHouse as Front
from deploy.local.ports import free_port
from schemas.settings import Settings
from schemas.topics import ENRICHED, INFERENCE_REDACTED, METRICS
from sinks.tables import INFERENCES, SIGNALS
from tests.conformance.samples import enriched, inference
from tests.conformance.scene import Scene

pytestmark = pytest.mark.broker

SINKS = ("clickhouse", "parquet")
KILL_POINTS = {
    "clickhouse": (
        "sink.after_intent",
        "sink.before_write",
        "clickhouse.after_insert",
        "sink.after_write",
    ),
    "parquet": (
        "sink.after_intent",
        "parquet.between_files",
        "ledger.owner.after_link",
        "ledger.batch.before_link",
        "ledger.batch.after_link",
        "ledger.between_renames",
        "parquet.after_publish",
        "sink.after_write",
    ),
}
FREEZE_POINTS = {
    "clickhouse": ("sink.before_intent", "sink.before_write", "clickhouse.after_insert"),
    "parquet": ("ledger.owner.after_link", "ledger.batch.before_link", "ledger.batch.after_link"),
}

ENDED = (0, 2, -signal.SIGTERM)
"""Exit codes of a supervised worker: done, fenced, or just being started again when it was told."""


the_loop_they_share = pytest.mark.parametrize(
    "scene", ["parquet", pytest.param("clickhouse", marks=pytest.mark.long)], indirect=True
)
"""What doesn't depend on the store: one of them shows it at each change."""


@pytest.fixture(params=SINKS)
def scene(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(request.param, settings, tmp_path / "scene")
    yield made
    made.end()


def test_every_record_is_stored_once_and_poison_set_aside(scene: Scene) -> None:
    scene.put(ENRICHED, b"\x00\x00\x00\x00\x63garbage", b"not framed", good=False)  # first
    scene.put_everything(10)
    scene.put_aborted(METRICS)
    wrong = scene.body(INFERENCE_REDACTED, 1)
    truncated = scene.body(ENRICHED, 1)[:30]
    scene.put(ENRICHED, wrong, truncated, None, good=False)  # in the middle
    scene.put_everything(10)
    scene.put_flush(INFERENCE_REDACTED)
    trailing = scene.body(INFERENCE_REDACTED, 1) + b"\x00"
    scene.put(INFERENCE_REDACTED, trailing, trailing, good=False)  # last
    scene.start()
    scene.drain()
    scene.check()
    assert scene.stop() == 0
    scene.start()  # nothing is written again, and what comes later is
    scene.put_samples(ENRICHED, 3)
    scene.drain()
    assert scene.stop() == 0
    scene.check()


def test_a_row_holds_what_the_record_says(scene: Scene) -> None:
    scene.put_samples(INFERENCE_REDACTED, 4)
    scene.put_samples(ENRICHED, 4)
    scene.start()
    scene.drain()
    stored = {row["inference_id"]: row for row in scene.rows(INFERENCES)}
    for number in range(4):
        record = inference(number)
        row = dict(stored[record["inference_id"]])
        row["event_time"] = round(row["event_time"].timestamp() * 1000)
        row["attributes"] = dict(row["attributes"])
        assert {key: row[key] for key in record} == record
    signals = {row["event_id"]: row for row in scene.rows(SIGNALS)}
    for number in range(4):
        record = enriched(number)
        row = signals[f"e-{number}"]
        answer = record["inference"] or {}
        assert row["model_version"] == answer.get("model_version", "")
        assert row["latency_ms"] == answer.get("latency_ms")
        assert list(row["doc_ids"]) == [doc["doc_id"] for doc in answer.get("retrieved", ())]
        assert row["rated"] == (row["kind"] == "thumbs")
        assert row["comment"] == record["signal"].get("comment")
        assert row["inference_id"] == (record["signal"]["inference_id"] or "")
        assert row["lag_ms"] == record["lag_ms"]
    assert scene.stop() == 0


def test_an_inference_that_was_sent_twice_is_one_row(scene: Scene) -> None:
    """Within a batch, in a later one, and after another owner took over."""
    scene.put_samples(INFERENCE_REDACTED, 6)
    rows = set(scene.expected[INFERENCES.name])
    same = [scene.body(INFERENCE_REDACTED, number) for number in range(6)]
    scene.put(INFERENCE_REDACTED, *same)
    scene.start()
    scene.drain()
    scene.put(INFERENCE_REDACTED, *same)
    scene.drain()
    assert scene.stop() == 0
    scene.put(INFERENCE_REDACTED, *same)
    scene.start()
    scene.drain()
    assert scene.stop() == 0
    scene.expected[INFERENCES.name] = rows
    scene.check()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SINKS)
def test_killed_at_each_step(
    name: str, settings: Settings, clickhouse: Front, tmp_path: Path
) -> None:
    def one(point: str) -> None:
        scene = _apart(name, settings, clickhouse, tmp_path, point)
        try:
            scene.put_everything(10)
            scene.put(ENRICHED, b"garbage", good=False)
            victim = scene.start(FEEDLOOP_KILL_AT=f"{point}:2")
            scene.until(lambda: victim.poll() is not None, f"{point} is reached", alive=False)
            assert victim.poll() == -signal.SIGKILL, scene.log(victim)
            scene.put_everything(10)
            scene.start()
            scene.drain()
            assert scene.stop() == 0
            scene.check()
        finally:
            scene.end()

    with ThreadPoolExecutor(4) as pool:  # most of the time is waiting for the dead to be noticed
        list(pool.map(one, KILL_POINTS[name]))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SINKS)
def test_a_frozen_owner_is_fenced(
    name: str, settings: Settings, clickhouse: Front, tmp_path: Path
) -> None:
    def one(point: str) -> None:
        scene = _apart(name, settings, clickhouse, tmp_path, point)
        try:
            scene.put_everything(10)
            zombie = scene.start(FEEDLOOP_FREEZE_AT=point)
            scene.until(lambda: _is_stopped(zombie.pid), "the worker freezes")
            scene.put_everything(10)
            scene.supervised = True
            scene.start()
            scene.drain()
            zombie.send_signal(signal.SIGCONT)
            scene.put_everything(10)
            scene.drain()
            assert scene.stop() in ENDED
            # It notices at its next commit or at its next poll, drops what it holds, joins anew.
            assert (zombie.poll(), scene.stop(zombie)) == (None, 0), scene.log(zombie)
            assert point != "sink.before_intent" or "fenced: " in scene.log(zombie)
            scene.check()
        finally:
            scene.end()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(one, FREEZE_POINTS[name]))


LONG_MS = "120000"  # longer than any test waits: nothing here may depend on a session that ends
SLOT = {"FEEDLOOP_STAGE_SLOT": "sink-0", "FEEDLOOP_STAGE_SESSION_TIMEOUT_MS": LONG_MS}


def _wakes_and_ends(scene: Scene, zombie: "subprocess.Popen[bytes]") -> None:
    """Wake the zombie: it ends with "start again", and who took its slot goes on alone."""
    zombie.send_signal(signal.SIGCONT)
    assert zombie.wait(60) == 2, scene.log(zombie)
    scene.put_everything(10)
    scene.drain()
    assert scene.stop() == 0
    scene.check()


@the_loop_they_share
def test_a_slot_is_taken_again_at_once_and_its_zombie_ends(scene: Scene) -> None:
    scene.put_everything(10)
    victim = scene.start(**SLOT)
    scene.drain()
    victim.kill()
    victim.wait()
    scene.put_everything(10)
    zombie = scene.start(**SLOT)
    scene.drain()
    zombie.send_signal(signal.SIGSTOP)
    scene.put_everything(10)
    scene.start(**SLOT)
    scene.drain()
    _wakes_and_ends(scene, zombie)


@the_loop_they_share
def test_an_idle_zombie_whose_slot_is_taken_ends(scene: Scene) -> None:
    """It has nothing to commit: a poll alone tells it, once. It once went on for ever as nobody."""
    scene.put_everything(10)
    zombie = scene.start(**SLOT)
    scene.drain()
    zombie.send_signal(signal.SIGSTOP)
    before = scene.members()
    scene.start(**SLOT)
    scene.until(lambda: not before & scene.members(), "the slot is taken")
    _wakes_and_ends(scene, zombie)


def test_clickhouse_away_at_start_and_in_between(
    settings: Settings, tmp_path: Path, parts_folder: Path
) -> None:
    front = Front(parts_folder / "restarted", free_port())
    store = msgspec.structs.replace(settings.clickhouse, port=front.port, database="default")
    scene = Scene(
        "clickhouse", msgspec.structs.replace(settings, clickhouse=store), tmp_path / "scene"
    )
    front.prepare()
    try:
        scene.put_everything(10)
        worker = scene.start()
        scene.until(lambda: "trying again" in scene.log(worker), "the worker waits")
        with _running(front, tmp_path):
            scene.drain()
            scene.check()
        scene.put_everything(10)
        scene.until(lambda: scene.log(worker).count("inserting") > 0, "the worker waits again")
        with _running(front, tmp_path):
            scene.drain()
            scene.check()
            assert scene.stop() == 0
    finally:
        scene.end()


@contextmanager
def full_disk(worker: "subprocess.Popen[bytes]") -> Iterator[None]:
    """No file may grow past 3 KB: the system refuses every Parquet file, as a full disk would."""
    _, hard = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (3_000, -1))
    yield
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (hard, hard))


def test_disk_full_then_freed(settings: Settings, tmp_path: Path) -> None:
    scene = Scene("parquet", settings, tmp_path / "scene")
    try:
        worker = scene.start()
        scene.until(lambda: not scene.behind(), "the worker runs")
        with full_disk(worker):
            scene.put_everything(10)
            scene.until(lambda: "trying again" in scene.log(worker), "the worker waits")
            assert not list(Path(scene.settings.parquet.path).glob("inferences/*/*/*.parquet"))
        scene.drain()
        assert scene.stop() == 0
        scene.check()
    finally:
        scene.end()


def test_what_left_a_waiting_worker_is_read_when_it_comes_back(
    settings: Settings, tmp_path: Path
) -> None:
    """Kafka's client keeps in mind that a partition was paused, though another one had it."""
    scene = Scene("parquet", settings, tmp_path / "scene")
    try:
        waiting = scene.start()
        scene.until(lambda: not scene.behind(), "the worker runs")
        with full_disk(waiting):
            scene.put_everything(10)
            scene.until(lambda: "trying again" in scene.log(waiting), "the worker waits")
            before = len(scene.behind())
            other = scene.start()
            scene.until(lambda: len(scene.behind()) < before, "another one takes some of its work")
        scene.drain()
        assert scene.stop(other) == 0
        scene.put_everything(10)
        scene.until(lambda: not scene.behind(), "what came back is read", alive=False)
        assert scene.stop(waiting) == 0
        scene.check()
    finally:
        scene.end()


@the_loop_they_share
def test_two_workers_share_the_partitions(scene: Scene) -> None:
    scene.put_everything(10)
    first = scene.start()
    scene.drain()
    second = scene.start()
    scene.put_everything(20)
    scene.drain()
    assert scene.stop(first) == 0
    scene.put_everything(10)
    scene.drain()
    assert scene.stop(second) == 0
    scene.check()


@the_loop_they_share
def test_an_offset_that_is_gone_is_fatal(scene: Scene) -> None:
    scene.put_samples(ENRICHED, 4)
    scene.start()
    scene.drain()
    assert scene.stop() == 0
    scene.put_samples(ENRICHED, 8)
    admin = AdminClient({"bootstrap.servers": scene.settings.kafka.bootstrap})
    full = ENRICHED.full(scene.settings.kafka.topic_prefix)
    for future in admin.delete_records([TopicPartition(full, 0, 5)]).values():
        future.result(30)
    behind = scene.behind()
    worker = scene.start()
    assert worker.wait(60) == 1
    assert f"MissingDataError: {full}[0]: offset 3 is next" in scene.log(worker)
    assert "No offset was moved" in scene.log(worker)
    assert scene.behind()[f"{full}[0]"] == behind[f"{full}[0]"]
    # What the message names: it shows the loss, and the sink goes on after it.
    (finding,) = recover_sink.examine(scene.settings, scene.name)
    assert (finding.place, finding.loss) == (f"{full}[0]", "2 offsets")
    finding.mend()
    scene.expected[SIGNALS.name] -= {(0, 3), (0, 4)}
    scene.start()
    scene.drain()
    assert scene.stop() == 0
    scene.check()


def _apart(name: str, settings: Settings, clickhouse: Front, folder: Path, point: str) -> Scene:
    """Return a scene with topics, a database and a folder of its own."""
    part = point.replace(".", "_")
    database = f"{settings.clickhouse.database}_{part}"
    clickhouse.run(f"CREATE DATABASE {database}")
    prefix = f"{settings.kafka.topic_prefix}{part}."
    return Scene(
        name,
        msgspec.structs.replace(
            settings,
            kafka=msgspec.structs.replace(settings.kafka, topic_prefix=prefix),
            clickhouse=msgspec.structs.replace(settings.clickhouse, database=database),
            parquet=msgspec.structs.replace(settings.parquet, path=str(folder / part)),
        ),
        folder / f"{part}-logs",
    )


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@contextmanager
def _running(front: Front, folder: Path) -> Iterator[None]:
    """Run the ClickHouse front; then kill it as a crash would."""
    with (folder / "front.log").open("ab") as log:
        process = subprocess.Popen(front.command(), stdout=log, stderr=log)
    try:
        limit = time.monotonic() + 60
        while not front.answers():
            assert time.monotonic() < limit
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()
