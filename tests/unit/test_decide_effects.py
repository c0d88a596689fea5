"""From a worse prompt to its repair: opened, executed, cleared, measured; restarts hide."""

from typing import Any

import pytest

from schemas.catalog import parsed
from schemas.codec import decode, encode
from stream_jobs.decide.logic import Decide, Out
from stream_jobs.window.record import sums_from_record
from stream_jobs.window.sums import Sums
from tests.unit.test_decide_logic import MINUTE, SHIPPED, World, actions, partials

REPAIRED = 90  # minute at which prompt p3 replaces p2


def repaired_world() -> list[tuple[int, str, Any]]:
    """Return p1, from minute 45 the worse p2, from minute 90 p3, which is as p1 was."""
    before = [e for e in World(1, prompt_from=45).play() if e[2]["event_time"] < REPAIRED * MINUTE]
    shift = REPAIRED * MINUTE
    after = [
        (
            time + shift,
            kind,
            {
                **answer,
                "inference_id": f"r{answer['inference_id']}",
                "event_time": answer["event_time"] + shift,
                "prompt_version": "p3",
            },
        )
        for time, kind, answer in World(2).play()
    ]
    return sorted(before + after, key=lambda event: (event[0], event[1]))


def executed(action: dict[str, Any]) -> dict[str, Any]:
    return {
        "action_id": action["action_id"],
        "tenant_id": action["tenant_id"],
        "state": "executed",
        "event_time": REPAIRED * MINUTE,
        "by": "team",
        "detail": None,
        "new_model_version": None,
        "new_prompt_version": "p3",
        "sequence": 0,
        "rule": None,
        "key": {},
        "until": None,
    }


def played(cut: int | None) -> list[Out]:
    """Return all that is said; a restart before each `cut`-th partial and around the result."""
    decide: Decide = SHIPPED.build()
    outs: list[Out] = []
    told = False
    for number, (record, now_ms) in enumerate(partials(repaired_world(), 1)):
        if cut is not None and number % cut == 0:
            decide = SHIPPED.build(decide.snapshot())
        outs += decide.on_partial(record, now_ms)
        if not told and decide.watermark >= REPAIRED * MINUTE:
            told = True
            [opened] = [a for a in actions(outs) if a["state"] == "opened"]
            outs += decide.on_result(executed(opened), now_ms)
            if cut is not None:
                decide = SHIPPED.build(decide.snapshot())
    return outs


OUTS = played(None)
WHOLE = actions(OUTS)


def test_a_repair_is_measured_and_helped() -> None:
    states = [action["state"] for action in WHOLE]
    assert states[0] == "opened"
    assert sorted(states[1:]) == ["cleared", "measured"]
    assert len({action["action_id"] for action in WHOLE}) == 1
    assert [action["sequence"] for action in WHOLE] == list(range(len(WHOLE)))
    [measured] = [action for action in WHOLE if action["state"] == "measured"]
    effect = measured["effect"]
    assert (effect["verdict"], effect["before"], effect["after"]) == ("helped", "p2", "p3")
    assert effect["difference_high"] < 0
    assert effect["since"] == REPAIRED * MINUTE


def test_an_effect_is_a_metric_too_whose_sums_add_nothing() -> None:
    [measured] = [action for action in WHOLE if action["state"] == "measured"]
    [metric] = [o.record for o in OUTS if o.topic == "metrics" and o.record.get("effect")]
    assert (metric["action_id"], metric["effect"]) == (measured["action_id"], measured["effect"])
    assert (metric["prompt_version"], metric["model_version"], metric["segment"]) == (
        "p3",
        "",
        "web",
    )
    assert metric["window_start"] == REPAIRED * MINUTE
    assert metric["window_start"] + metric["window_ms"] == measured["effect"]["until"]
    back = decode(parsed("Metric"), encode(parsed("Metric"), metric))
    assert back["effect"] == measured["effect"]
    assert sums_from_record(back["sums"]).to_state() == Sums().to_state()


@pytest.mark.parametrize("cut", [7, 50])
def test_restarts_change_nothing(cut: int) -> None:
    assert played(cut) == OUTS


def test_a_mute_through_the_topic_silences_decide() -> None:
    decide = SHIPPED.build()
    mute = {**executed({"action_id": "", "tenant_id": "t"}), "state": "muted"}
    outs = decide.on_result(mute, 0)
    decide = SHIPPED.build(decide.snapshot())
    for record, now_ms in partials(World(1, prompt_from=45).play(), 1):
        outs += decide.on_partial(record, now_ms)
    assert actions(outs) == []
