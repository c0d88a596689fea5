"""Time as it comes: wrong clocks, weeks at once, silence; the join decides as it should."""

from collections import Counter

import pytest

from schemas.settings import JoinSettings
from tests.unit.join_driver import HOUR, MINUTE, T0, Driver, feedback, flush, inference

WEEK = 7 * 24 * 60  # minutes
SETTINGS = JoinSettings(session_gap_ms=20 * MINUTE, align_wait_ms=0)


def statuses(driver: Driver) -> Counter[str]:
    return Counter(status for name, status, _ in driver.result.enriched if name != "abandonment")


def counted(driver: Driver, name: str) -> int:
    return driver.result.total(name)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("answers_first", [True, False])
def test_a_backfill_of_a_week_beside_live_traffic(answers_first: bool, restart: bool) -> None:
    """Topic by topic, as a file is sent: a week of answers, a week of thumbs, live ones between."""
    driver = Driver(SETTINGS)
    hours = range(0, WEEK, 60)
    answers = [inference(f"old{m}", m - WEEK, session=f"o{m}") for m in hours]
    thumbs = [feedback(f"t{m}", f"old{m}", m - WEEK + 1, session=f"o{m}") for m in hours]
    for minute, part in enumerate((answers, thumbs) if answers_first else (thumbs, answers)):
        driver.append(inference(f"live{minute}", minute, session=f"l{minute}"))
        driver.append(feedback(f"lt{minute}", f"live{minute}", minute, session=f"l{minute}"))
        for event in part:
            driver.append(event)
        driver.poll()
        if restart:
            driver.restart()
        driver.wait(MINUTE)
        driver.poll()
    driver.append(flush())
    driver.poll()
    driver.poll()
    assert statuses(driver) == {"matched": len(hours) + 2}
    assert counted(driver, "inferences") == len(hours) + 2
    assert counted(driver, "positive") == len(hours) + 2
    assert counted(driver, "orphans") == 0


@pytest.mark.parametrize("skew", [-30, -4, 4, 30])
def test_a_client_whose_clock_is_wrong_by_minutes_is_matched(skew: int) -> None:
    """What is about an answer finds it by its id; the lag is as wrong as the clock was."""
    driver = Driver(SETTINGS)
    for minute in range(40):
        driver.append(inference(f"i{minute}", minute, session=f"s{minute}"))
        driver.append(feedback(f"f{minute}", f"i{minute}", minute + skew, session=f"s{minute}"))
        driver.poll()
        driver.wait(MINUTE)
    driver.append(flush())
    driver.poll()
    assert statuses(driver) == {"matched": 40}
    thumbs = [body for body in driver.result.bodies if body["signal"]["kind"] == "thumbs"]
    assert {body["lag_ms"] for body in thumbs} == {skew * MINUTE}
    assert (counted(driver, "positive"), counted(driver, "inferences")) == (40, 40)


def test_one_record_from_as_far_ahead_as_is_let_in_loses_nobody_his_match() -> None:
    """The stage before lets in five minutes; here an hour: the rest is only late for its window."""
    driver = Driver(SETTINGS)
    driver.append(inference("ahead", 60, session="ahead"))
    driver.poll()
    for minute in range(30):
        driver.append(inference(f"i{minute}", minute, session=f"s{minute}"))
        driver.append(feedback(f"f{minute}", f"i{minute}", minute + 0.5, session=f"s{minute}"))
        driver.poll()
    driver.append(flush())
    driver.poll()
    assert statuses(driver) == {"matched": 30}
    assert (counted(driver, "positive"), counted(driver, "inferences")) == (30, 31)
    starts = {p["window_start"] for p in driver.result.partials if p["sums"]}
    assert starts >= {T0 + minute * MINUTE for minute in range(30)}


def test_a_topic_that_stands_still_costs_signals_nothing() -> None:
    """The inferences of an hour come at last, after their signals waited all that time."""
    driver = Driver(SETTINGS)
    for minute in range(60):
        driver.append(feedback(f"f{minute}", f"i{minute}", minute + 0.5, session=f"s{minute}"))
        driver.poll()
        driver.wait(MINUTE)
    assert driver.result.enriched == []
    for minute in range(60):
        driver.append(inference(f"i{minute}", minute, session=f"s{minute}"))
    driver.poll()
    driver.restart()
    driver.poll()
    driver.append(flush())
    driver.poll()
    assert statuses(driver) == {"matched": 60}
    assert counted(driver, "positive") == 60


def test_a_silent_partition_gives_up_sessions_and_closes_windows_by_the_clock() -> None:
    driver = Driver(SETTINGS)
    driver.append(inference("i0", 0))
    driver.poll()
    assert counted(driver, "inferences") == 0  # its window is open
    driver.wait(HOUR)
    for _ in range(3):
        driver.poll()
    assert [name for name, _, _ in driver.result.enriched] == ["abandonment"]
    assert counted(driver, "inferences") == 1
    driver.append(feedback("f0", "i0", 2))  # long after, by the clock; two minutes, by its date
    driver.poll()
    driver.append(flush())
    driver.poll()
    assert statuses(driver) == {"matched": 1}
