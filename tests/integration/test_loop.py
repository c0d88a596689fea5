"""The main job on the real parts, as a user runs it: up, send, kill what you like, drain, look.

One stack for all tests of this file; each test has a tenant, or a world, of its own.
"""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import duckdb
import pyarrow.dataset as ds
import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition

from producers.simulate import simulate
from producers.world.truth import Truth
from schemas.catalog import parsed
from schemas.codec import encode, frame
from schemas.topics import INPUTS, RAW

pytestmark = [pytest.mark.broker, pytest.mark.timeout(900)]

LIMIT_S = 300.0  # of one command, on a machine where everything else runs too
EVENTS = 3_000
SEED = 11
SWAP = 800  # of 1,600 answers


def feedloop(*arguments: str, data: Path, given: bytes | None = None) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "deploy.cli", *arguments, "--data", str(data)]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("FEEDLOOP_")}
    done = subprocess.run(
        command, capture_output=True, timeout=LIMIT_S, check=False, env=environ, input=given
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def done(*arguments: str, data: Path, given: bytes | None = None) -> str:
    code, out, said = feedloop(*arguments, data=data, given=given)
    assert code == 0, said
    return out


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    data = tmp_path_factory.mktemp("loop") / "stack"
    try:
        done("up", "--detach", data=data)
        yield data
    finally:
        feedloop("down", data=data)


def status(data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done("status", "--json", data=data))
    return found


def client(data: Path) -> Client:
    address = status(data)["clickhouse"]
    return clickhouse_connect.get_client(host=address["host"], port=address["port"])


def rows(data: Path, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in client(data).query(sql).result_rows]


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.2)


def lines(events: list[tuple[str, dict[str, Any]]]) -> bytes:
    return b"".join(
        json.dumps({"type": kind, **fields}).encode() + b"\n" for kind, fields in events
    )


def kill(data: Path, worker: str) -> None:
    pid = next(part["pid"] for part in status(data)["parts"] if part["name"] == worker)
    os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def simulated(stack: Path) -> Truth:
    """Traffic of the demo's product, with every worker killed once while it flows."""
    end_ms = time.time_ns() // 1_000_000
    traffic = simulate("demo", SEED, EVENTS, end_ms - 6 * 3_600_000)
    events = [(event.kind, event.fields) for event in traffic]
    workers = list(INPUTS)
    part = len(events) // (len(workers) + 1) + 1
    for number, start in enumerate(range(0, len(events), part)):
        done("send", "-", data=stack, given=lines(events[start : start + part]))
        if number < len(workers):
            kill(stack, workers[number])
    until(lambda: all(part["state"] == "running" for part in status(stack)["parts"]))
    done("drain", "--flush", "--timeout", "240", data=stack)
    return traffic.truth


TENANTS = "tenant_id IN ('acme', 'globex')"


def test_every_worker_was_killed_and_came_back(stack: Path, simulated: Truth) -> None:
    restarts = {part["name"]: part["restarts"] for part in status(stack)["parts"]}
    assert all(restarts[worker] >= 1 for worker in INPUTS)


def test_each_signal_is_stored_once_with_its_true_status(stack: Path, simulated: Truth) -> None:
    found = rows(stack, f"SELECT event_id, join_status, kind FROM signals WHERE {TENANTS}")
    stored = Counter(event_id for event_id, _, _ in found)
    assert set(stored) == set(simulated.statuses) | simulated.abandonments
    assert max(stored.values()) == 1
    wrong = {
        event_id: (state, simulated.statuses[event_id])
        for event_id, state, kind in found
        if kind != "abandonment" and simulated.statuses[event_id] != state
    }
    assert not wrong


def test_the_cold_store_holds_the_same(stack: Path, simulated: Truth) -> None:
    path = status(stack)["parquet"]["path"]
    hot = {row[0] for row in rows(stack, f"SELECT event_id FROM signals WHERE {TENANTS}")}
    table = ds.dataset(f"{path}/signals", format="parquet", partitioning="hive").to_table()
    kept = [
        event_id
        for event_id, tenant in zip(
            table["event_id"].to_pylist(), table["tenant_id"].to_pylist(), strict=True
        )
        if tenant in ("acme", "globex")
    ]
    assert len(kept) == len(set(kept))
    assert set(kept) == hot
    query = (
        f"SELECT count(*) FROM read_parquet('{path}/inferences/**/*.parquet', "
        f"hive_partitioning = true) WHERE {TENANTS}"
    )
    assert duckdb.sql(query).fetchall() == [(simulated.inferences,)]
    assert rows(stack, f"SELECT count() FROM inferences WHERE {TENANTS}") == [
        (simulated.inferences,)
    ]


def test_window_sums_are_the_true_ones(stack: Path, simulated: Truth) -> None:
    """Per window and key: inferences, failures, ratings, statuses; corrections added up."""
    names = ("inferences", "errors", "refusals", "timeouts", "positive", "negative", "neutral")
    keys = ("window_start", "tenant_id", "model_version", "prompt_version", "segment")
    found = rows(
        stack,
        "SELECT toUnixTimestamp64Milli(window_start), tenant_id, model_version, prompt_version, "
        f"segment, {', '.join(f'sum({name})' for name in names)} FROM metrics WHERE {TENANTS} "
        f"GROUP BY {', '.join(keys)}",
    )
    sums = {row[:5]: dict(zip(names, row[5:], strict=True)) for row in found}
    nothing = dict.fromkeys(names, 0)
    for key in {*sums, *map(tuple, simulated.windows)}:
        true = {name: simulated.windows.get(key, {}).get(name, 0) for name in names}  # type: ignore[call-overload]
        assert sums.get(key, nothing) == true, key


def test_no_planted_personal_data_is_left_past_the_first_stage(
    stack: Path, simulated: Truth
) -> None:
    planted = {value.encode() for values in simulated.planted.values() for value in values}
    assert len(planted) > 50
    bootstrap = status(stack)["kafka"]["bootstrap"]
    raw = {topic.full("feedloop.") for topic in RAW}
    seen_raw = 0
    for topic, body in bodies(bootstrap):
        if topic in raw:
            seen_raw += any(value in body for value in planted)
        else:
            assert not [value for value in planted if value in body], topic
    assert seen_raw > 50  # they were there to be found
    log = b"".join(path.read_bytes() for path in (stack / "logs").iterdir())
    assert not [value for value in planted if value in log]


def bodies(bootstrap: str) -> Iterator[tuple[str, bytes]]:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "look", "enable.partition.eof": True}
    )
    parts = [
        TopicPartition(name, number, OFFSET_BEGINNING)
        for name, topic in consumer.list_topics(timeout=10).topics.items()
        if name.startswith("feedloop.")
        for number in topic.partitions
    ]
    consumer.assign(parts)
    left = {(part.topic, part.partition) for part in parts}
    while left:  # an end is told again after each record that comes later
        for message in consumer.consume(1_000, 1.0):
            error = message.error()
            if error is None:
                yield message.topic() or "", message.value() or b""
            else:
                assert error.code() == KafkaError._PARTITION_EOF
                left.discard((message.topic(), message.partition()))
    consumer.close()


def product(tenant: str, swap_to: float) -> list[tuple[str, dict[str, Any]]]:
    """1,600 answers of a product whose model is swapped; 9 % negative before, `swap_to` after."""
    rng = random.Random(5)
    start = 1_780_000_000_000
    events: list[tuple[int, str, dict[str, Any]]] = []
    for number in range(1_600):
        at = start + number * 5_000
        common = {"session_id": f"{tenant}-s{number // 3}", "tenant_id": tenant}
        model = "steady-1" if number < SWAP else "newcomer-2"
        answer = {
            **common,
            "inference_id": f"{tenant}-i{number}",
            "event_time": at,
            "model_version": model,
            "prompt_version": "p1",
            "segment": "web",
            "latency_ms": rng.randint(300, 2_000),
            "input_tokens": rng.randint(5, 200),
            "output_tokens": rng.randint(50, 400),
            "messages": [{"role": "user", "content": "How do I mend this?"}],
            "response": "Like so.",
        }
        events.append((at, "inference", answer))
        if rng.random() < 0.7:
            bad = rng.random() < (0.09 if number < SWAP else swap_to)
            later = at + rng.randint(5_000, 600_000)
            judged = {
                **common,
                "event_id": f"{tenant}-f{number}",
                "inference_id": f"{tenant}-i{number}",
                "event_time": later,
                "kind": "thumbs",
                "value": -1.0 if bad else 1.0,
            }
            arrives = later if rng.random() > 0.03 else at - 1
            events.append((arrives, "feedback", judged))
    events.sort(key=lambda event: event[0])
    return [(kind, fields) for _, kind, fields in events]


def test_a_worse_model_raises_one_alarm_that_names_it(stack: Path) -> None:
    events = product("swapped", 0.29)
    done("send", "-", data=stack, given=lines(events))
    done("drain", "--flush", "--timeout", "120", data=stack)
    thumbs = [fields for kind, fields in events if kind == "feedback"]
    found = rows(
        stack,
        "SELECT count(), countIf(join_status = 'matched') FROM signals "
        "WHERE tenant_id = 'swapped' AND kind = 'thumbs'",
    )
    assert found == [(len(thumbs), len(thumbs))]
    model_of = {f["inference_id"]: f["model_version"] for kind, f in events if kind == "inference"}
    true = Counter(model_of[fields["inference_id"]] for fields in thumbs if fields["value"] < 0)
    negatives = rows(
        stack,
        "SELECT model_version, countIf(value < 0) FROM signals WHERE tenant_id = 'swapped' "
        "AND kind = 'thumbs' GROUP BY model_version",
    )
    assert dict(negatives) == dict(true)
    told = [json.loads(line) for line in done("actions", "--json", data=stack).splitlines()]
    alarms = [action for action in told if action["tenant_id"] == "swapped"]
    rates = [a for a in alarms if a["evidence"]["metric"] == "negative_rate"]
    assert [action["state"] for action in rates] == ["opened"]
    assert rates[0]["key"]["model_version"] == "newcomer-2"
    assert rates[0]["event_time"] > 1_780_000_000_000 + SWAP * 5_000
    assert set(rates[0]["examples"]) <= set(model_of)
    compared = rates[0]["contents"]["comparison"]
    assert compared["from_version"] == "newcomer-2"
    assert compared["difference_low"] > 0


def test_bad_lines_are_told_and_the_good_ones_around_them_stored(stack: Path) -> None:
    good = [
        {"type": kind, **fields} for kind, fields in product("lines", 0.1) if kind == "inference"
    ][:13]
    base = good[0]
    bad = [
        b"{not json",
        json.dumps({**base, "type": "inferrence"}).encode(),
        json.dumps({k: v for k, v in base.items() if k != "inference_id"}).encode(),
        json.dumps({**base, "latency_ms": "fast"}).encode(),
        json.dumps({**base, "event_time": 1_780_000_000}).encode(),
        json.dumps({**base, "event_time": 4_000_000_000_000}).encode(),
        json.dumps({**base, "response": "x" * 1_000_000}).encode(),
        json.dumps(base).encode().replace(b"Like so.", b"\xff\xfe"),
        json.dumps({**base, "response": "\ud800"}).encode(),
        json.dumps({**base, "status": "fine"}).encode(),
        json.dumps({**base, "latency_ms": -1}).encode(),
        b"",
    ]
    body = b"".join(
        line + b"\n"
        for pair in zip([json.dumps(event).encode() for event in good], [*bad, None], strict=True)
        for line in pair
        if line is not None
    )
    code, _, said = feedloop("send", "-", data=stack, given=body)
    assert code == 1
    told = [line for line in said.splitlines() if line.startswith("line ")]
    assert [int(line.split()[1].rstrip(":")) for line in told] == list(range(2, 26, 2))
    done("drain", "--timeout", "60", data=stack)
    found = rows(stack, "SELECT inference_id FROM inferences WHERE tenant_id = 'lines'")
    assert sorted(found) == sorted((event["inference_id"],) for event in good)


def test_poison_becomes_dead_letters_with_coordinates_and_the_stages_go_on(stack: Path) -> None:
    told = status(stack)
    before = told["dead_letters"]
    fields = next(f for kind, f in product("poison", 0.1) if kind == "feedback")
    number = schema_number(told["registry"]["url"])
    body = encode(parsed("Feedback"), {"author": "user", "source": "x", **fields})
    poison = [
        b"garbage",
        frame(number, body[: len(body) // 2]),
        frame(999_999, body),
        frame(number, body + b"!!"),
    ]
    producer = Producer({"bootstrap.servers": told["kafka"]["bootstrap"]})
    for value in (*poison, frame(number, body)):
        producer.produce("feedloop.feedback", value, b"poison", partition=0)
    assert producer.flush(30) == 0
    done("drain", "--flush", "--timeout", "60", data=stack)
    assert status(stack)["dead_letters"] == before + len(poison)
    letters = rows(
        stack,
        "SELECT reason, topic, partition, offset FROM dead_letters "
        "WHERE stage = 'redact' ORDER BY offset DESC LIMIT 4",
    )
    assert {row[0] for row in letters} == {
        "not_framed",
        "undecodable",
        "unknown_schema",
        "trailing_bytes",
    }
    assert {row[1:3] for row in letters} == {("feedloop.feedback", 0)}
    offsets = sorted(row[3] for row in letters)
    assert offsets == list(range(offsets[0], offsets[0] + 4))
    kept = rows(stack, "SELECT count() FROM signals WHERE tenant_id = 'poison'")
    assert kept == [(1,)]


def schema_number(url: str) -> int:
    from confluent_kafka.schema_registry import SchemaRegistryClient

    latest = SchemaRegistryClient({"url": url}).get_latest_version("feedloop.feedback-value")
    return int(latest.schema_id)


def test_a_compressed_file_is_sent_as_well(stack: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    events = product("zipped", 0.1)[:200]
    path.write_bytes(gzip.compress(lines(events)))
    done("send", str(path), data=stack)
    done("drain", "--timeout", "60", data=stack)
    count = sum(kind == "inference" for kind, _ in events)
    found = rows(stack, "SELECT count() FROM inferences WHERE tenant_id = 'zipped'")
    assert found == [(count,)]
