"""Search on the real store: by meaning, across kinds, each text embedded once."""

import time
from collections.abc import Iterator
from typing import Any

import clickhouse_connect
import numpy as np
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

from deploy.local.clickhouse import ClickHouse
from deploy.search.search import embedder_for, fit, refresh, search
from deploy.search.topic_fit import fit_topics
from deploy.search.vectors import KINDS, VectorStore
from producers.simulate import simulate
from schemas.errors import ConfigError
from schemas.settings import ClickHouseSettings
from sinks.create import create_tables

pytestmark = pytest.mark.broker

WRONG_PERIOD = "The return period it names is wrong, 14 days are right"


@pytest.fixture(scope="module")
def stored(clickhouse: ClickHouse) -> Iterator[tuple[Client, ClickHouseSettings]]:
    """A store with the demo's texts and one complaint of our own."""
    name = f"search_{time.monotonic_ns()}"
    clickhouse.run(f"CREATE DATABASE {name}")
    settings = ClickHouseSettings(host=clickhouse.host, port=clickhouse.port, database=name)
    client = clickhouse_connect.get_client(
        host=clickhouse.host, port=clickhouse.port, database=name
    )
    create_tables(client, settings)
    start_ms = time.time_ns() // 1_000_000 - 7 * 3_600_000  # older texts the store would drop
    events = list(simulate("demo", 7, 2_000, start_ms))
    fill(client, "inferences", [e.fields for e in events if e.kind == "inference"])
    said = [e.fields for e in events if e.kind == "feedback"]
    own = {**said[0], "event_id": "own", "kind": "comment", "comment": WRONG_PERIOD}
    fill(client, "signals", [*said, own, {**own, "event_id": "own-2"}])
    yield client, settings
    client.close()
    clickhouse.run(f"DROP DATABASE {name}")


def fill(client: Client, table: str, rows: list[dict[str, Any]]) -> None:
    names = ("tenant_id", "event_time", "inference_id", "prompt_version", "model_version")
    texts = ("messages",) if table == "inferences" else ("comment", "correction", "edited_text")
    schema = {name: pa.string() for name in (*names, *texts)}
    schema["event_time"] = pa.timestamp("ms", tz="UTC")
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    if table == "inferences":
        schema["messages"] = pa.list_(turn)
    default = {"prompt_version": "p1", "model_version": "m1"}
    columns = {
        name: pa.array([{**default, **row}.get(name) for row in rows], kind)
        for name, kind in schema.items()
    }
    client.insert_arrow(table, pa.table(columns))


@pytest.fixture(scope="module")
def store(stored: tuple[Client, ClickHouseSettings]) -> VectorStore:
    return VectorStore(*stored)


def test_a_text_is_found_by_what_it_is_about(store: VectorStore) -> None:
    embedder = embedder_for(store, "", KINDS)
    seen: list[int] = []
    assert refresh(store, embedder, KINDS, seen.append) == seen[-1] > 100
    hits = search(store, embedder, "wrong return period named", ["comment"])
    assert hits[0].text == WRONG_PERIOD
    assert hits[0].times == 2
    assert hits[0].nearness > 0.5
    assert hits == sorted(hits, key=lambda hit: -hit.nearness)
    prompts = search(store, embedder, "I lost the phone with my passkey", ["prompt"], most=5)
    assert all("phone" in hit.text or "passkey" in hit.text for hit in prompts)


def test_a_text_gets_its_vector_once(store: VectorStore) -> None:
    embedder = embedder_for(store, "", KINDS)
    refresh(store, embedder, KINDS, lambda _: None)
    assert refresh(store, embedder, KINDS, lambda _: None) == 0


def test_another_tenant_sees_nothing_of_it(store: VectorStore) -> None:
    embedder = embedder_for(store, "", KINDS)
    refresh(store, embedder, KINDS, lambda _: None)
    assert search(store, embedder, "return period", KINDS, tenant="nobody") == []


def test_the_embedder_is_kept_and_can_be_fitted_anew(store: VectorStore) -> None:
    first = embedder_for(store, "", KINDS)
    assert embedder_for(store, "", KINDS).version == first.version
    again = fit(store, ["comment", "correction", "prompt"])
    assert embedder_for(store, "", KINDS).version == again.version


def test_an_empty_question_is_told(store: VectorStore) -> None:
    with pytest.raises(ConfigError, match="--refit"):
        search(store, embedder_for(store, "", KINDS), " ", KINDS)


class Own:
    version = "own-2"

    def embed(self, texts: list[str]) -> Any:
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


def test_an_own_embedder_takes_its_place(store: VectorStore) -> None:
    embedder = embedder_for(store, f"{__name__}:Own", KINDS)
    assert embedder.version == "own-2"
    refresh(store, embedder, ["comment"], lambda _: None)
    assert search(store, embedder, "x" * 50, ["comment"], most=1)


def test_a_topic_model_is_fitted_on_the_prompts_of_a_period(
    stored: tuple[Client, ClickHouseSettings],
) -> None:
    client = stored[0]
    now_ms = time.time_ns() // 1_000_000
    model, prompts = fit_topics(client, 0, now_ms, 4)
    assert len(prompts) > 100
    assert set(model.names) <= set(model.label(prompts))
    for from_ms, tenant in ((now_ms - 1, ""), (0, "o'neil")):
        with pytest.raises(ConfigError, match="no prompt in that period"):
            fit_topics(client, from_ms, now_ms, 4, tenant)
