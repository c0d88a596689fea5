"""The stores fail in the worst moments, and what a sink left behind is damaged: real parts."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import clickhouse_connect
import msgspec
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy import recover_sink
from deploy.local.clickhouse import ClickHouse as Front
from deploy.local.ports import free_port
from deploy.topics import apply_topics
from schemas.errors import FatalError
from schemas.health import Health
from schemas.killpoint import FREEZE, KILL
from schemas.settings import Settings, kafka_config
from schemas.topics import ENRICHED, group
from sinks.run import run_sink
from sinks.tables import SIGNALS
from tests.conformance.scene import Scene
from tests.running import START_S

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.timeout(300)]


@contextmanager
def running(front: Front, folder: Path, **environ: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Run the ClickHouse front with an ambush in it; then kill it if it still lives."""
    front.prepare()
    with (folder / "front.log").open("ab") as log:
        process = subprocess.Popen(
            front.command(), env={**os.environ, **environ}, stdout=log, stderr=log
        )
    try:
        limit = time.monotonic() + START_S
        while process.poll() is None and not front.answers():
            assert time.monotonic() < limit
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_clickhouse_dies_in_an_insert_and_stands_still_between_one_and_its_answer(
    settings: Settings, tmp_path: Path, parts_folder: Path
) -> None:
    """The sink hears nothing, gives up after its timeout and sends the same again and again."""
    front = Front(parts_folder / "hurt", free_port())
    store = msgspec.structs.replace(
        settings.clickhouse, port=front.port, database="default", timeout_s=1
    )
    changed = msgspec.structs.replace(settings, clickhouse=store)
    scene = Scene("clickhouse", changed, tmp_path / "scene")
    try:
        scene.put_everything(10)
        with running(front, tmp_path, **{KILL: "front.mid_insert:2"}) as victim:
            worker = scene.start()
            scene.until(lambda: victim.poll() is not None, "it dies in an insert")
        assert victim.poll() == -signal.SIGKILL
        with running(front, tmp_path, **{FREEZE: "front.after_insert:2"}) as frozen:
            scene.until(lambda: stands_still(frozen.pid), "it stands still after an insert")
            before = scene.log(worker).count("trying again")
            scene.until(
                lambda: scene.log(worker).count("trying again") > before + 2, "the sink repeats"
            )
            frozen.send_signal(signal.SIGCONT)
            scene.drain()
            scene.check()
            check_rollups(scene)
            assert scene.stop() == 0
    finally:
        scene.end()


def check_rollups(scene: Scene) -> None:
    """Fail if an insert went twice into what the views feed."""
    s = scene.settings.clickhouse
    client = clickhouse_connect.get_client(host=s.host, port=s.port, database=s.database)
    for table in ("signals", "inferences"):
        rows = client.query(f"SELECT count() FROM {table}").result_rows[0][0]
        rolled = client.query(f"SELECT sum({table}) FROM {table}_per_minute").result_rows[0][0]
        assert rows == rolled == len(scene.expected[table])


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own: full is full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m,nr_inodes=1000", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount; test_disk_full_then_freed has a limit in place of a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_space(folder: Path) -> Path:
    """Leave no byte; return what takes them."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4_096)
        except OSError:
            return filler


def fill_names(folder: Path, left: int = 0) -> list[Path]:
    """Leave `left` inodes, which links and folders need; return what takes them."""
    fillers = []
    try:
        for number in range(10_000):
            fillers.append(folder / f"filler-{number}")
            fillers[-1].touch()
    except OSError:
        fillers.pop()
    for filler in fillers[len(fillers) - left :]:
        filler.unlink()
    return fillers[: len(fillers) - left]


def test_a_full_disk_is_waited_out_wherever_it_fills_up(
    settings: Settings, tmp_path: Path, disk: Path
) -> None:
    """While partitions are taken over, in a staged file, in a link of the ledger."""
    cold = msgspec.structs.replace(settings.parquet, path=str(disk / "store"))
    scene = Scene("parquet", msgspec.structs.replace(settings, parquet=cold), tmp_path / "scene")

    def told() -> int:
        return scene.log(scene.workers[-1]).count("No space left")

    try:
        (disk / "store").mkdir()
        names = fill_names(disk, left=1)  # enough to see that the store can be written
        first = scene.start()
        scene.until(lambda: told() > 1, "no room to take partitions over")
        remove(names)
        scene.put_everything(10)
        scene.drain()
        assert scene.stop(first) == 0

        second = scene.start(**{FREEZE: "ledger.batch.before_link"})
        filler = fill_space(disk)
        scene.put_everything(10)
        scene.until(lambda: told() > 1, "no room for a staged file")
        remove([filler])
        scene.until(lambda: stands_still(second.pid), "it is about to enter a batch")
        before, names = told(), fill_names(disk)
        second.send_signal(signal.SIGCONT)
        scene.until(lambda: told() > before + 1, "no room in the ledger")
        remove(names)
        scene.drain()
        assert scene.stop() == 0
        scene.check()
    finally:
        scene.end()


def remove(files: list[Path]) -> None:
    for file in files:
        file.unlink()


def refuses(scene: Scene, *said: str) -> None:
    """Fail unless the sink stops for good, saying so, and moves no offset."""
    before, stop = scene.behind(), threading.Event()
    timer = threading.Timer(90, stop.set)
    timer.start()
    with pytest.raises(FatalError) as caught:
        run_sink(scene.name, scene.settings, Health(scene.name), stop)
    timer.cancel()
    for part in (*said, f"`feedloop recover {scene.name}`"):
        assert part in str(caught.value)
    assert "no offset was moved" in str(caught.value).lower()
    assert scene.behind() == before


def accepts(scene: Scene) -> None:
    """Do what the message names; fail unless the sink then goes on, all stored once."""
    findings = recover_sink.examine(scene.settings, scene.name)
    assert len(findings) == 1
    for finding in findings:
        finding.mend()
    assert recover_sink.examine(scene.settings, scene.name) == []
    scene.start()
    scene.put_samples(ENRICHED, 4)
    scene.drain()
    assert scene.stop() == 0
    scene.check()


@pytest.fixture(params=("clickhouse", "parquet"))
def scene(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(request.param, settings, tmp_path / "scene")
    yield made
    made.end()


@pytest.mark.parametrize("metadata", ['{"version": 2, "end": 5}', '{"e": 1'])
def test_an_intent_that_it_cannot_read_stops_a_sink(scene: Scene, metadata: str) -> None:
    """Of a newer version, or damaged."""
    scene.put_samples(ENRICHED, 4)
    scene.start()
    scene.drain()
    assert scene.stop() == 0
    rewrite_metadata(scene, metadata)
    scene.put_samples(ENRICHED, 4)
    refuses(scene, "If a newer feedloop wrote it, run that one")
    accepts(scene)


def rewrite_metadata(scene: Scene, metadata: str) -> None:
    prefix = scene.settings.kafka.topic_prefix
    config = {"group.id": group(scene.name, prefix), "log_level": 0}
    consumer = Consumer({**kafka_config(scene.settings.kafka), **config})
    place = TopicPartition(ENRICHED.full(prefix), 0)
    (now,) = consumer.committed([place], timeout=30)
    again = TopicPartition(place.topic, 0, now.offset, metadata)
    consumer.commit(offsets=[again], asynchronous=False)
    consumer.close()


def cut(entry: Path) -> None:
    entry.write_bytes(entry.read_bytes()[:-5])


def newer(entry: Path) -> None:
    entry.write_bytes(entry.read_bytes().replace(b'"version": 1', b'"version": 2'))


def gone(entry: Path) -> None:
    for other in list(entry.parent.iterdir()):
        other.unlink()
    entry.parent.rmdir()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (cut, "no ledger entry of version 1"),
        (newer, "If a newer feedloop wrote it, run that one"),
        (gone, "Is this the right disk"),
    ],
)
def test_a_ledger_that_it_cannot_read_stops_the_parquet_sink(
    harm: Callable[[Path], None], said: str, settings: Settings, tmp_path: Path
) -> None:
    scene = Scene("parquet", settings, tmp_path / "scene")
    try:
        scene.put_samples(ENRICHED, 4)
        scene.start()
        scene.drain()
        assert scene.stop() == 0
        batches = Path(settings.parquet.path).glob("_ledger/*/*/*.json")
        harm(max(path for path in batches if b'"batch"' in path.read_bytes()))
        scene.put_samples(ENRICHED, 4)
        refuses(scene, said)
        accepts(scene)
    finally:
        scene.end()


def test_a_topic_made_anew_stops_a_sink_until_that_is_accepted(scene: Scene) -> None:
    """Kafka has dropped the group's offsets with the topic: only the store knows of the old one."""
    scene.put_samples(ENRICHED, 4)
    scene.start()
    scene.drain()
    assert scene.stop() == 0
    make_anew(scene, ENRICHED.full(scene.settings.kafka.topic_prefix))
    scene.put_samples(ENRICHED, 4)
    refuses(scene, "was deleted and made anew")
    (finding,) = recover_sink.examine(scene.settings, scene.name)
    assert finding.loss == "what was not yet stored of it"
    finding.mend()
    assert recover_sink.examine(scene.settings, scene.name) == []
    scene.start()
    scene.drain()
    assert scene.stop() == 0
    assert sorted(row["event_id"] for row in scene.rows(SIGNALS)) == [f"e-{n}" for n in range(8)]


def make_anew(scene: Scene, full: str) -> None:
    admin = AdminClient({**kafka_config(scene.settings.kafka), "log_level": 0})
    admin.delete_topics([full])[full].result(30)
    while full in admin.list_topics(timeout=10).topics:
        pass
    apply_topics(scene.settings)
