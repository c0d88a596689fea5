"""Decide on the simulator's traffic: each planted problem leads to its action, and to no other."""

from typing import Any

import pytest

from producers.simulate import simulate
from schemas.polarity import is_rated, polarity
from stream_jobs.decide.logic import DecideConfig
from stream_jobs.window.windows import OpenWindows
from tests.unit.test_decide_logic import MINUTE, actions

START_MS = 1_790_000_040_000
BLANK = {"cost_usd": None, "language": None, "segment": None, "status": "ok", "retrieved": []}


def distinct(traffic: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return (kind, fields) without repeats, in order of event time."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for _, kind, fields in traffic:
        found.setdefault(fields.get("event_id") or fields["inference_id"], (kind, dict(fields)))
    return sorted(found.values(), key=lambda event: event[1]["event_time"])


def decided(traffic: Any) -> list[dict[str, Any]]:
    events = distinct(traffic)
    answers = {f["inference_id"]: {**BLANK, **f} for kind, f in events if kind == "inference"}
    join, decide = OpenWindows(MINUTE, 0, 1), DecideConfig.load(MINUTE, MINUTE).build()
    outs = []
    for kind, fields in events:
        if kind == "inference":
            join.inference(answers[fields["inference_id"]])
        else:
            answer = answers.get(fields.get("inference_id") or "")
            explicit, value = kind == "feedback", fields.get("value")
            join.signal(
                fields["event_time"],
                fields["tenant_id"],
                fields["kind"],
                explicit=explicit,
                polarity=polarity(fields["kind"], value),
                rated=explicit and is_rated(fields["kind"], value),
                join_status="matched" if answer else "orphan",
                author=fields.get("author"),
                inference_head=answer,
            )
        watermark = fields["event_time"] - MINUTE
        for record in join.close(watermark):
            outs += decide.on_partial(record, 0)
        outs += decide.on_partial(join.marker("closed", watermark), 0)
    for record in [*join.flush(), join.marker("flush", 0)]:
        outs += decide.on_partial(record, 0)
    return actions(outs)


@pytest.mark.parametrize(("seed", "second"), [(1, 0), (2, 0), (4, 0), (7, 10), (7, 20), (7, 40)])
def test_each_problem_leads_to_its_action_and_to_no_other(seed: int, second: int) -> None:
    """Also wherever the windows cut the traffic: an alarm that rings too soon blames the wrong."""
    traffic = simulate("demo", seed=seed, events=7_500, start_ms=START_MS + second * 1_000)
    opened = [a for a in decided(traffic) if a["state"] == "opened"]
    wanted = {(e.tenant_id, e.segment): e for e in traffic.truth.expected_actions}
    assert len(opened) == len(wanted) == 3
    for action in opened:
        expected = wanted.pop((action["tenant_id"], action["key"]["segment"]))
        assert action["kind"] in expected.kinds
        assert expected.names.items() <= action["key"].items()
        assert action["event_time"] > expected.from_ms


def test_a_product_with_nothing_wrong_has_no_action() -> None:
    assert decided(simulate("steady", seed=1, events=7_500, start_ms=START_MS)) == []
