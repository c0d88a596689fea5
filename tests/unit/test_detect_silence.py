"""Silence that chance or habit explains is none; a product that stops is told soon."""

import random
from collections.abc import Callable

import msgspec
import pytest

from stream_jobs.detect.silence import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SilenceChart,
    SilenceParameters,
    quiet_of,
)

MONDAY = 1_789_948_800_000  # 2026-09-21, 00:00 UTC
PARAMETERS = SilenceParameters()
Rate = Callable[[int], float]


def office(at_ms: int) -> float:
    """Answers a minute: a weekday product, from 8 to 18."""
    day, hour = (at_ms // DAY_MS + 3) % 7, at_ms % DAY_MS // HOUR_MS
    return 2.0 if day < 5 and 8 <= hour < 18 else 0.0


def steady(_: int) -> float:
    return 0.5


def bursts(at_ms: int) -> float:
    """A batch of answers every half hour, and nothing between."""
    return 5.0 if at_ms % (HOUR_MS // 2) < 5 * MINUTE_MS else 0.0


def play(
    rate: Rate,
    days: float,
    silent_from: float | None = None,
    parameters: SilenceParameters = PARAMETERS,
    seed: int = 1,
) -> list[float]:
    """Return the alarms of some days, in days since the first."""
    rng, chart, alarms = random.Random(seed), SilenceChart(), []
    for at in range(MONDAY, MONDAY + round(days * DAY_MS), MINUTE_MS):
        due = chart.due(at, parameters)
        if due is not None:
            alarms.append((due - MONDAY) / DAY_MS)
        gone = silent_from is not None and at >= MONDAY + silent_from * DAY_MS
        count = 0 if gone else sum(rng.random() < rate(at) / 8 for _ in range(8))
        if count:
            chart.answers(count, at, at + MINUTE_MS, parameters)
    return alarms


@pytest.mark.parametrize("rate", [office, steady, bursts], ids=lambda rate: rate.__name__)
def test_habits_are_no_silence(rate: Rate) -> None:
    assert play(rate, 15) == []


def test_a_product_that_stops_is_told_within_the_hour() -> None:
    for rate in (office, steady):
        (alarm,) = play(rate, 11, silent_from=9.5)
        assert 9.5 + 30 / 1440 <= alarm <= 9.5 + 90 / 1440


def test_a_product_that_does_not_start_in_the_morning_is_told() -> None:
    (alarm,) = play(office, 9, silent_from=7.0)  # Monday of the second week
    assert 7 + 9 / 24 <= alarm <= 7 + 11 / 24


def test_traffic_in_bursts_is_told_after_missing_some() -> None:
    (alarm,) = play(bursts, 12, silent_from=10.0)
    assert 10 + 50 / 1440 < alarm <= 10 + 120 / 1440


def test_a_day_must_have_been_seen() -> None:
    assert play(steady, 1.5, silent_from=0.9) == []


def test_expected_silence_is_none() -> None:
    maintained = SilenceParameters(quiet=("10:00-16:00",))
    (alarm,) = play(steady, 10, silent_from=9.5, parameters=maintained)
    assert alarm > 9 + 16 / 24


def test_an_alarm_is_due_at_the_same_time_however_one_looks() -> None:
    def told(looks: list[int], restarts: bool) -> list[int]:
        rng, chart = random.Random(4), SilenceChart()
        for at in range(MONDAY, MONDAY + 2 * DAY_MS, MINUTE_MS):
            if rng.random() < 0.7:
                chart.answers(1, at, at + MINUTE_MS, PARAMETERS)
        found = []
        for at in looks:
            if restarts:
                chart = msgspec.msgpack.decode(msgspec.msgpack.encode(chart), type=SilenceChart)
            if (due := chart.due(at, PARAMETERS)) is not None:
                found.append(due)
        return found

    end = MONDAY + 4 * DAY_MS
    often = told(list(range(MONDAY + 2 * DAY_MS, end, MINUTE_MS)), restarts=True)
    assert often == told([end], restarts=False)
    assert len(often) == 1


def test_what_comes_after_an_alarm_ends_it_and_is_not_learnt_as_a_habit() -> None:
    chart = SilenceChart()
    for at in range(MONDAY, MONDAY + 2 * DAY_MS, MINUTE_MS):
        chart.answers(1, at, at + MINUTE_MS, PARAMETERS)
    longest = chart.longest
    assert chart.due(MONDAY + 3 * DAY_MS, PARAMETERS) is not None
    assert chart.answers(1, MONDAY + 3 * DAY_MS, MONDAY + 3 * DAY_MS + MINUTE_MS, PARAMETERS)
    assert (chart.longest, chart.alarmed_ms) == (longest, 0)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("sat", 5 * DAY_MS + HOUR_MS, 6 * DAY_MS),
        ("22:00-06:00", 23 * HOUR_MS, 12 * HOUR_MS),
        ("fri 18:00-24:00", 4 * DAY_MS + 19 * HOUR_MS, 3 * DAY_MS + 19 * HOUR_MS),
        ("fri 22:00-06:00", 5 * DAY_MS + HOUR_MS, 4 * DAY_MS + HOUR_MS),
    ],
)
def test_a_time_of_the_week(text: str, inside: int, outside: int) -> None:
    quiet = quiet_of(text)
    assert quiet is not None
    assert quiet.holds(MONDAY + inside)
    assert not quiet.holds(MONDAY + outside)


@pytest.mark.parametrize("text", ["", " ", "someday", "25:00-26:00", "10:00", "10:00-10:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    assert quiet_of(text) is None
