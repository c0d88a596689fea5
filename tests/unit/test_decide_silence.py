"""A product that falls silent, told through decide: with others busy, or with nothing at all."""

from functools import cache
from typing import Any

from stream_jobs.act.rules import load_rules
from stream_jobs.decide.logic import Decide, DecideConfig, Out
from stream_jobs.window.windows import HEARTBEAT_MS, OpenWindows
from tests.unit.test_decide_logic import MINUTE, actions, said
from tests.unit.test_window_sums import head

DAY = 1440 * MINUTE
MONDAY = 4 * DAY  # 1970-01-05
STOP = MONDAY + 2 * DAY
RULES = load_rules(
    "rules:\n- {name: silent, metric: inferences, condition: {type: silence}, "
    "action: {kind: alert}, cooldown_minutes: 120}\n"
)
CONFIG = DecideConfig(MINUTE, MINUTE, RULES)
QUIET = ("silent", "alert", "opened", {"segment": "web"})


def minute(join: OpenWindows, at: int, segments: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what a partition says of one minute with an answer in each of `segments`."""
    for segment in segments:
        join.inference(head(event_time=at, segment=segment, inference_id=f"{segment}{at}"))
    return [*join.close(at + MINUTE), join.marker("closed", at + MINUTE)]


def two_days(segments: tuple[str, ...] = ("web",)) -> tuple[Decide, OpenWindows]:
    """Return both as they are after two ordinary days, which end at STOP."""
    decide, join = seen(segments)
    return CONFIG.build(decide), OpenWindows.restore(join, MINUTE, 0, 1)


@cache
def seen(segments: tuple[str, ...]) -> tuple[bytes, bytes]:
    decide, join = CONFIG.build(), OpenWindows(MINUTE, 0, 1)
    for at in range(MONDAY, STOP, MINUTE):
        for record in minute(join, at, segments):
            assert actions(decide.on_partial(record, 0)) == []
    return decide.snapshot(), join.snapshot()


def test_one_product_falls_silent_while_another_goes_on() -> None:
    decide, join = two_days(("web", "app"))
    outs: list[Out] = []
    for at in range(STOP, STOP + 240 * MINUTE, MINUTE):
        for record in minute(join, at, ("app",)):
            outs += decide.on_partial(record, 0)
    assert [s for s in said(outs) if s[2] == "opened"] == [QUIET]
    assert [a["state"] for a in actions(outs)] == ["opened", "renewed"]
    first = actions(outs)[0]
    assert 30 * MINUTE <= first["event_time"] - STOP <= 60 * MINUTE
    assert first["evidence"]["baseline"] >= 20
    for record in minute(join, STOP + 240 * MINUTE, ("web", "app")):
        outs += decide.on_partial(record, 0)
    assert actions(outs)[-1]["state"] == "cleared"


def test_nothing_comes_at_all_and_joins_say_that_they_are_there() -> None:
    decide, join = two_days()
    outs: list[Out] = []
    for beat in range(1, 60 * 3):
        now_ms = beat * HEARTBEAT_MS
        outs += decide.on_partial(join.marker("closed", STOP), now_ms)
        outs += decide.on_tick(now_ms)
    assert said(outs) == [QUIET]


def test_a_join_that_is_down_is_no_silent_product() -> None:
    decide, _ = two_days()
    outs = [out for beat in range(1, 60 * 24) for out in decide.on_tick(beat * HEARTBEAT_MS)]
    assert outs == []


def test_hours_without_decide_are_no_silence() -> None:
    decide, join = two_days()
    decide = CONFIG.build(decide.snapshot())
    later = 20 * 60 * MINUTE
    outs = [decide.on_partial(join.marker("closed", STOP), later) for _ in range(5)]
    assert outs == [[]] * 5


def test_a_jump_in_time_tells_the_same_as_small_steps() -> None:
    def told(step: int) -> list[dict[str, Any]]:
        decide, join = two_days()
        outs: list[Out] = []
        for at in range(STOP, STOP + DAY + 1, step):
            outs += decide.on_partial(join.marker("closed", at), 0)
            if at % (60 * MINUTE) == 0:
                decide = CONFIG.build(decide.snapshot())
        return actions(outs)

    assert told(MINUTE) == told(DAY)
    assert len(told(DAY)) > 5  # opened, then renewed every two hours
