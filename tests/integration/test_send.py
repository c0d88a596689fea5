"""Producers against the real broker and registry: send, the client, replay."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from deploy.topics import apply_topics
from producers import Delivery, FeedbackClient
from producers.replay import HEADER, Selection, replay
from producers.simulate import simulate
from schemas.codec import PREFIX_BYTES, decode, schema_id
from schemas.dead_letters import dead_letter
from schemas.errors import InvalidRecord
from schemas.registry import Registry
from schemas.settings import Settings, environ_of, kafka_config
from schemas.topics import FEEDBACK, INFERENCE, INTERACTION, RAW, Topic
from tests.unit.test_producers_jsonl import BAD, NOW_MS, inference, thumbs

pytestmark = pytest.mark.broker
WAIT_S = 30.0


@pytest.fixture
def topics(settings: Settings) -> Settings:
    apply_topics(settings)
    return settings


def stored(settings: Settings, topic: Topic) -> list[Message]:
    """Return everything in `topic`, partition by partition."""
    name = topic.full(settings.kafka.topic_prefix)
    consumer = Consumer(
        {
            **kafka_config(settings.kafka),
            "group.id": "look",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    parts = range(len(consumer.list_topics(name, timeout=WAIT_S).topics[name].partitions))
    consumer.assign([TopicPartition(name, p, 0) for p in parts])
    messages, ended = [], set()
    while len(ended) < len(parts):
        message = consumer.poll(WAIT_S)
        assert message is not None, f"{name} is silent"
        if message.error() is None:
            messages.append(message)
        else:
            assert message.error().code() == KafkaError._PARTITION_EOF
            ended.add(message.partition())
    consumer.close()
    return messages


def records(settings: Settings, topic: Topic) -> list[dict[str, Any]]:
    registry = Registry(settings.registry, settings.kafka.topic_prefix)
    found = []
    for message in stored(settings, topic):
        body = message.value()
        assert body is not None
        found.append(decode(registry.schema(schema_id(body)).parsed, body[PREFIX_BYTES:]))
    return found


def run(settings: Settings, *args: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, **environ_of(settings)}
    command = [sys.executable, "-m", "deploy.cli", *args]
    return subprocess.run(
        command, env=env, capture_output=True, timeout=WAIT_S * 2, check=False, **more
    )


def test_bad_lines_are_reported_and_all_good_ones_stored(topics: Settings, tmp_path: Path) -> None:
    good = [inference(100 + n) for n in range(len(BAD) + 1)]
    data = good[0] + b"".join(
        b"\n" + case.line + b"\n" + g for case, g in zip(BAD, good[1:], strict=True)
    )
    file = tmp_path / "events.jsonl"
    file.write_bytes(data)
    result = run(topics, "send", str(file), "--json")
    assert result.returncode == 1
    summary = {"sent": len(good), "bad": len(BAD), "delivered": len(good)}
    assert json.loads(result.stdout) == summary
    reports = result.stderr.decode().splitlines()
    assert [line.partition(":")[0] for line in reports] == [
        f"line {2 * (n + 1)}" for n in range(len(BAD))
    ]
    assert all(case.reason in line for case, line in zip(BAD, reports, strict=True))
    ids = {record["inference_id"] for record in records(topics, INFERENCE)}
    assert ids == {f"i{100 + n}" for n in range(len(good))}


def test_a_zipped_pipe_goes_to_the_right_partitions(topics: Settings) -> None:
    traffic = simulate("steady", 3, 600, NOW_MS)
    sent = list(traffic)
    text = "\n".join(json.dumps({"type": e.kind, **e.fields}) for e in sent)
    result = run(topics, "send", "-", "--json", input=gzip.compress(text.encode()))
    assert (result.returncode, result.stderr) == (0, b"")
    assert json.loads(result.stdout) == {"sent": 600, "bad": 0, "delivered": 600}
    partition_of = DefaultPartitioner()
    everywhere = list(range(topics.kafka.partitions))
    for topic in RAW:
        for message in stored(topics, topic):
            assert message.partition() == partition_of(message.key(), everywhere, everywhere)
        expected = [e.fields for e in sent if e.kind == topic.name]
        kept = records(topics, topic)
        assert sorted(map(_key, kept)) == sorted(map(_key, expected))
        by_id = {_key(record): record for record in kept}
        for fields in expected:
            assert fields.items() <= _plain(by_id[_key(fields)]).items()


def _key(fields: dict[str, Any]) -> str:
    return str(fields.get("event_id") or fields["inference_id"])


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}


def test_a_pipe_is_sent_while_it_is_open(topics: Settings) -> None:
    env = {**os.environ, **environ_of(topics)}
    command = [sys.executable, "-m", "deploy.cli", "send", "-", "--json"]
    with subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(inference(1) + b"\n")
        process.stdin.flush()
        consumer = Consumer(
            {
                **kafka_config(topics.kafka),
                "group.id": "pipe",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
        consumer.subscribe([INFERENCE.full(topics.kafka.topic_prefix)])
        message = consumer.poll(WAIT_S)
        consumer.close()
        assert message is not None
        assert process.poll() is None
        out, _ = process.communicate(thumbs(), timeout=WAIT_S)
    assert json.loads(out) == {"sent": 2, "bad": 0, "delivered": 2}


def test_with_the_broker_away_send_says_so(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(inference())
    env = {**os.environ, **environ_of(settings), "FEEDLOOP_KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    result = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "send", str(file), "--timeout", "1"],
        env=env,
        capture_output=True,
        timeout=WAIT_S,
        check=False,
    )
    assert result.returncode == 1
    assert b"Kafka at 127.0.0.1:1 doesn't answer" in result.stderr


def test_without_topics_send_says_what_to_do(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(inference())
    result = run(settings, "send", str(file))
    assert result.returncode == 1
    assert b"feedloop topics apply" in result.stderr


def test_simulate_sends_what_its_truth_says(topics: Settings, tmp_path: Path) -> None:
    told = tmp_path / "truth.json"
    result = run(
        topics, "simulate", "--events", "300", "--seed", "5", "--rate", "max", "--truth", str(told)
    )
    assert result.returncode == 0, result.stderr
    truth = json.loads(told.read_bytes())
    assert {t.name: len(stored(topics, t)) for t in RAW} == truth["sent"]


def test_the_client_delivers_and_reports(topics: Settings) -> None:
    fates: dict[str, Delivery] = {}
    with FeedbackClient(
        topics, tenant_id="acme", on_delivery=lambda fate: fates.update({fate.event_id: fate})
    ) as client:
        ids = [client.thumbs("i1", f"s{n}", up=True) for n in range(50)]
        with pytest.raises(InvalidRecord):
            client.rating("i1", "s1", 7)
        assert client.flush(WAIT_S) == 0
        stats = client.stats()
    assert (stats.accepted, stats.delivered, stats.invalid, stats.queued) == (50, 50, 1, 0)
    assert all(fates[event_id].error is None for event_id in ids)
    found = {(m.partition(), m.offset()) for m in stored(topics, FEEDBACK)}
    assert {(fate.partition, fate.offset) for fate in fates.values()} == found
    assert {r["event_id"] for r in records(topics, FEEDBACK)} == set(ids)


def test_events_wait_until_the_topics_are_there_in_their_order(settings: Settings) -> None:
    with FeedbackClient(settings, tenant_id="acme") as client:
        early = [client.copy("i1", "s1") for _ in range(200)]
        assert client.stats().queued == 200
        apply_topics(settings)
        late = [client.copy("i1", "s1") for _ in range(200)]
        assert client.flush(WAIT_S) == 0
        assert client.problem is None
    assert [r["event_id"] for r in records(settings, INTERACTION)] == early + late


def test_after_a_fatal_error_the_client_goes_on_with_a_new_producer(topics: Settings) -> None:
    with FeedbackClient(topics, tenant_id="acme") as client:
        client.copy("i1", "s1")
        assert client.flush(WAIT_S) == 0
        old = client._courier._producer
        fatal = KafkaError(KafkaError._FATAL, "made up by the test", fatal=True)
        client._courier._on_error(fatal)
        after = [client.copy("i1", "s1") for _ in range(3)]
        assert client.flush(WAIT_S) == 0
        client.copy("i1", "s1")
        assert client.flush(WAIT_S) == 0
        stats = client.stats()
    assert client._courier._producer is not old
    assert (stats.delivered, stats.failed) == (5, 0)
    assert {r["event_id"] for r in records(topics, INTERACTION)} >= set(after)


def test_many_threads_share_a_client(topics: Settings) -> None:
    with FeedbackClient(topics, tenant_id="acme") as client:
        sent: defaultdict[str, list[str]] = defaultdict(list)

        def work(session: str) -> None:
            sent[session].extend(client.copy("i1", session) for _ in range(300))

        threads = [threading.Thread(target=work, args=(f"s{n}",)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.flush(WAIT_S) == 0
    kept: defaultdict[str, list[str]] = defaultdict(list)
    for record in records(topics, INTERACTION):
        kept[record["session_id"]].append(record["event_id"])
    assert kept == sent


@pytest.fixture
def garbage(topics: Settings) -> tuple[Settings, list[dict[str, Any]]]:
    """Four records that no stage can read, and the dead letters of the first and the last."""
    producer = Producer(kafka_config(topics.kafka))
    name = FEEDBACK.full(topics.kafka.topic_prefix)
    for n in range(4):
        headers = [("trace", b"t%d" % n)]
        producer.produce(name, b"garbage %d" % n, b"key", partition=1, headers=headers)
    assert producer.flush(WAIT_S) == 0
    error = InvalidRecord("invalid", "made up")
    letters = [dead_letter("redact", (name, 1, offset), error, NOW_MS) for offset in (3, 0)]
    return topics, letters


def test_replay_sends_the_source_again_with_the_letters_id(
    garbage: tuple[Settings, list[dict[str, Any]]],
) -> None:
    settings, letters = garbage
    assert replay(settings, letters, dry_run=True).replayed == 2
    assert len(stored(settings, FEEDBACK)) == 4
    outcome = replay(settings, [*letters, letters[0]])  # the same letter twice is one
    assert (outcome.selected, outcome.replayed, outcome.gone) == (2, 2, [])
    again = stored(settings, FEEDBACK)[4:]
    last, first = letters
    assert [(m.value(), m.key(), m.partition(), m.headers()) for m in again] == [
        (b"garbage 0", b"key", 1, [("trace", b"t0"), (HEADER, first["dead_letter_id"].encode())]),
        (b"garbage 3", b"key", 1, [("trace", b"t3"), (HEADER, last["dead_letter_id"].encode())]),
    ]


def test_replay_selects_and_reports_what_is_gone(
    garbage: tuple[Settings, list[dict[str, Any]]],
) -> None:
    settings, letters = garbage
    lost = {**letters[0], "dead_letter_id": "x", "offset": 99}
    elsewhere = {**letters[0], "dead_letter_id": "y", "topic": "no.such.topic"}
    outcome = replay(settings, [*letters, lost, elsewhere], dry_run=True)
    assert (outcome.selected, outcome.replayed) == (4, 2)
    assert sorted(letter["dead_letter_id"] for letter in outcome.gone) == ["x", "y"]
    for selection, count in [
        (Selection(stage="join"), 0),
        (Selection(stage="redact", reason="invalid"), 2),
        (Selection(reason="undecodable"), 0),
        (Selection(since_ms=NOW_MS), 2),
        (Selection(since_ms=NOW_MS + 1), 0),
    ]:
        assert replay(settings, letters, selection, dry_run=True).selected == count
