"""Nothing personal gets past the first stage: planted everywhere, crashes included, then sought.

The whole loop on the real stack. Every type of value stands in every string of every record, in
bad lines, in poison, in keys and headers; redact workers die in the middle of a batch, fail in a
check and crash with the record in their words. Then every topic past the raw ones, every table,
Parquet, every log, file and word of a command is searched.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import clickhouse_connect
import pyarrow.parquet as pq
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition

from deploy.context import settings_for
from deploy.offsets import Offsets
from schemas.catalog import parsed
from schemas.codec import encode, frame
from schemas.errors import BrokerDown
from schemas.registry import Registry
from schemas.settings import Settings, environ_of
from schemas.topics import FEEDBACK, INFERENCE, RAW
from tests.integration.canaries import RECORDS, Search, address, event, strings, texts_by_type

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.timeout(600)]

LIMIT_S = 240.0  # of one step, on a machine where everything else runs too


@dataclass
class Loop:
    """A stack whose redact workers the test runs itself."""

    data: Path
    temporary: Path
    said: list[bytes] = field(default_factory=list)  # by commands and workers
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("FEEDLOOP_")}
        return {**clean, "TMPDIR": str(self.temporary)}

    @property
    def settings(self) -> Settings:
        return settings_for(self.data, {})

    def run(self, *arguments: str, given: bytes = b"", code: int = 0) -> bytes:
        done = subprocess.run(
            [sys.executable, "-m", "deploy.cli", *arguments, "--data", str(self.data)],
            input=given,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
            env=self.environ,
        )
        self.said += (done.stdout, done.stderr)
        assert done.returncode == code, done.stderr.decode()
        return done.stdout

    def start(self, *command: str, **environ: str) -> "subprocess.Popen[bytes]":
        """Start a redact worker: `worker redact`, or a faulty one."""
        log = (self.data / "logs" / f"redact-{len(self.workers)}.log").open("wb")
        worker = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={
                **self.environ,
                **environ_of(self.settings),
                "FEEDLOOP_STAGE_SLOT": "redact",
                **environ,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        self.workers.append(worker)
        return worker

    def log(self) -> str:
        return (self.data / "logs" / f"redact-{len(self.workers) - 1}.log").read_text()

    def through(self) -> None:
        """Wait until the worker that runs has redacted and committed all that is there."""
        offsets, limit = Offsets(self.settings), time.monotonic() + LIMIT_S
        while not _committed(offsets):
            assert time.monotonic() < limit, self.log()
            assert self.workers[-1].poll() is None, self.log()
            time.sleep(0.1)

    def end(self, worker: "subprocess.Popen[bytes]") -> None:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(LIMIT_S) == 0


def _committed(offsets: Offsets) -> bool:
    try:
        done = {part: commit.offset for part, commit in offsets.committed("redact").items()}
    except BrokerDown:  # the group's coordinator is just being made
        return False
    ends = {part: extent.end for part, extent in offsets.extents(RAW).items()}
    return all(done.get(part, 0) >= end for part, end in ends.items())


SAMPLES = texts_by_type()


def planted(first: int) -> list[dict[str, Any]]:
    """Return events numbered from `first`, three a type."""
    return [
        {"type": kind, **event(kind, first + number, text, address(first + number))}
        for number, (text, _) in enumerate(SAMPLES.values())
        for kind in RECORDS
    ]


def bad_lines() -> list[bytes]:
    """Return lines that `send` refuses, a value in each."""
    lines = []
    for number, (text, value) in enumerate(SAMPLES.values()):
        good = {"type": "inference", **event("inference", 900 + number, text, address(number))}
        bad: list[Any] = [
            {**good, "latency_ms": text},
            {**good, "status": value},
            {**good, "type": value},
            {**good, value: value},
            {**good, "messages": [{value: value}]},
            {**good, "attributes": {value: 1}},
            {**good, "event_time": 4_000_000_000_000},
            value,
        ]
        lines += [json.dumps(bad[number % len(bad)]).encode(), json.dumps(good).encode()[:-30]]
    return lines


def poison(loop: Loop) -> None:
    """Write what is no record into the raw topics, with values in keys and headers as well."""
    registry = Registry(loop.settings.registry, loop.settings.kafka.topic_prefix)
    number = registry.id_of(FEEDBACK)
    producer = Producer({"bootstrap.servers": loop.settings.kafka.bootstrap})
    for at, (text, value) in enumerate(SAMPLES.values()):
        fields = event("feedback", 700 + at, text, address(700 + at))
        defaults = {"author": "user", "label": None, "comment": None, "correction": None}
        body = encode(parsed("Feedback"), {**defaults, **fields, "user_id": text})
        bodies = (
            text.encode(),
            frame(number, body[:-8]),
            frame(999_999, body),
            frame(number, body + text.encode()),
            frame(registry.id_of(INFERENCE), body),
            frame(number, encode(parsed("Feedback"), {**defaults, **fields, "session_id": ""})),
        )
        producer.produce(
            FEEDBACK.full(loop.settings.kafka.topic_prefix),
            bodies[at % len(bodies)],
            value.encode(),
            headers=[(value, text.encode())],
        )
    assert producer.flush(30) == 0


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder = tmp_path_factory.mktemp("canaries")
    (folder / "tmp").mkdir()
    loop = Loop(folder / "stack", folder / "tmp")
    try:
        loop.run("up", "--detach", "--workers", "join,decide,clickhouse,parquet")
        _fill(loop)
        yield loop
    finally:
        for worker in loop.workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
        loop.run("down")


def _fill(loop: Loop) -> None:
    """Send everything, past four redact workers of which three stumble."""
    first, second = planted(0), planted(100)
    good = [json.dumps(one).encode() for one in first]
    loop.run("send", "-", given=b"\n".join([*good, *bad_lines()]), code=1)
    poison(loop)
    killed = loop.start("deploy.cli", "worker", "redact", FEEDLOOP_KILL_AT="before-offsets")
    assert killed.wait(LIMIT_S) == -signal.SIGKILL, loop.log()
    crashed = loop.start("tests.integration.faulty_redact", "check")
    assert crashed.wait(LIMIT_S) == 2, loop.log()
    assert "words are withheld" in loop.log()
    failing = loop.start("tests.integration.faulty_redact", "recogniser")
    loop.through()
    loop.end(failing)
    loop.start("deploy.cli", "worker", "redact", FEEDLOOP_HEALTH_PORT="0")
    loop.run("send", "-", given=b"\n".join(json.dumps(one).encode() for one in second))
    loop.run("drain", "--flush", "--timeout", "200")
    for arguments in (
        ("status", "--json"),
        ("actions", "--json"),
        ("query", "--format", "json", "SELECT * FROM dead_letters"),
        ("replay", "--stage", "redact"),
    ):
        loop.run(*arguments)


@pytest.fixture(scope="module")
def search() -> Search:
    return Search(value for _, value in SAMPLES.values())


def topics(loop: Loop) -> Iterator[tuple[str, list[bytes]]]:
    """Yield each record of each topic, the broker's own too, as key, value, headers."""
    config = {"bootstrap.servers": loop.settings.kafka.bootstrap, "group.id": "look"}
    consumer = Consumer(
        {**config, "enable.partition.eof": True, "isolation.level": "read_uncommitted"}
    )
    names = consumer.list_topics(timeout=30).topics
    parts = [
        TopicPartition(name, number, OFFSET_BEGINNING)
        for name, topic in names.items()
        for number in topic.partitions
    ]
    consumer.assign(parts)
    left = {(part.topic, part.partition) for part in parts}
    while left:  # a partition that is still written to ends more than once
        for message in consumer.consume(1_000, 1.0):
            error = message.error()
            if error is not None:
                assert error.code() == KafkaError._PARTITION_EOF
                left.discard((message.topic(), message.partition()))
                continue
            headers = [part for header in message.headers() or () for part in strings(header)]
            yield message.topic() or "", [message.key() or b"", message.value() or b"", *headers]
    consumer.close()


def test_no_topic_past_the_raw_ones_holds_any(loop: Loop, search: Search) -> None:
    raw = {topic.full(loop.settings.kafka.topic_prefix) for topic in RAW}
    seen, records = set(), 0
    for topic, parts in topics(loop):
        found = set().union(*map(search.within, parts))
        if topic in raw:
            seen |= found
        else:
            records += 1
            assert not found, topic
    assert seen >= {value for _, value in SAMPLES.values()}  # they were there to be found
    assert {address(0), address(100)} <= seen
    assert records > 4 * 2 * len(SAMPLES)


def test_no_table_and_no_file_of_parquet_holds_any(loop: Loop, search: Search) -> None:
    store = loop.settings.clickhouse
    client = clickhouse_connect.get_client(host=store.host, port=store.port)
    names = [row[0] for row in client.query("SHOW TABLES").result_rows]
    assert {"inferences", "signals", "metrics", "dead_letters"} <= set(names)
    for name in names:
        body = client.raw_query(f"SELECT * FROM {name}", fmt="JSONEachRow")
        assert not search.within(body), name
    stored = client.query("SELECT count() FROM inferences").result_rows
    assert stored == [(2 * len(SAMPLES),)]
    counts = dict(
        client.query(
            "SELECT type, sum(redactions) FROM redactions_by_type GROUP BY type"
        ).result_rows
    )
    assert counts["CREDIT_CARD"] >= 2
    files = [*Path(loop.settings.parquet.path).rglob("*.parquet")]
    assert files
    for file in files:
        rows = pq.ParquetFile(file).read().to_pylist()
        assert not search.within(b"\n".join(strings(rows))), file


def test_no_log_no_file_and_no_word_of_a_command_holds_any(loop: Loop, search: Search) -> None:
    assert not set().union(*map(search.within, loop.said))
    raw = tuple(topic.full(loop.settings.kafka.topic_prefix) for topic in RAW)
    looked = 0
    for file in (*loop.data.rglob("*"), *loop.temporary.rglob("*")):
        of_raw = file.parent.name.rpartition("-")[0] in raw and "kafka" in file.parts
        # Kafka's indexes hold offsets only, and ten megabytes of zeros each.
        if file.is_file() and not of_raw and file.suffix not in (".index", ".timeindex"):
            looked += 1
            assert not search.within(file.read_bytes()), file
    assert looked > 50
    key = loop.settings.redact
    assert key.keys_file
    secret = Path(key.keys_file).read_text().partition(":")[2].strip()
    others = [
        *(loop.data / "logs").iterdir(),
        *(f for f in loop.temporary.rglob("*") if f.is_file()),
    ]
    assert not [file for file in others if secret.encode() in file.read_bytes()]
    assert not [words for words in loop.said if secret.encode() in words]


def test_what_stumbled_is_counted_and_nothing_was_lost(loop: Loop) -> None:
    store = loop.settings.clickhouse
    client = clickhouse_connect.get_client(host=store.host, port=store.port)
    texts = client.query("SELECT response FROM inferences").result_columns[0]
    assert any(text == "<UNSCANNED:recogniser_failed>" for text in texts)
    assert sum(text.startswith("<UNSCANNED") for text in texts) < len(SAMPLES)
    signals = client.query(
        "SELECT countIf(join_status = 'matched'), count() FROM signals "
        "WHERE kind IN ('thumbs', 'edit')"
    ).result_rows
    assert signals == [(4 * len(SAMPLES), 4 * len(SAMPLES))]
    letters = client.query("SELECT count() FROM dead_letters WHERE stage = 'redact'").result_rows
    assert letters[0][0] >= len(SAMPLES)  # and as many again, once they are replayed
