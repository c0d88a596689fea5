"""Every sum of every window, against DuckDB over the enriched records of simulated traffic.

The traffic has all statuses, early, late, orphaned, repeated and retracted signals; it passes the
real join and decide, in one or three partitions, with restarts.
"""

from collections import Counter
from functools import cache
from typing import Any
from zlib import crc32

import duckdb
import pyarrow as pa
import pytest

from producers.simulate import simulate
from schemas.catalog import parsed
from schemas.codec import decode, encode
from schemas.polarity import is_rated
from schemas.settings import JoinSettings
from stream_jobs.decide.logic import DecideConfig
from stream_jobs.window.record import sums_from_record
from stream_jobs.window.sketches import bin_of
from stream_jobs.window.sums import BINS, COUNTS, MAPS, MOMENTS, Sums, pair_of
from tests.unit.join_driver import Driver

MINUTE = 60_000
START_MS = 1_790_000_040_000
EVENTS = 1_500
TOPICS = ("refunds", "sign-in", None)
Row = dict[str, Any]
Key = tuple[Any, ...]


@cache
def traffic() -> list[tuple[int, str, Row]]:
    records = []
    for at, kind, fields in simulate("demo", seed=7, events=EVENTS, start_ms=START_MS):
        if kind == "inference":
            topic = TOPICS[crc32(fields["inference_id"].encode()) % 3]
            records.append((at, kind, {**fields, "prompt_topic": topic}))
        else:
            records.append((at, kind, dict(fields)))
    return sorted(records, key=lambda record: record[0])


@cache
def joined(partitions: int, restart_every: int = 0) -> tuple[list[Row], list[Row]]:
    """Return (enriched records, partials in the order in which decide reads them)."""
    enriched, partials = [], []
    store = {f["inference_id"]: whole(f) for _, kind, f in traffic() if kind == "inference"}
    for partition in range(partitions):
        driver = Driver(JoinSettings(), store)
        driver.now_ms = START_MS
        for n, (at, kind, fields) in enumerate(traffic()):
            if crc32(fields["session_id"].encode()) % partitions != partition:
                continue
            driver.now_ms = max(driver.now_ms, at)
            driver.append((kind.capitalize(), fields), at)
            if n % 40 == 0:
                driver.poll()
            if restart_every and n % restart_every == 0:
                driver.restart()
        driver.poll()
        driver.append(("flush", {"id": "f"}))
        while not any(partial["kind"] == "flush" for partial in driver.result.partials):
            driver.poll()
            driver.wait(1_000)
        enriched += driver.result.bodies
        partials += [
            {**p, "partition": partition, "partitions": partitions} for p in driver.result.partials
        ]
    return enriched, partials


def whole(fields: Row) -> Row:
    return decode(parsed("Inference"), encode(parsed("Inference"), fields))


@cache
def rows(partitions: int, restart_every: int = 0) -> list[Row]:
    """Return the metric records that decide writes."""
    decide = DecideConfig(MINUTE, MINUTE).build()
    partials = joined(partitions, restart_every)[1]
    outs = [out for partial in partials for out in decide.on_partial(partial, 0)]
    return [out.record for out in outs if out.topic == "metrics"]


def metrics(partitions: int, restart_every: int = 0) -> dict[Key, Sums]:
    """Return the sums by window and key: what all revisions of a metric add up to."""
    totals: dict[Key, Sums] = {}
    for row in rows(partitions, restart_every):
        key = (row["window_start"], *(row[name] for name in KEY))
        totals.setdefault(key, Sums()).merge(sums_from_record(row["sums"]))
    return totals


KEY = ("tenant_id", "model_version", "prompt_version", "segment")


def key_of(about: Row | None, tenant_id: str) -> Row:
    parts = about or {"tenant_id": tenant_id}
    return {name: parts.get(name) or "" for name in KEY}


def signal_rows(enriched: list[Row]) -> list[Row]:
    found = []
    for record in enriched:
        signal, about = record["signal"], record["inference"]
        explicit = "author" in signal
        found.append(
            {
                "event_id": signal["event_id"],
                "start": signal["event_time"] // MINUTE * MINUTE,
                **key_of(about, signal["tenant_id"]),
                "kind": signal["kind"],
                "author": signal.get("author") or "",
                "polarity": record["polarity"],
                "rated": explicit and is_rated(signal["kind"], signal["value"]),
                "status": record["join_status"],
                "lag": record["lag_ms"],
                "edit": record["edit_ratio"] if signal["kind"] == "edit" else None,
                "retracts": signal.get("retracts") or "",
                "docs": sorted({d["doc_id"] for d in about["retrieved"]} if about else ()),
            }
        )
    return found


def inference_rows() -> list[Row]:
    found = []
    for _, kind, fields in traffic():
        if kind != "inference":
            continue
        asked = [m["content"] for m in fields["messages"] if m["role"] == "user"]
        found.append(
            {
                "start": fields["event_time"] // MINUTE * MINUTE,
                **key_of(fields, fields["tenant_id"]),
                "status": fields["status"],
                "latency_ms": fields["latency_ms"],
                "input_tokens": fields["input_tokens"],
                "output_tokens": fields["output_tokens"],
                "micro": round(fields["cost_usd"] * 1e6),
                "language": fields["language"] or "",
                "topic": fields["prompt_topic"] or "",
                "docs": sorted({d["doc_id"] for d in fields["retrieved"]}),
                "scores": [round(d["score"] * 1000) for d in fields["retrieved"]],
                "prompt_bytes": len(asked[-1].encode()),
                "response_bytes": len(fields["response"].encode()),
            }
        )
    return found


INFERENCES_SQL = """
SELECT start, tenant_id, model_version, prompt_version, segment,
    count(*) AS inferences,
    count(*) FILTER (status = 'error') AS errors,
    count(*) FILTER (status = 'refused') AS refusals,
    count(*) FILTER (status = 'timeout') AS timeouts,
    sum(micro)::BIGINT AS cost_micro_usd,
    list(latency_ms) AS latency_ms, list(input_tokens) AS input_tokens,
    list(output_tokens) AS output_tokens, list(prompt_bytes) AS prompt_bytes,
    list(response_bytes) AS response_bytes, list(micro) AS cost,
    flatten(list(scores)) AS doc_scores,
    list(language) FILTER (language <> '') AS languages,
    list(topic) FILTER (topic <> '') AS topics, flatten(list(docs)) AS docs
FROM inferences GROUP BY ALL
"""
SIGNALS_SQL = """
WITH taken AS (SELECT DISTINCT tenant_id, retracts AS event_id FROM signals WHERE retracts <> ''),
told AS (SELECT s.*, t.event_id IS NOT NULL AS gone FROM signals s LEFT JOIN taken t
    USING (tenant_id, event_id))
SELECT start, tenant_id, model_version, prompt_version, segment,
    count(*) FILTER (rated AND NOT gone AND polarity = 1) AS positive,
    count(*) FILTER (rated AND NOT gone AND polarity = -1) AS negative,
    count(*) FILTER (rated AND NOT gone AND polarity = 0) AS neutral,
    count(*) FILTER (status = 'matched') AS matched,
    count(*) FILTER (status = 'late') AS late,
    count(*) FILTER (status = 'orphan') AS orphans,
    count(*) FILTER (gone) AS retracted,
    count(edit) AS edits,
    coalesce(sum(round(edit * 1e6)), 0)::BIGINT AS edit_ratio_millionths,
    list(kind) FILTER (NOT gone) AS kinds,
    list(author) FILTER (author <> '' AND NOT gone) AS authors,
    list(lag) FILTER (lag IS NOT NULL AND NOT gone) AS signal_lag_ms,
    flatten(list(docs) FILTER (rated AND NOT gone)) AS doc_rated,
    flatten(list(docs) FILTER (rated AND NOT gone AND polarity = -1)) AS doc_negatives,
    list(docs) FILTER (rated AND NOT gone) AS rated_docs,
    list(docs) FILTER (rated AND NOT gone AND polarity = -1) AS negative_docs
FROM told GROUP BY ALL
"""


def grouped(sql: str, **frames: list[Row]) -> dict[Key, Row]:
    with duckdb.connect() as connection:
        for name, rows in frames.items():
            connection.register(name, pa.Table.from_pylist(rows))
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {tuple(row[name] for name in ("start", *KEY)): row for row in found}


def expected(enriched: list[Row]) -> dict[Key, Row]:
    """Return the plain value of every attribute of `Sums` by window and key."""
    found = grouped(INFERENCES_SQL, inferences=inference_rows())
    for key, row in grouped(SIGNALS_SQL, signals=signal_rows(enriched)).items():
        found[key] = {**found.get(key, {}), **row}
    return {key: plain(row) for key, row in found.items()}


def plain(row: Row) -> Row:
    out: Row = {name: row.get(name) or 0 for name in COUNTS}
    for name in MAPS:
        out[name] = Counter(row.get(name) or ())
    for name, source in (("doc_pair_rated", "rated_docs"), ("doc_pair_negatives", "negative_docs")):
        lists = row.get(source) or ()
        out[name] = Counter(
            pair_of(a, b) for docs in lists for i, a in enumerate(docs) for b in docs[i + 1 :]
        )
    for name in MOMENTS:
        values = [min(v, 3_000_000) for v in row.get(name) or ()]
        out[name] = [len(values), sum(values), sum(v * v for v in values)]
    for name, edges in BINS.items():
        values = row.get(SOURCE[name]) or ()
        out[name] = Counter(bin_of(edges, value) for value in values)
    return out


SOURCE = {
    "latency_bins": "latency_ms",
    "input_bins": "input_tokens",
    "output_bins": "output_tokens",
    "prompt_bins": "prompt_bytes",
    "response_bins": "response_bytes",
    "cost_bins": "cost",
    "score_bins": "doc_scores",
}
ATTRIBUTES = sorted({*COUNTS, *MAPS, *MOMENTS, *BINS} - {"duplicates", "redactions"})


@pytest.mark.parametrize(("partitions", "restarts"), [(1, 0), (3, 0), (2, 97)])
def test_every_sum_is_what_duckdb_counts(partitions: int, restarts: int) -> None:
    enriched = joined(partitions, restarts)[0]
    totals, wanted = metrics(partitions, restarts), expected(enriched)
    statuses = Counter(record["join_status"] for record in enriched)
    assert min(statuses["matched"], statuses["late"], statuses["orphan"]) > 0
    assert sum(row["retracted"] for row in wanted.values()) > 0
    assert any(row["revision"] > 0 for row in rows(1))  # some came after their window had closed
    for name in ATTRIBUTES:
        found = {k: getattr(sums, name) for k, sums in totals.items() if getattr(sums, name)}
        found = {k: v for k, v in found.items() if v != [0, 0, 0]}
        right = {k: row[name] for k, row in wanted.items() if row[name] and row[name] != [0, 0, 0]}
        assert found == right, name
    repeats = sum(sums.duplicates for sums in totals.values())
    assert repeats == len(traffic()) - len({repr(sorted(f.items())) for _, _, f in traffic()})


def test_partitions_and_restarts_change_no_window() -> None:
    assert metrics(3) == metrics(2, 97) == metrics(1)
