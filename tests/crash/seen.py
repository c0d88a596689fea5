"""Reads all that a run left: committed records on Kafka, rows of both stores."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow.dataset as ds
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from deploy.hot_store import connect
from schemas.catalog import cut
from schemas.codec import PREFIX_BYTES, decode, decode_head, schema_id
from schemas.registry import Registry
from schemas.settings import Settings, kafka_config
from schemas.topics import ACTIONS, DEAD_LETTERS, ENRICHED, INFERENCE_REDACTED, METRICS, Topic
from stream_jobs.window.sums import BINS, COUNTS, MAPS
from tests.crash.facts import Found, Place, Sums, Window

KEYS = ("window_start", "tenant_id", "model_version", "prompt_version", "segment")


def kafka(settings: Settings) -> Place:
    """Return what a reader of committed records finds on the topics."""
    metrics = ((record, where) for record, where in records(settings, METRICS))
    return Place(
        name="Kafka",
        signals=[
            Found(r["signal"]["event_id"], r["join_status"], where)
            for r, where in records(settings, ENRICHED)
        ],
        inferences=[
            Found(r["inference_id"], "", where)
            for r, where in records(settings, INFERENCE_REDACTED)
        ],
        actions=[action(r, where) for r, where in records(settings, ACTIONS)],
        letters=[letter(r, where) for r, where in records(settings, DEAD_LETTERS)],
        windows=added_up({**r, **r["sums"]} for r, _ in metrics),
    )


def hot(settings: Settings) -> Place:
    """Return what ClickHouse holds; nothing is asked with FINAL."""
    client = connect(settings)

    def rows(table: str, columns: str) -> Iterator[dict[str, Any]]:
        sql = f"SELECT {columns}, _partition, _offset FROM {table}"
        yield from client.query(sql).named_results()

    times = "* REPLACE(toUnixTimestamp64Milli(window_start) AS window_start)"
    return _store("ClickHouse", rows, times)


def cold(settings: Settings) -> Place:
    """Return what the Parquet files hold."""

    def rows(table: str, columns: str) -> Iterator[dict[str, Any]]:
        folder = f"{settings.parquet.path}/{table}"
        try:
            data = ds.dataset(folder, format="parquet", partitioning="hive")
        except FileNotFoundError:
            return
        names = None if "*" in columns else [*columns.split(", "), "_partition", "_offset"]
        for batch in data.to_batches(columns=names):
            yield from batch.to_pylist()

    return _store("Parquet", rows, "*")


def _store(name: str, rows: Any, metric_columns: str) -> Place:
    def places(table: str, columns: str) -> Iterator[tuple[dict[str, Any], str]]:
        for row in rows(table, columns):
            yield row, f"{table}, from partition {row['_partition']} offset {row['_offset']}"

    return Place(
        name=name,
        signals=[
            Found(r["event_id"], r["join_status"], where)
            for r, where in places("signals", "event_id, join_status")
        ],
        inferences=[
            Found(r["inference_id"], "", where) for r, where in places("inferences", "inference_id")
        ],
        actions=[
            action(r, where)
            for r, where in places(
                "actions", "action_id, sequence, state, kind, rule, tenant_id, key"
            )
        ],
        letters=[
            letter(r, where) for r, where in places("dead_letters", "topic, partition, offset")
        ],
        windows=added_up(row for row, _ in places("metrics", metric_columns)),
    )


def action(record: Mapping[str, Any], where: str) -> Found:
    """Return what must be the same of an action, whatever happened."""
    key = json.dumps(dict(record["key"]), sort_keys=True)
    said = tuple(record[name] for name in ("state", "kind", "rule", "tenant_id"))
    return Found(f"{record['action_id']}/{record['sequence']}", (*said, key), where)


def letter(record: Mapping[str, Any], where: str) -> Found:
    """Return the place that a dead letter speaks of."""
    place = f"{record['topic']}[{record['partition']}]@{record['offset']}"
    return Found(place, "", where)


def added_up(metrics: Iterable[Mapping[str, Any]]) -> dict[Window, Sums]:
    """Return the sums of all revisions by window and key; zeros are left out."""
    found: dict[Window, Sums] = {}
    for row in metrics:
        start = row["window_start"]
        start_ms = start if isinstance(start, int) else round(start.timestamp() * 1000)
        sums = found.setdefault(Window(start_ms, *(row[name] for name in KEYS[1:])), {})
        for name in COUNTS:
            if row[name]:
                sums[name] = sums.get(name, 0) + row[name]
        for name in MAPS:
            for key, count in dict(row[name]).items():
                sums[f"{name}/{key}"] = sums.get(f"{name}/{key}", 0) + count
        for name in BINS:
            for index, count in enumerate(row[name]):
                sums[f"{name}/{index}"] = sums.get(f"{name}/{index}", 0) + count
    return {w: {n: c for n, c in sums.items() if c} for w, sums in found.items()}


def records(settings: Settings, topic: Topic) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the committed records of a topic with their places; control records are passed over."""
    registry = Registry(settings.registry, settings.kafka.topic_prefix)
    heads: dict[int, Any] = {}
    for message in committed(settings, topic):
        body = message.value()
        if body is None:
            continue
        writer, payload = registry.schema(schema_id(body)), body[PREFIX_BYTES:]
        if topic is INFERENCE_REDACTED:
            if writer.id not in heads:
                heads[writer.id] = cut(writer.json, "inference_id")
            record = decode_head(heads[writer.id], payload)
        else:
            record = decode(writer.parsed, payload)
        yield record, f"{message.topic()}[{message.partition()}]@{message.offset()}"


def committed(settings: Settings, topic: Topic) -> Iterator[Any]:
    """Yield the messages of a topic as `read_committed` gives them, to the present end."""
    consumer = Consumer(
        {
            **kafka_config(settings.kafka),
            "group.id": "crash-look",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        name = topic.full(settings.kafka.topic_prefix)
        numbers = consumer.list_topics(name, timeout=30).topics[name].partitions
        consumer.assign([TopicPartition(name, number, OFFSET_BEGINNING) for number in numbers])
        left = len(numbers)
        while left:
            for message in consumer.consume(5_000, 1.0):
                error = message.error()
                if error is None:
                    yield message
                else:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    left -= 1
    finally:
        consumer.close()
