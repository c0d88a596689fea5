"""Actions that wait for their contents: in order, bounded in time, once, whatever restarts when."""

from typing import Any

import msgspec
import pytest

from schemas.catalog import parsed
from schemas.codec import decode, encode
from stream_jobs.act.contents import (
    Request,
    contents,
    request_for,
    review_item,
    review_queue,
    worst,
)
from stream_jobs.act.contents import document as document_of
from stream_jobs.decide.pending import Pending, Waiting
from tests.integration.producing import EVIDENCE, action

WAIT = 3_000
TUNE = action(1, kind="prompt_tuning", key={"segment": "web", "prompt_version": "p2"})
CLUSTER = {"size": 3, "terms": ["slow"], "comments": []}


def said(actions: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    return [(a["action_id"], a["sequence"], a["contents"]["state"]) for a in actions]


def answers(pending: Pending, **found: Any) -> None:
    pending.found({key: {"missing": [], **found} for key in pending.wanted()})


def test_what_needs_nothing_goes_out_at_once_and_what_was_found_with_it() -> None:
    pending = Pending(WAIT)
    pending.add([TUNE, action(2, kind="alert")], 0)
    assert said(pending.release(0)) == [("a2", 0, "complete")]
    answers(pending, clusters=[CLUSTER])
    [out] = pending.release(1)
    assert said([out]) == [("a1", 0, "complete")]
    assert out["contents"]["clusters"] == [CLUSTER]
    assert decode(parsed("Action"), encode(parsed("Action"), out))["contents"] == out["contents"]
    assert pending.release(10**6) == []


def test_the_store_is_away_and_the_action_goes_out_in_time_and_says_so() -> None:
    pending = Pending(WAIT)
    pending.add([TUNE], 0)
    pending.wanted()
    assert pending.release(WAIT - 1) == []
    [out] = pending.release(WAIT)
    assert out["contents"]["state"] == "partial"
    assert out["contents"]["missing"] == ["clusters: the stores gave no answer within 3000 ms"]


def test_changes_of_one_action_keep_their_order_and_others_do_not_wait_for_them() -> None:
    pending = Pending(WAIT)
    other = {**TUNE, "action_id": "b"}
    cleared = {**TUNE, "sequence": 1, "state": "cleared"}
    pending.add([TUNE, cleared, other], 0)
    keys = pending.wanted()
    assert [key.action_id for key in keys] == ["a1", "b"]
    pending.found({keys[1]: {"missing": []}})
    assert said(pending.release(1)) == [("b", 0, "complete")]
    pending.found({keys[0]: {"missing": []}})
    assert said(pending.release(2)) == [("a1", 0, "complete"), ("a1", 1, "none")]


@pytest.mark.parametrize("cut", range(5))
def test_a_restart_anywhere_says_each_once(cut: int) -> None:
    """Cut at each step; what was released but not committed comes again, never both."""
    pending, out = Pending(WAIT), []

    def step(number: int) -> None:
        if number == 0:
            pending.add([TUNE], 0)
        elif number in (1, 3):
            pending.add([{**TUNE, "sequence": number, "state": "escalated"}], number)
        answers(pending, clusters=[])
        out.extend(pending.release(number))

    for number in range(5):
        if number == cut:
            state = msgspec.msgpack.decode(
                msgspec.msgpack.encode(pending.state()), type=list[Waiting]
            )
            pending = Pending(WAIT, state)
        step(number)
    assert [sequence for _, sequence, _ in said(out)] == [0, 1, 3]


def test_after_a_restart_it_is_asked_again_and_the_time_still_counts() -> None:
    pending = Pending(WAIT)
    pending.add([TUNE], 0)
    assert len(pending.wanted()) == 1
    assert pending.wanted() == []
    pending = Pending(WAIT, pending.state())
    assert len(pending.wanted()) == 1
    assert len(pending.release(WAIT)) == 1


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    pending = Pending(WAIT)
    pending.add([TUNE], 0)
    keys = pending.wanted()
    assert len(pending.release(WAIT)) == 1
    pending.found({keys[0]: {"missing": [], "clusters": [CLUSTER]}})
    assert pending.release(WAIT + 1) == []
    assert pending.state() == []


def test_a_retrain_waits_longer_for_its_snapshot() -> None:
    pending = Pending(WAIT)
    pending.add([action(1, kind="retrain", parameters={"dataset_days": "7"})], 0)
    [key] = pending.wanted()
    request = msgspec.json.decode(key.request, type=Request)
    assert (request.parts, request.to_ms - request.from_ms) == (("dataset",), 7 * 86_400_000)
    assert pending.release(WAIT) == []
    assert len(pending.release(20 * WAIT)) == 1


def test_a_request_covers_the_rise_and_at_least_an_hour() -> None:
    request = request_for({**TUNE, "evidence": {**EVIDENCE, "window_start": 1_000}})
    assert request is not None
    assert (request.from_ms, request.where) == (1_000, TUNE["key"])
    recent = {**EVIDENCE, "window_start": TUNE["event_time"] - 60_000}
    request = request_for({**TUNE, "evidence": recent})
    assert request is not None
    assert request.to_ms - request.from_ms == 3_600_000
    assert request_for({**TUNE, "state": "cleared"}) is None


def test_a_rollback_carries_the_comparison_without_any_look_up() -> None:
    parameters = {
        "replaces": "m1",
        "compared": "model_version",
        "difference": "0.1200",
        "difference_low": "0.0400",
        "difference_high": "0.2000",
    }
    made = contents(action(1, key={"model_version": "m2"}, parameters=parameters), None)
    assert made["state"] == "complete"
    assert made["comparison"] == {
        "dimension": "model_version",
        "from_version": "m2",
        "to_version": "m1",
        "difference": 0.12,
        "difference_low": 0.04,
        "difference_high": 0.2,
    }


def test_documents_that_the_evidence_counted_stand_in_for_the_store() -> None:
    part = {"dimension": "doc_id", "value": "d7", "observed": 0.5, "n": 40, "share": 1.0}
    evidence = {**EVIDENCE, "contributions": [part]}
    made = contents(action(1, kind="rag_reindex", evidence=evidence), None, "away")
    [one] = made["documents"]
    assert (one["doc_id"], one["negative"], one["rated"]) == ("d7", 20, 40)
    assert one["interval_low"] < 0.5 < one["interval_high"]
    assert (made["state"], made["missing"]) == ("partial", ["documents: away"])


def test_the_worst_document_is_the_one_that_is_surely_bad() -> None:
    ranked = worst(
        [document_of("few", 2, 2), document_of("many", 40, 60), document_of("fine", 1, 50)]
    )
    assert [one["doc_id"] for one in ranked] == ["many", "few", "fine"]


def test_a_reviewer_gets_what_is_unclear_before_what_was_said() -> None:
    def item(name: str, **counts: Any) -> dict[str, Any]:
        none = {"negative": 0, "positive": 0, "implicit": 0, "words": False, "failed": False}
        return review_item(name, **{**none, **counts})

    queue = review_queue(
        [
            item("told", negative=1, words=True),
            item("clear", negative=6),
            item("both", negative=2, positive=2),
            item("left", implicit=1),
            item("both", negative=2, positive=2),
        ]
    )
    assert [(one["inference_id"], one["reason"]) for one in queue] == [
        ("both", "conflicting"),
        ("left", "implicit"),
        ("clear", "unexplained"),
        ("told", "explained"),
    ]
    assert all(0 <= one["score"] <= 1 for one in queue)
