"""The whole join against a simple model: any interleaving, any chunks, crashes anywhere.

Event times span less than the join's memory, so every repeat is known as one; the model then needs
no order: a set of inferences, a set of signals, and what was taken back.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import enriched_id
from schemas.polarity import is_rated, polarity
from schemas.settings import JoinSettings
from stream_jobs.runtime.spill import Spill
from stream_jobs.stage import Chunk, LookupKey, Outbound
from tests.unit.join_driver import (
    HOUR,
    MINUTE,
    Driver,
    feedback,
    flush,
    inference,
    interaction,
)

SETTINGS = JoinSettings(
    window_ms=HOUR,
    lateness_ms=MINUTE,
    orphan_ttl_ms=HOUR,
    session_gap_ms=20 * MINUTE,
    arrival_hold_ms=0,
    session_hold_ms=0,
    align_wait_ms=500,
)
CRAMPED = msgspec.structs.replace(SETTINGS, max_waiting=1)
SPAN = 50  # minutes of event time
ANSWERS = ("i0", "i1")
ABOUT = st.sampled_from(("i0", "i0", "i1", "ghost"))
AT = st.floats(0, SPAN, allow_nan=False, width=16)
Event = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class World:
    """Every event there may be, by id: the same id is always the same event."""

    events: dict[str, Event]

    def id_of(self, name: str) -> str:
        """Return the id under which the join knows `name` again."""
        return str(self.events[name][1].get("event_id", name))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    events: dict[str, Event] = {}
    for number, name in enumerate(ANSWERS):
        events[name] = inference(name, draw(AT), session=f"s{number % 2}")
    for name in ("f0", "f1", "f2"):
        value = draw(st.sampled_from((1.0, -1.0, 0.0)))
        events[name] = feedback(name, draw(ABOUT), draw(AT), value=value)
    for name, kind in (("c0", "copy"), ("d0", "dwell"), ("e0", "session_end")):
        events[name] = interaction(name, draw(ABOUT), draw(AT), kind)
    for name in ("r0", "r1"):
        target = draw(st.sampled_from(("f0", "f0", "c0", "nothing")))
        about = events[target][1]["inference_id"] if target in events else draw(ABOUT)
        takes = {"kind": "retract", "value": None, "retracts": target}
        events[name] = feedback(name, about, draw(AT), **takes)
    return World(events)


class Crashing(Driver):
    """A driver whose fetches, steps, answers and commits are apart, as in the runtime."""

    def __init__(self, *, cramped: bool = False) -> None:
        if cramped:
            super().__init__(CRAMPED, bodies=lambda: Spill(150))
        else:
            super().__init__(SETTINGS)
        self.uncommitted: list[Outbound] = []
        self.asked: list[LookupKey] = []
        self.marks: list[int] = [0]

    def fetch(self, topic: str, most: int) -> None:
        start = self.read[topic]
        records = self.log[topic][start : start + most]
        self.read[topic] = start + len(records)
        at_end = self.read[topic] == len(self.log[topic])
        self.stage.offer(Chunk(topic, records, self.read[topic], at_end), self.now_ms)

    def work(self) -> None:
        self.uncommitted += self.stage.step(self.now_ms)
        self.asked += self.stage.wanted()
        self.marks.append(self.stage.stats()["watermark"])
        assert self.marks[-1] >= self.marks[-2], "the watermark moved back"

    def answer(self) -> None:
        asked, self.asked = self.asked, []
        self.stage.found(dict.fromkeys(asked), self.now_ms)

    def commit(self) -> None:
        following, rewind = self.stage.next_offsets(), self.stage.rewind_offsets()
        assert all(rewind[topic] <= following[topic] for topic in following)
        self.checkpoint = following, rewind, self.stage.snapshot()
        self.committed_mark = self.stage.stats()["watermark"]
        for record in self.uncommitted:
            self._take(record)
        self.uncommitted = []

    def crash(self) -> None:
        self.uncommitted, self.asked = [], []
        self.restart()
        committed = 0 if self.checkpoint is None else self.committed_mark
        assert self.stage.stats()["watermark"] == committed
        self.marks = [committed]

    def finish(self) -> None:
        """Go on until everything is read, decided and committed."""
        for _ in range(20):
            for topic in self.log:
                self.fetch(topic, len(self.log[topic]))
            self.work()
            self.answer()
            self.wait(1_000)
            self.work()
            self.commit()
        assert self.stage.next_offsets() == {topic: len(log) for topic, log in self.log.items()}
        assert self.stage.stats()["waiting"] == 0


NAMES = (*ANSWERS, "f0", "f1", "f2", "c0", "d0", "e0", "r0", "r1")
NEXT = st.sampled_from(
    ("all", "all", "one", "some", "work", "work", "idle", "commit", "commit", "answer", "crash")
)
STORIES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.lists(NEXT, max_size=5)), min_size=4, max_size=25
)
"""Events as they are sent, and what the runtime does after each."""


def play(
    world: World, story: list[tuple[str, list[str]]], flush_after: int, *, cramped: bool = False
) -> Crashing:
    """Return the driver at the end; a flush comes after event number `flush_after` and last."""
    driver = Crashing(cramped=cramped)
    topics = list(driver.log)
    for number, (name, verbs) in enumerate(story):
        driver.append(world.events[name])
        if number == flush_after:
            driver.append(flush("first"))
        for step, verb in enumerate(verbs):
            if verb in ("all", "one", "some"):
                chosen = topics if verb == "all" else [topics[(number + step) % 3]]
                for topic in chosen:
                    driver.fetch(topic, 2 if verb == "some" else 100)
            elif verb in ("work", "idle"):
                driver.wait(40_000 if verb == "idle" else 600)
                driver.work()
            else:
                getattr(driver, verb)()
    driver.append(flush("last"))
    driver.finish()
    return driver


def model(world: World, sent: list[str]) -> dict[str, Any]:
    """Return what the sums must be, whatever the order."""
    signals = {name: world.events[name][1] for name in sent if name not in ANSWERS}
    targets = {fields.get("retracts") for fields in signals.values()} & signals.keys()
    standing = {name: fields for name, fields in signals.items() if name not in targets}
    rated = [
        polarity(f["kind"], f["value"])
        for f in standing.values()
        if "author" in f and is_rated(f["kind"], f["value"])
    ]
    return {
        "inferences": len(set(sent) & set(ANSWERS)),
        "duplicates": sum(name not in ANSWERS for name in sent) - len(signals),
        "retracted": len(targets),
        "positive": rated.count(1),
        "negative": rated.count(-1),
        "neutral": rated.count(0),
        "kinds": dict(Counter(fields["kind"] for fields in standing.values())),
    }


def check(driver: Crashing, world: World, sent: list[str]) -> None:
    result = driver.result
    signals = {name for name in sent if name not in ANSWERS}
    events = Counter(name for name, _, _ in result.enriched if name != "abandonment")
    assert events == dict.fromkeys(signals, 1)
    ids = [body["enriched_id"] for body in result.bodies]
    assert len(ids) == len(set(ids))
    assert {enriched_id("t", name) for name in signals} <= set(ids)
    expected = model(world, sent)
    abandoned = len(ids) - len(signals)
    kinds = {kind: n for kind, n in result.kinds().items() if kind != "abandonment"}
    assert kinds == expected.pop("kinds")
    assert result.kinds().get("abandonment", 0) == abandoned
    assert {name: result.total(name) for name in expected} == expected
    assert sum(map(result.total, ("matched", "late", "orphans"))) == len(ids)
    assert not result.dead


@settings(max_examples=401)
@given(worlds(), STORIES, st.integers(0, 50))
def test_every_distinct_signal_is_enriched_once_and_counted_once(
    world: World, story: list[tuple[str, list[str]]], flush_after: int
) -> None:
    check(play(world, story, flush_after), world, [name for name, _ in story])


@settings(max_examples=200)
@given(worlds(), STORIES)
def test_a_signal_is_matched_if_its_inference_ever_came(
    world: World, story: list[tuple[str, list[str]]]
) -> None:
    """Without a flush in between and before the time to live has passed: then order is nothing."""
    sent = {name for name, _ in story}
    for name, status, about in play(world, story, flush_after=-1).result.enriched:
        if name != "abandonment":
            wanted = world.events[name][1]["inference_id"]
            expected = ("matched", wanted) if wanted in sent else ("orphan", None)
            assert (status, about) == expected, name


@settings(max_examples=150)
@given(worlds(), STORIES, st.integers(-1, 50))
def test_with_hardly_any_memory_every_signal_is_still_there_once(
    world: World, story: list[tuple[str, list[str]]], flush_after: int
) -> None:
    """No body but the last is in memory, and no signal is taken beside one that waits."""
    driver = play(world, story, flush_after, cramped=True)
    check(driver, world, [name for name, _ in story])
    if flush_after < 0:
        sent = {name for name, _ in story}
        for name, status, about in driver.result.enriched:
            if name != "abandonment":
                wanted = world.events[name][1]["inference_id"]
                expected = ("matched", wanted) if wanted in sent else ("orphan", None)
                assert (status, about) == expected, name
