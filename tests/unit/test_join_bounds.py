"""The join when too many signals wait: it reads on only what may end that, and decides as ever."""

import msgspec

from schemas.settings import JoinSettings
from tests.unit.join_driver import HOUR, MINUTE, Driver, feedback, flush, inference, interaction

SETTINGS = JoinSettings(
    window_ms=HOUR,
    lateness_ms=MINUTE,
    orphan_ttl_ms=10 * MINUTE,
    session_gap_ms=20 * MINUTE,
    session_hold_ms=0,
    arrival_hold_ms=0,
    align_wait_ms=0,
    max_waiting=1,
)


def test_inferences_are_taken_ahead_until_what_waits_is_decided() -> None:
    driver = Driver(SETTINGS)
    driver.append(feedback("f0", "ghost", 0))
    driver.append(feedback("f1", "other", 1))
    driver.append(feedback("f2", "i2", 2))
    driver.append(inference("i2", 2))
    driver.poll()
    assert driver.result.enriched == []
    assert driver.stage.stats()["waiting"] == 1  # f1 and f2 are still queued
    driver.append(inference("i9", 9))
    driver.poll()
    assert driver.result.enriched == []
    driver.append(inference("i12", 12))  # the inferences have passed f0 and f1 by ten minutes
    driver.poll()
    driver.poll()
    assert driver.result.enriched == [
        ("f0", "orphan", None),
        ("f1", "orphan", None),
        ("f2", "matched", "i2"),
    ]


def test_no_session_is_given_up_while_its_signals_are_kept_back() -> None:
    """The thumb at 5 lies behind one that waits; answers of an hour later are read before it."""
    driver = Driver(SETTINGS)
    driver.append(inference("i0", 0, session="kept"))
    driver.append(inference("i1", 0, session="left"))
    driver.poll()
    driver.append(feedback("f0", "ghost", 4))
    driver.append(feedback("f1", "i0", 5, session="kept"))
    driver.append(interaction("d1", "i1", 5, "dwell", session="left"))
    for minute in range(5, 14):
        driver.append(inference(f"later{minute}", minute, session="later"))
    driver.append(inference("far", 60, session="far"))
    driver.poll()
    driver.poll()
    driver.restart()
    driver.wait(10 * MINUTE)
    driver.poll()
    driver.poll()
    abandoned = {about for name, _, about in driver.result.enriched if name == "abandonment"}
    assert abandoned == {"i1", "later13"}
    assert ("f1", "matched", "i0") in driver.result.enriched


def test_a_flush_behind_signals_that_are_kept_back_is_reached() -> None:
    driver = Driver(SETTINGS)
    for number in range(5):
        driver.append(feedback(f"f{number}", f"ghost{number}", number))
    driver.append(inference("i0", 3))
    driver.append(flush())
    driver.append(inference("after", 90))
    for _ in range(12):
        driver.poll()
    assert [name for name, _, _ in driver.result.enriched] == [f"f{n}" for n in range(5)] + [
        "abandonment"
    ]
    assert [p["kind"] for p in driver.result.partials].count("flush") == 1
    assert driver.stage.next_offsets() == {topic: len(log) for topic, log in driver.log.items()}


def test_with_room_nothing_is_taken_ahead() -> None:
    driver = Driver(msgspec.structs.replace(SETTINGS, max_waiting=2))
    driver.append(feedback("f0", "ghost", 0))
    driver.append(feedback("f1", "i1", 1))
    driver.append(inference("i1", 2))
    driver.poll()
    assert driver.result.enriched == [("f1", "matched", "i1")]
