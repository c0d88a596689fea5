"""The join's promises, as tables of cases; each case is also run with a restart at every point."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from schemas.catalog import parsed
from schemas.codec import encode, frame
from schemas.errors import ConfigError
from schemas.settings import JoinSettings
from schemas.topics import INFERENCE_REDACTED, PARTIALS
from stream_jobs.join.flushes import FLUSH_PATIENCE_MS
from stream_jobs.stage import Chunk
from tests.unit.join_driver import (
    HOUR,
    MINUTE,
    Driver,
    Result,
    feedback,
    flush,
    inference,
    interaction,
)

SETTINGS = JoinSettings(
    window_ms=HOUR,
    lateness_ms=MINUTE,
    orphan_ttl_ms=10 * MINUTE,
    session_gap_ms=30 * MINUTE,
    session_hold_ms=0,
    arrival_hold_ms=0,
    align_wait_ms=0,
)
Event = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    name: str
    given: list[Event]
    enriched: list[tuple[str, str, str | None]]
    totals: dict[str, int] = field(default_factory=dict)
    hot_store: dict[str, dict[str, Any]] = field(default_factory=dict)
    step_ms: int = 0  # of wall clock between two events; 0: what came last is all still young
    about: dict[str, int] = field(default_factory=dict)  # totals under the version `m1`


CASES = [
    Case(
        "signal after its inference",
        [inference("i1", 0), feedback("f1", "i1", 1), flush()],
        [("f1", "matched", "i1")],
        {"inferences": 1, "matched": 1, "positive": 1, "orphans": 0},
    ),
    Case(
        "signal before its inference",
        [feedback("f1", "i1", 0), inference("i1", 0.5), flush()],
        [("f1", "matched", "i1")],
        {"matched": 1},
    ),
    Case(
        # i2 … i4 move the inference side past the signal by more than ten minutes
        "orphan is decided when the inference side has passed it",
        [
            inference("i1", 0),
            feedback("f1", "ghost", 1),
            feedback("f0", "i1", 2),
            *(inference(f"i{n}", 6 * n, session=f"s{n}") for n in (2, 3)),
            feedback("f2", "i2", 19),
        ],
        [("f0", "matched", "i1"), ("f1", "orphan", None), ("f2", "matched", "i2")],
    ),
    Case(
        "orphan is found in the hot store: within the window it counts as matched",
        [feedback("f1", "old", 1), flush()],
        [("f1", "matched", "old")],
        {"matched": 1, "orphans": 0},
        {"old": inference("old", 0)[1]},
    ),
    Case(
        "late: found in the hot store, after the window",
        [feedback("f1", "old", 90), flush()],
        [("f1", "late", "old")],
        {"late": 1},
        {"old": inference("old", 0)[1]},
    ),
    Case(
        "duplicate signals are counted once",
        [
            inference("i1", 0),
            feedback("f1", "i1", 1),
            feedback("f1", "i1", 1),
            feedback("f1", "i1", 1),
            flush(),
        ],
        [("f1", "matched", "i1")],
        {"matched": 1, "positive": 1, "duplicates": 2},
    ),
    Case(
        "duplicate of a signal that still waits",
        [feedback("f1", "i1", 0), feedback("f1", "i1", 0), inference("i1", 0.5), flush()],
        [("f1", "matched", "i1")],
        {"matched": 1, "duplicates": 1},
        about={"matched": 1, "duplicates": 1},
    ),
    Case(
        "duplicates before and after the inference are counted where the signal is",
        [
            feedback("f1", "i1", 0),
            feedback("f1", "i1", 0),
            inference("i1", 0.5),
            feedback("f1", "i1", 0),
            flush(),
        ],
        [("f1", "matched", "i1")],
        {"duplicates": 2},
        about={"duplicates": 2},
    ),
    Case(
        "duplicates of a late signal are counted where it is",
        [feedback("f1", "old", 90), feedback("f1", "old", 90), flush()],
        [("f1", "late", "old")],
        about={"late": 1, "duplicates": 1},
        hot_store={"old": inference("old", 0)[1]},
    ),
    Case(
        "the same inference again is counted once",
        [inference("i1", 0), inference("i1", 0), feedback("f1", "i1", 1), flush()],
        [("f1", "matched", "i1")],
        {"inferences": 1},
    ),
    Case(
        "retract takes the judgement back, both records stay",
        [
            inference("i1", 0),
            feedback("f1", "i1", 1, value=-1.0),
            feedback("f2", "i1", 3, kind="retract", value=None, retracts="f1"),
            interaction("e", "i1", 4, "session_end"),
            flush(),
        ],
        [("f1", "matched", "i1"), ("f2", "matched", "i1"), ("e", "matched", "i1")],
        {"negative": 0, "retracted": 1, "matched": 3},
    ),
    Case(
        "retract that comes before what it takes back",
        [
            inference("i1", 0),
            feedback("f2", "i1", 3, kind="retract", value=None, retracts="f1"),
            feedback("f1", "i1", 3.1, value=-1.0),
            interaction("e", "i1", 4, "session_end"),
            flush(),
        ],
        [("f2", "matched", "i1"), ("f1", "matched", "i1"), ("e", "matched", "i1")],
        {"negative": 0, "retracted": 1},
    ),
    Case(
        "retract and what it takes back both wait for the inference",
        [
            feedback("f2", "i1", 3, kind="retract", value=None, retracts="f1"),
            feedback("f1", "i1", 3.1, value=-1.0),
            inference("i1", 3.2),
            interaction("e", "i1", 4, "session_end"),
            flush(),
        ],
        [("f2", "matched", "i1"), ("f1", "matched", "i1"), ("e", "matched", "i1")],
        {"negative": 0, "retracted": 1},
    ),
    Case(
        # a restart between the repeat and the flush must not take the repeat for the first one
        "a repeat of a retract that still waits",
        [
            inference("i1", 0),
            feedback("f1", "i1", 1, value=-1.0),
            feedback("f2", "ghost", 2, kind="retract", value=None, retracts="f1"),
            feedback("f2", "ghost", 2, kind="retract", value=None, retracts="f1"),
            interaction("e", "i1", 4, "session_end"),
            flush(),
        ],
        [("f1", "matched", "i1"), ("e", "matched", "i1"), ("f2", "orphan", None)],
        {"negative": 0, "retracted": 1, "duplicates": 1},
    ),
    Case(
        # f2 moves the clock past the life of f1, which waits on: no inference came at all
        "a signal that is sent again while it waits longer than it is remembered",
        [
            feedback("f1", "old", 0),
            feedback("f2", "ghost", 90),
            feedback("f1", "old", 0),
            feedback("f1", "old", 0),
            inference("old", 91),
            flush(),
        ],
        [("f1", "matched", "old"), ("f2", "orphan", None)],
        {"matched": 1, "orphans": 1, "duplicates": 2},
        step_ms=1,
    ),
    Case(
        "a retract that names another inference takes back where the signal was counted",
        [
            inference("i1", 0),
            inference("i2", 1, model_version="m2"),
            feedback("f1", "i1", 2, value=-1.0),
            feedback("f2", "i2", 3, kind="retract", value=None, retracts="f1"),
            interaction("e", "i2", 4, "session_end"),
            flush(),
        ],
        [("f1", "matched", "i1"), ("f2", "matched", "i2"), ("e", "matched", "i2")],
        {"negative": 0, "retracted": 1},
    ),
    Case(
        # i1 is forgotten: where f1 was counted is known to nobody
        "unless that is forgotten: then it takes nothing back, and shifts nothing",
        [
            inference("i1", 0),
            feedback("f1", "i1", 59, value=-1.0),
            inference("i2", 62, session="z", model_version="m2"),
            feedback("f2", "i2", 63, session="z", kind="retract", value=None, retracts="f1"),
            interaction("e", "i2", 64, "session_end", session="z"),
            flush(),
        ],
        [
            ("abandonment", "matched", "i1"),
            ("f1", "matched", "i1"),
            ("f2", "matched", "i2"),
            ("e", "matched", "i2"),
        ],
        {"negative": 1, "retracted": 0},
        step_ms=1,
    ),
    Case(
        # f1 comes when the retract is no longer remembered: a restart doesn't remember it either
        "a retract is forgotten after the window, whether there was a restart or not",
        [
            inference("i0", 0),
            feedback("r0", "i0", 1, kind="retract", value=None, retracts="x"),
            feedback("r1", "i0", 0, kind="retract", value=None, retracts="f1"),
            interaction("e", "i0", 2, "session_end"),
            inference("i1", 60.5),
            feedback("f1", "i1", 60.6, value=-1.0),
            interaction("e2", "i1", 61, "session_end"),
            flush(),
        ],
        [
            ("r0", "matched", "i0"),
            ("r1", "matched", "i0"),
            ("e", "matched", "i0"),
            ("f1", "matched", "i1"),
            ("e2", "matched", "i1"),
        ],
        {"negative": 1, "retracted": 0},
        step_ms=1,
    ),
    Case(
        "an edit that is taken back stays an edit",
        [
            inference("i1", 0),
            interaction("x", "i1", 1, "edit", edited_text="another"),
            feedback("f2", "i1", 2, kind="retract", value=None, retracts="x"),
            interaction("e", "i1", 4, "session_end"),
            flush(),
        ],
        [("x", "matched", "i1"), ("f2", "matched", "i1"), ("e", "matched", "i1")],
        {"edits": 1, "retracted": 1},
    ),
    Case(
        "also when the retract comes first",
        [
            inference("i1", 0),
            feedback("f2", "i1", 1, kind="retract", value=None, retracts="x"),
            interaction("x", "i1", 2, "edit", edited_text="another"),
            interaction("e", "i1", 4, "session_end"),
            flush(),
        ],
        [("f2", "matched", "i1"), ("x", "matched", "i1"), ("e", "matched", "i1")],
        {"edits": 1, "retracted": 1},
    ),
    Case(
        "a second retract of the same signal changes nothing",
        [
            inference("i1", 0),
            feedback("f1", "i1", 1, value=-1.0),
            feedback("f2", "i1", 2, kind="retract", value=None, retracts="f1"),
            feedback("f3", "i1", 3, kind="retract", value=None, retracts="f1"),
            interaction("e", "i1", 4, "session_end"),
            flush(),
        ],
        [
            ("f1", "matched", "i1"),
            ("f2", "matched", "i1"),
            ("f3", "matched", "i1"),
            ("e", "matched", "i1"),
        ],
        {"negative": 0, "retracted": 1},
    ),
    Case(
        "a session without a good end is abandoned after the gap",
        [
            inference("i1", 0),
            inference("i2", 2),
            feedback("f1", "i2", 3, value=-1.0),
            inference("other", 40, session="s2"),
            feedback("f2", "other", 41, session="s2"),
            flush(),
        ],
        [("f1", "matched", "i2"), ("abandonment", "matched", "i2"), ("f2", "matched", "other")],
    ),
    Case(
        "a positive signal for the last inference is a good end",
        [inference("i1", 0), interaction("c", "i1", 1, "copy"), inference("z", 50, "z"), flush()],
        [("c", "matched", "i1"), ("abandonment", "matched", "z")],
    ),
    Case(
        "a positive signal that was taken back is none",
        [
            inference("i1", 0),
            feedback("f1", "i1", 1),
            feedback("f2", "i1", 2, kind="retract", value=None, retracts="f1"),
            flush(),
        ],
        [("f1", "matched", "i1"), ("f2", "matched", "i1"), ("abandonment", "matched", "i1")],
    ),
    Case(
        "session_end without an inference_id belongs to the session's latest inference",
        [inference("i1", 0), interaction("e", None, 1, "session_end"), flush()],
        [("e", "matched", "i1")],
    ),
    Case(
        "a session-level signal of an unknown session is an orphan at once",
        [interaction("e", None, 1, "dwell"), flush()],
        [("e", "orphan", None)],
        {"orphans": 1},
    ),
    Case(
        "two flushes: what comes after the first is not lost",
        [
            inference("i1", 0),
            feedback("f1", "i1", 1),
            flush("a"),
            feedback("f2", "ghost", 2),
            flush("b"),
        ],
        [("f1", "matched", "i1"), ("f2", "orphan", None)],
        {"inferences": 1, "matched": 1, "orphans": 1},
    ),
]


def run(case: Case, restart_at: int | None = None) -> Result:
    driver = Driver(SETTINGS, case.hot_store)
    for number, event in enumerate(case.given):
        if number == restart_at:
            driver.restart()
        driver.append(event)
        driver.poll()
        driver.wait(case.step_ms)
    if restart_at == len(case.given):
        driver.restart()
        driver.poll()
    return driver.result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_signal_is_enriched_once(case: Case) -> None:
    for cut in (None, *range(len(case.given) + 1)):  # a restart anywhere changes nothing
        result = run(case, cut)
        assert result.enriched == case.enriched, f"restart at {cut}"
        for name, total in case.totals.items():
            assert result.total(name) == total, f"{name}, restart at {cut}"
        for name, total in case.about.items():
            assert result.total(name, "m1") == total, f"{name} of the version, restart at {cut}"


def test_all_in_one_chunk_is_the_same_set() -> None:
    """Chunk borders decide nothing but the order across topics."""
    for case in CASES:
        driver = Driver(SETTINGS, case.hot_store)
        for event in case.given:
            driver.append(event)
            driver.wait(case.step_ms)
        driver.poll()
        assert sorted(driver.result.enriched, key=str) == sorted(case.enriched, key=str), case.name
        for name, total in case.totals.items():
            assert driver.result.total(name) == total, (case.name, name)


def test_a_session_is_abandoned_though_the_next_record_comes_hours_later() -> None:
    """Both clocks jump past the inference's life with the record that ends its session."""
    driver = Driver(SETTINGS)
    driver.append(inference("i1", 0))
    driver.wait(3 * HOUR)
    driver.append(inference("i2", 180, session="z"))
    driver.poll()
    assert driver.result.enriched == [("abandonment", "matched", "i1")]


def test_a_commit_before_memory_is_refilled_forgets_nothing() -> None:
    driver = Driver(SETTINGS)
    driver.append(feedback("f1", "i1", 0))
    driver.poll()
    committed = driver.checkpoint
    driver.restart()
    driver.step()  # nothing has been read again yet
    assert driver.checkpoint == committed
    driver.restart()
    driver.append(inference("i1", 1))
    driver.poll()
    assert driver.result.enriched == [("f1", "matched", "i1")]


def test_while_memory_refills_there_is_nothing_new_to_commit() -> None:
    """One topic is read past the end of an aborted transaction, another not yet at all."""
    driver = Driver(SETTINGS)
    driver.append(feedback("f1", "i1", 0))
    driver.append(inference("i0", 0))
    driver.poll()
    driver.restart()
    ahead = Chunk(INFERENCE_REDACTED.name, [], 9, at_end=True)
    driver.stage.offer(ahead, driver.now_ms)
    driver.step()
    assert driver.checkpoint is not None
    assert driver.checkpoint[0][INFERENCE_REDACTED.name] == 1
    assert driver.stage.stats()["waiting"] == 0  # what waits has not been read again yet
    driver.restart()
    driver.poll()
    assert driver.stage.stats()["waiting"] == 1


def test_a_memory_too_short_for_abandonment_is_refused() -> None:
    """It would lose every abandoned session without a word."""
    gap = {"session_gap_ms": 30 * MINUTE, "lateness_ms": MINUTE, "align_wait_ms": 0}
    with pytest.raises(ConfigError, match="it at least 1860000"):
        Driver(JoinSettings(window_ms=31 * MINUTE - 1, **gap))
    with pytest.raises(ConfigError, match="ARRIVAL_HOLD_MS=9999 forgets a bulk load"):
        Driver(JoinSettings(window_ms=31 * MINUTE, arrival_hold_ms=9_999, **gap))
    driver = Driver(JoinSettings(window_ms=31 * MINUTE, arrival_hold_ms=10_000, **gap))
    for number in range(40):
        driver.wait(MINUTE)
        driver.append(inference(f"i{number}", number, session=f"s{number}"))
        driver.poll()
    about = [inference_id for _, _, inference_id in driver.result.enriched]
    assert about == [f"i{number}" for number in range(9)]  # 30 minutes + 1 before minute 39


def test_a_commit_between_an_answer_and_the_next_step_loses_nothing() -> None:
    driver = Driver(SETTINGS)
    driver.append(feedback("f1", "ghost", 0))
    driver.append(flush())
    for topic, log in driver.log.items():
        driver.stage.offer(Chunk(topic, log, len(log), at_end=True), driver.now_ms)
    assert {record.topic for record in driver.stage.step(driver.now_ms)} == {PARTIALS.name}
    driver.stage.found(dict.fromkeys(driver.stage.wanted()), driver.now_ms)
    stage = driver.stage
    driver.checkpoint = stage.next_offsets(), stage.rewind_offsets(), stage.snapshot()
    driver.restart()
    driver.poll()
    assert driver.result.enriched == [("f1", "orphan", None)]


@pytest.mark.parametrize("restart", [False, True])
def test_a_flush_with_the_hot_store_away_does_not_stop_the_partition(restart: bool) -> None:
    driver = Driver(SETTINGS)
    driver.away = True
    for event in (inference("i1", 0), feedback("f1", "ghost", 0), flush()):
        driver.append(event)
    for event in (inference("i2", 1), feedback("f2", "i2", 1)):
        driver.append(event)
    driver.poll()
    driver.wait(FLUSH_PATIENCE_MS - 1)
    driver.poll()
    assert driver.result.enriched == []  # it may still answer
    driver.wait(1)
    driver.poll()
    assert driver.stage.stats()["due"] == 1  # a drain waits for it
    gone = ("abandonment", "matched", "i1")
    assert driver.result.enriched == [gone, ("f2", "matched", "i2")]
    driver.away = False
    if restart:
        driver.restart()
    else:
        driver.stage.found(dict.fromkeys(driver.unanswered), driver.now_ms)
    driver.poll()
    assert driver.result.enriched[2:] == [("f1", "orphan", None)]
    assert driver.stage.stats()["due"] == 0


@pytest.mark.parametrize("restarts", [0, 1, 2])
def test_an_inference_that_was_set_aside_is_not_remembered_after_a_restart(restarts: int) -> None:
    """Its head is fine: only who reads all of it can tell. The one before makes it read again."""
    spoilt = frame(1, encode(parsed("Inference"), inference("i1", 0)[1]) + b"!")
    driver = Driver(SETTINGS)
    driver.append(inference("i0", 0))
    driver.raw(INFERENCE_REDACTED.name, spoilt)
    driver.poll()
    for _ in range(restarts):
        driver.restart()
        driver.poll()
    driver.append(feedback("f0", "i0", 1))
    driver.append(feedback("f1", "i1", 1))
    driver.append(flush())
    driver.poll()
    assert driver.result.enriched == [("f0", "matched", "i0"), ("f1", "orphan", None)]
    assert [letter["reason"] for letter in driver.result.dead] == ["trailing_bytes"]
