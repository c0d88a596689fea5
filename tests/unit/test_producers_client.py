"""The client with nothing to talk to: it counts, bounds, refuses and never waits."""

import os
import threading
import time
from collections.abc import Iterator

import pytest

from producers import Envelope, FeedbackClient
from producers.backlog import Backlog
from producers.tally import Tally
from schemas.catalog import parsed
from schemas.codec import decode
from schemas.errors import ConfigError, InvalidRecord
from schemas.settings import KafkaSettings, ProducerSettings, RegistrySettings, Settings

NOWHERE = Settings(
    kafka=KafkaSettings(bootstrap="127.0.0.1:1"),
    registry=RegistrySettings(url="http://127.0.0.1:1"),
    producer=ProducerSettings(max_queued=5),
)


class Kept:
    """An overflow that keeps everything."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    def take(self, envelope: Envelope) -> bool:
        self.envelopes.append(envelope)
        return True


@pytest.fixture
def client() -> Iterator[FeedbackClient]:
    client = FeedbackClient(NOWHERE, tenant_id="acme")
    yield client
    client.close(0)


def test_a_full_queue_refuses_and_counts(client: FeedbackClient) -> None:
    for _ in range(8):
        client.thumbs("i1", "s1", up=True)
    stats = client.stats()
    assert (stats.accepted, stats.queued, stats.refused) == (5, 5, 3)
    assert (stats.delivered, stats.failed, stats.invalid, stats.spilled) == (0, 0, 0, 0)


def test_the_queue_is_bounded_in_bytes_too() -> None:
    limit = ProducerSettings(max_queued_bytes=10_000)
    settings = Settings(kafka=NOWHERE.kafka, registry=NOWHERE.registry, producer=limit)
    client = FeedbackClient(settings, tenant_id="acme")
    for _ in range(20):
        client.comment("i1", "s1", "x" * 900)
    stats = client.stats()
    client.close(0)
    assert 8 <= stats.accepted <= 10
    assert stats.accepted + stats.refused == 20


def test_what_finds_no_room_goes_to_the_overflow() -> None:
    overflow = Kept()
    client = FeedbackClient(NOWHERE, tenant_id="acme", overflow=overflow)
    ids = [client.copy("i1", f"s{n}") for n in range(7)]
    stats = client.stats()
    client.close(0)
    assert (stats.accepted, stats.spilled, stats.refused) == (5, 2, 0)
    assert [envelope.event_id for envelope in overflow.envelopes] == ids[5:]
    assert [envelope.key for envelope in overflow.envelopes] == [b"s5", b"s6"]


def test_an_invalid_event_is_refused_at_once(client: FeedbackClient) -> None:
    with pytest.raises(InvalidRecord, match=r"<= 1.0 - at `\$.value`"):
        client.rating("i1", "s1", 3)
    with pytest.raises(InvalidRecord, match="lone surrogate"):
        client.comment("i1", "s1", "\ud83d")
    with pytest.raises(InvalidRecord, match="too_large"):
        client.comment("i1", "s1", "x" * 1_000_000)
    with pytest.raises(InvalidRecord, match="looks like seconds"):
        client.copy("i1", "s1", event_time=1_790_000_000)
    with pytest.raises(InvalidRecord, match="tenant_id"):
        FeedbackClient.copy(_without_tenant(client), "i1", "s1")
    assert client.stats().invalid == 5
    assert client.stats().accepted == 0


def _without_tenant(client: FeedbackClient) -> FeedbackClient:
    client._tenant_id = None
    return client


def test_every_shortcut_makes_the_event_it_names() -> None:
    overflow = Kept()
    settings = Settings(
        kafka=NOWHERE.kafka, registry=NOWHERE.registry, producer=ProducerSettings(max_queued=0)
    )
    before_ms = time.time_ns() // 1_000_000
    with FeedbackClient(settings, tenant_id="acme", source="app", overflow=overflow) as client:
        first = client.thumbs("i1", "s1", up=False, author="reviewer", user_id="u1")
        client.stars("i1", "s1", 4)
        client.label("i1", "s1", "wrong price", -1)
        client.comment("i1", "s1", "hm")
        client.correction("i1", "s1", "14 days")
        client.retract("i1", "s1", first)
        client.copy("i1", "s1")
        client.edit("i1", "s1", "new text")
        client.click("i1", "s1", "kb-1")
        client.dwell("i1", "s1", 4.5)
        client.regenerate("i1", "s1")
        client.impression("i1", "s1")
        client.session_end("s1")
    records = [decode(parsed(str(e.topic.schema)), e.body) for e in overflow.envelopes]
    assert [(r["kind"], r["value"]) for r in records] == [
        ("thumbs", -1.0),
        ("rating", 0.5),
        ("label", -1.0),
        ("comment", None),
        ("correction", None),
        ("retract", None),
        ("copy", None),
        ("edit", None),
        ("click", None),
        ("dwell", 4.5),
        ("regenerate", None),
        ("impression", None),
        ("session_end", None),
    ]
    assert records[0]["event_id"] == records[5]["retracts"] == first
    assert (records[0]["author"], records[0]["user_id"], records[0]["source"]) == (
        "reviewer",
        "u1",
        "app",
    )
    assert (records[4]["correction"], records[7]["edited_text"]) == ("14 days", "new text")
    assert records[8]["target"] == "kb-1"
    assert records[12]["inference_id"] is None
    assert all(r["event_time"] >= before_ms and r["tenant_id"] == "acme" for r in records)


def test_an_inference_carries_everything(client: FeedbackClient) -> None:
    overflow = Kept()
    client._overflow = overflow
    client._closed = False
    for _ in range(6):  # five find room
        number = client.inference(
            session_id="s1",
            model_version="m",
            prompt_version="p",
            latency_ms=10,
            input_tokens=20,
            output_tokens=30,
            segment="web",
            attributes={"plan": "pro"},
            retrieved=["d1", {"doc_id": "d2", "score": 0.5}],
            messages=[{"role": "user", "content": "hello"}],
            response="hi",
        )
    record = decode(parsed("Inference"), overflow.envelopes[0].body)
    assert record["inference_id"] == number
    assert record["retrieved"] == [
        {"doc_id": "d1", "score": None},
        {"doc_id": "d2", "score": 0.5},
    ]
    assert record["messages"] == [{"role": "user", "content": "hello"}]
    assert (record["status"], record["segment"], record["response"]) == ("ok", "web", "hi")


def test_flush_says_how_many_are_left_and_close_drops_later_events(client: FeedbackClient) -> None:
    client.copy("i1", "s1")
    assert client.flush(0.01) == 1
    assert client.close(0.01) == 1
    client.copy("i1", "s1")
    assert client.stats().refused == 1
    assert client.close() == 0  # again: nothing to do


def test_a_person_can_read_why_events_wait(client: FeedbackClient) -> None:
    limit = time.monotonic() + 10
    while client.problem is None:
        assert time.monotonic() < limit
    assert "Kafka at 127.0.0.1:1 doesn't answer" in client.problem


def test_many_threads_lose_no_count() -> None:
    settings = Settings(kafka=NOWHERE.kafka, registry=NOWHERE.registry)
    client = FeedbackClient(settings, tenant_id="acme")
    threads = [
        threading.Thread(target=lambda: [client.copy("i1", "s1") for _ in range(500)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = client.stats()
    client.close(0)
    assert stats.accepted == stats.queued == 4_000


def test_a_forked_child_is_told_to_make_its_own_client(client: FeedbackClient) -> None:
    client._pid = os.getpid() + 1  # what a child after a fork sees
    with pytest.raises(ConfigError, match="make one in each process, after the fork"):
        client.copy("i1", "s1")
    assert client.close() == 0
    client._pid = os.getpid()


def test_the_tally_always_adds_up() -> None:
    tally = Tally()
    for fate in ("accepted", "accepted", "accepted", "delivered", "failed"):
        tally.add(fate)
    stats = tally.stats()
    assert stats.accepted == stats.delivered + stats.failed + stats.queued
    assert tally.wait_idle(0) == 1
    threading.Timer(0.05, tally.add, ("delivered",)).start()
    assert tally.wait_idle(10) == 0


def test_the_backlog_gives_room_back() -> None:
    envelope = Kept()
    client = FeedbackClient(
        Settings(
            kafka=NOWHERE.kafka, registry=NOWHERE.registry, producer=ProducerSettings(max_queued=0)
        ),
        tenant_id="acme",
        overflow=envelope,
    )
    client.copy("i1", "s1")
    client.close(0)
    one = envelope.envelopes[0]
    backlog = Backlog(max_events=10, max_bytes=2 * one.size)
    assert [backlog.put(one) for _ in range(3)] == [True, True, False]
    backlog.drop_first()
    assert backlog.put(one)
    assert len(backlog) == 2
