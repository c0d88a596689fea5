"""Sums add up exactly: order, partitions and restarts change nothing; records go through Avro."""

import io
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from fastavro import schemaless_reader, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import parsed
from stream_jobs.window.record import MAX_DOCS, OTHER, sums_from_record, sums_to_record
from stream_jobs.window.sketches import LATENCY_EDGES_MS, SCORE_EDGES, bin_of, middles, quantile
from stream_jobs.window.sums import BINS, Sums

DOCS = [f"d{i}" for i in range(6)]


def head(**over: Any) -> dict[str, Any]:
    return {
        "inference_id": "i1",
        "session_id": "s",
        "user_id": None,
        "tenant_id": "t",
        "event_time": 1_000,
        "model_version": "m1",
        "prompt_version": "p1",
        "segment": "web",
        "status": "ok",
        "error_type": None,
        "latency_ms": 400,
        "input_tokens": 20,
        "output_tokens": 100,
        "cost_usd": 0.1,
        "language": "en",
        "prompt_topic": None,
        "attributes": {},
        "retrieved": [],
        **over,
    }


heads = st.builds(
    head,
    inference_id=st.uuids().map(str),
    status=st.sampled_from(["ok", "error", "refused", "timeout"]),
    latency_ms=st.integers(0, 2**31 - 1),
    input_tokens=st.integers(0, 2**31 - 1),
    cost_usd=st.none() | st.floats(),
    language=st.none() | st.sampled_from(["en", "de"]),
    prompt_topic=st.none() | st.sampled_from(["t0", "t1"]),
    prompt_bytes=st.integers(0, 10**6),
    response_bytes=st.none() | st.integers(0, 10**6),
    retrieved=st.lists(
        st.builds(dict, doc_id=st.sampled_from(DOCS), score=st.none() | st.floats()), max_size=4
    ),
)
signals = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["thumbs", "edit", "regenerate"]),
        "explicit": st.booleans(),
        "polarity": st.sampled_from([-1, 0, 1]),
        "rated": st.booleans(),
        "join_status": st.sampled_from(["matched", "late", "orphan"]),
        "lag_ms": st.none() | st.integers(-1000, 10**9),
        "edit_ratio": st.none() | st.floats(0, 1),
        "author": st.sampled_from(["user", "judge"]),
        "inference_head": st.none() | heads,
        "sign": st.sampled_from([1, 1, -1]),
    }
)
events = st.lists(heads | signals, max_size=25)


def summed(items: list[dict[str, Any]]) -> Sums:
    sums = Sums()
    for item in items:
        if "explicit" in item:
            rest = {k: v for k, v in item.items() if k != "kind"}
            sums.add_signal(item["kind"], **rest)
        else:
            sums.add_inference(item)
    return sums


@given(events, st.data())
def test_order_and_partitioning_change_nothing(items: list[dict[str, Any]], data: Any) -> None:
    shuffled = data.draw(st.permutations(items))
    parts = data.draw(st.lists(st.integers(0, 3), min_size=len(items), max_size=len(items)))
    merged = Sums()
    for p in range(4):
        part = summed([item for item, q in zip(shuffled, parts, strict=True) if q == p])
        merged.merge(sums_from_record(sums_to_record(part)))
    assert merged == summed(items)


@given(events)
def test_state_and_avro_bring_back_the_same(items: list[dict[str, Any]]) -> None:
    sums = summed(items)
    assert Sums.from_state(sums.to_state()) == sums
    schema, file = parsed("Metric"), io.BytesIO()
    record = {
        "metric_id": "x",
        "window_start": 0,
        "window_ms": 60_000,
        "tenant_id": "t",
        "model_version": "",
        "prompt_version": "",
        "segment": "",
        "sums": sums_to_record(sums),
    }
    schemaless_writer(file, schema, record)
    file.seek(0)
    assert sums_from_record(schemaless_reader(file, schema, None)["sums"]) == sums


def test_what_is_taken_back_is_as_if_it_had_not_been_but_for_the_join() -> None:
    sums = Sums()
    answer = head(retrieved=[{"doc_id": "d1", "score": 0.5}, {"doc_id": "d1", "score": 0.4}])
    sums.add_inference(answer)
    thumb: dict[str, Any] = {
        "explicit": True,
        "polarity": -1,
        "rated": True,
        "join_status": "late",
        "lag_ms": 5,
        "author": "user",
        "inference_head": answer,
    }
    sums.add_signal("thumbs", **thumb)
    assert (sums.negative, sums.rated, sums.docs) == (1, 1, {"d1": 1})
    assert sums.doc_negatives == {"d1": 1}
    sums.add_signal("thumbs", **thumb, sign=-1)
    assert (sums.negative, sums.late, sums.retracted) == (0, 1, 1)
    assert sums.kinds == sums.authors == sums.doc_rated == sums.doc_negatives == {}
    assert sums.signal_lag_ms == [0, 0, 0]


def test_implicit_signals_are_not_ratings() -> None:
    sums = Sums()
    sums.add_signal(
        "regenerate", explicit=False, polarity=-1, rated=False, join_status="matched", lag_ms=1
    )
    assert (sums.rated, sums.kinds, sums.authors) == (0, {"regenerate": 1}, {})


def test_the_cap_keeps_the_worst_documents_and_every_total() -> None:
    sums = Sums()
    for i in range(MAX_DOCS + 50):
        sums.docs[f"d{i:04}"] = 3
    sums.doc_rated["d0300"] = sums.doc_negatives["d0300"] = 1
    record = sums_to_record(sums)
    assert len(record["docs"]) == MAX_DOCS + 1
    assert record["doc_negatives"] == {"d0300": 1}
    assert sum(record["docs"].values()) == 3 * (MAX_DOCS + 50)
    assert record["docs"][OTHER] == 3 * 50


def test_moments_fit_a_long_for_a_million_of_the_largest() -> None:
    sums = Sums()
    sums.add_inference(head(latency_ms=2**31 - 1))
    assert sums.latency_ms[2] * 1_000_000 < 2**63


@pytest.mark.parametrize("edges", BINS.values(), ids=BINS)
def test_edges_rise_and_each_value_has_its_bin(edges: tuple[int, ...]) -> None:
    assert all(a < b for a, b in pairwise(edges))
    for i, edge in enumerate(edges):
        assert (bin_of(edges, edge - 1), bin_of(edges, edge)) == (i, i + 1)
    assert len(middles(edges)) == len(edges) + 1
    assert all(a < b for a, b in pairwise(middles(edges)))


def test_quantiles_are_right_within_a_bin() -> None:
    values = range(100, 10_000, 7)
    bins = Counter(bin_of(LATENCY_EDGES_MS, value) for value in values)
    for q in (0.05, 0.5, 0.95):
        got = quantile(LATENCY_EDGES_MS, bins, q)
        assert got == pytest.approx(values[int(q * len(values))], rel=0.13)
    assert quantile(LATENCY_EDGES_MS, {}, 0.5) is None
    assert quantile(SCORE_EDGES, {0: 5}, 0.5) == -1_000
    assert quantile(LATENCY_EDGES_MS, {0: 1, len(LATENCY_EDGES_MS): 9}, 0.5) == LATENCY_EDGES_MS[-1]
