"""What actions carry, asked of a real ClickHouse: complaints, documents, a queue for reviewers."""

from collections.abc import Iterator
from typing import Any

import clickhouse_connect
import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from schemas.settings import Settings, clickhouse_config
from sinks.clickhouse import ClickHouse
from stream_jobs.act.contents import Request
from stream_jobs.runtime.contents import ContentsStores
from stream_jobs.stage import ContentsKey

NOW = 1_790_000_000_000
HOUR = 3_600_000

pytestmark = pytest.mark.broker


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    store = ClickHouse(settings.clickhouse)
    store.open()
    store.close()
    client = clickhouse_connect.get_client(**clickhouse_config(settings.clickhouse))
    yield client
    client.close()


def signal(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "enriched_id": f"e{number}",
        "join_status": "matched",
        "polarity": -1,
        "signal_type": "feedback",
        "rated": True,
        "event_id": f"s{number}",
        "inference_id": f"i{number}",
        "session_id": "x",
        "tenant_id": "acme",
        "event_time": NOW - 60_000,
        "kind": "thumbs",
        "author": "user",
        "source": "web",
        "retracts": "",
        "comment": None,
        "correction": None,
        "model_version": "m1",
        "prompt_version": "p2",
        "segment": "web",
        "doc_ids": [],
        **fields,
    }


def insert(client: Client, table: str, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    client.insert(table, [[row[name] for name in names] for row in rows], column_names=names)


def ask(settings: Settings, part: str, **fields: Any) -> dict[str, Any]:
    request = Request(
        **{
            "action_id": "a1",
            "sequence": 0,
            "parts": (part,),
            "tenant_id": "acme",
            "where": {"segment": "web"},
            "documents": (),
            "from_ms": NOW - HOUR,
            "to_ms": NOW,
            **fields,
        }
    )
    key = ContentsKey("a1", 0, msgspec.json.encode(request))
    found = ContentsStores(settings).find([key])[key]
    assert found is not None
    return found


def test_complaints_come_in_groups_with_what_people_wrote(
    settings: Settings, client: Client
) -> None:
    slow = [f"the answer about my invoice number {n} was wrong" for n in range(6)]
    late = [f"delivery date {n} in the reply was outdated" for n in range(4)]
    rows = [signal(n, kind="comment", comment=text) for n, text in enumerate([*slow, *late])]
    rows += [
        signal(20, comment="not this tenant", tenant_id="other"),
        signal(21, comment="not this segment", segment="app"),
        signal(22, comment="praise", polarity=1),
        signal(23, comment="taken back"),
        signal(24, kind="retract", polarity=0, rated=False, retracts="s23"),
        signal(25, comment="long ago", event_time=NOW - 2 * HOUR),
        signal(26, kind="correction", correction="the invoice is due in May", comment=None),
    ]
    insert(client, "signals", rows)
    found = ask(settings, "clusters")
    assert found["missing"] == []
    texts = [c["text"] for one in found["clusters"] for c in one["comments"]]
    assert sum(one["size"] for one in found["clusters"]) == 11
    assert found["clusters"][0]["size"] >= 6
    assert "invoice" in found["clusters"][0]["terms"]
    assert not {"not this tenant", "not this segment", "praise", "taken back", "long ago"} & {
        *texts
    }


def test_bad_documents_come_with_the_questions_that_led_there(
    settings: Settings, client: Client
) -> None:
    bad = [signal(n, doc_ids=["d7", "d1"]) for n in range(12)]
    fine = [signal(100 + n, doc_ids=["d1"], polarity=1) for n in range(60)]
    insert(client, "signals", bad + fine)
    question = [("system", "be kind"), ("user", "how do I return it?"), ("assistant", "no idea")]
    names = ["inference_id", "session_id", "tenant_id", "event_time", "messages"]
    client.insert("inferences", [["i0", "x", "acme", NOW - 90_000, question]], column_names=names)
    documents = ask(settings, "documents")["documents"]
    assert [(d["doc_id"], d["negative"], d["rated"]) for d in documents] == [
        ("d7", 12, 12),
        ("d1", 12, 72),
    ]
    assert documents[0]["interval_low"] > 0.7
    assert documents[0]["queries"] == ["how do I return it?"]
    only = ask(settings, "documents", documents=("d1",))["documents"]
    assert [d["doc_id"] for d in only] == ["d1"]


def test_reviewers_get_the_answers_that_tell_most(settings: Settings, client: Client) -> None:
    insert(
        client,
        "signals",
        [
            signal(1, inference_id="both"),
            signal(2, inference_id="both", polarity=1),
            signal(3, inference_id="told", comment="wrong"),
            signal(4, inference_id="left", kind="regenerate", rated=False),
            signal(5, inference_id="liked", polarity=1),
        ],
    )
    queue = ask(settings, "queue")["queue"]
    assert [(one["inference_id"], one["reason"]) for one in queue] == [
        ("both", "conflicting"),
        ("left", "implicit"),
        ("told", "explained"),
    ]


def test_a_store_that_is_away_is_named_within_the_time(settings: Settings) -> None:
    away = msgspec.structs.replace(settings.clickhouse, port=1)
    found = ask(msgspec.structs.replace(settings, clickhouse=away), "clusters")
    [missing] = found["missing"]
    assert missing.startswith("clusters: ClickHouse at 127.0.0.1:1 gave no answer")
