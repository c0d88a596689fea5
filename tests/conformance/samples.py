"""Records of every stored topic, by number: the same number is the same record."""

from typing import Any

from schemas.ids import dead_letter_id, enriched_id

START_MS = 1_790_000_000_000  # 2026-09-21
STEP_MS = 7_200_000  # a few records span two days and, some hundreds, two months


def inference(number: int) -> dict[str, Any]:
    """Return an Inference; every third has no optional field."""
    bare = number % 3 == 0
    return {
        "inference_id": f"i-{number}",
        "session_id": f"s-{number // 2}",
        "user_id": None if bare else "<USER:k1:abc>",
        "tenant_id": f"tenant/{number % 2} ü",
        "event_time": START_MS + number * STEP_MS,
        "model_version": "m-1",
        "prompt_version": "p-1",
        "segment": None if bare else "web",
        "status": "ok",
        "error_type": None,
        "latency_ms": 700,
        "input_tokens": 10,
        "output_tokens": 20,
        "cost_usd": None if bare else 0.25,
        "language": None if bare else "en",
        "prompt_topic": None if bare else "topic-3",
        "attributes": {} if bare else {"plan": "free", "": "x"},
        "retrieved": []
        if bare
        else [{"doc_id": "d-1", "score": None}, {"doc_id": "d", "score": 1}],
        "messages": [] if bare else [{"role": "user", "content": "häß\n\t'\"\\\x00 lich"}],
        "response": "" if bare else "so",
    }


def enriched(number: int) -> dict[str, Any]:
    """Return an Enriched: a matched thumb down, or every third time an orphaned click."""
    answer = inference(number)
    same = {key: answer[key] for key in ("session_id", "user_id", "tenant_id", "event_time")}
    signal: dict[str, Any] = {"event_id": f"e-{number}", **same}
    orphan = number % 3 == 0
    if orphan:
        signal |= {"inference_id": None, "kind": "click", "value": None}
        signal |= {"target": "button", "edited_text": None}
    else:
        signal |= {"inference_id": answer["inference_id"], "kind": "thumbs", "value": -1.0}
        signal |= {"author": "user", "source": "chat", "retracts": None}
        signal |= {"label": None, "comment": "bad", "correction": None}
    return {
        "enriched_id": enriched_id(answer["tenant_id"], signal["event_id"]),
        "join_status": "orphan" if orphan else "matched",
        "polarity": 1 if orphan else -1,
        "lag_ms": None if orphan else 0,
        "edit_ratio": None,
        "signal": signal,
        "inference": None if orphan else answer,
    }


def metric(number: int) -> dict[str, Any]:
    """Return a Metric with one negative more than positives."""
    moments = {"n": 2, "sum": 3.0, "sum_squares": 5.0}
    return {
        "metric_id": f"m-{number}",
        "window_start": START_MS + number * STEP_MS,
        "window_ms": 60_000,
        "tenant_id": "acme",
        "model_version": "m-1",
        "prompt_version": "p-1",
        "segment": "",
        "negative_rate": 1.0,
        "sums": {
            "inferences": 2,
            "negative": 1,
            "kinds": {"thumbs": 1},
            "latency_ms": moments,
            "latency_bins": [0, 2],
            "examples": ["i-1"],
        },
    }


def action(number: int) -> dict[str, Any]:
    """Return an Action with evidence."""
    part = {"dimension": "model_version", "value": "m", "observed": 0.5, "n": 3, "share": 1.0}
    return {
        "action_id": f"a-{number}",
        "sequence": 0,
        "rule": "negative-rate",
        "kind": "rollback",
        "state": "opened",
        "tenant_id": "acme",
        "key": {"segment": "web"},
        "episode_start": START_MS,
        "event_time": START_MS + number * STEP_MS,
        "severity": "critical",
        "evidence": {"metric": "negative_rate", "observed": 0.5, "n": 9, "contributions": [part]},
        "examples": ["i-1", "i-2"],
        "parameters": {"to": "m-0"},
        "effect": {
            "verdict": "helped",
            "metric": "negative_rate",
            "dimension": "model_version",
            "before": "m-1",
            "after": "m-0",
            "rate_before": 0.5,
            "rate_after": None,
            "n_before": 9,
            "n_after": 0,
            "difference_low": -0.5,
            "difference_high": 0.1,
            "since": START_MS,
            "until": START_MS + number,
        }
        if number % 2
        else None,
        "contents": {
            "state": "partial",
            "missing": ["queue: away"],
            "clusters": [
                {
                    "size": 3,
                    "terms": ["slow"],
                    "comments": [{"inference_id": "i-1", "kind": "comment", "text": "slow"}],
                }
            ],
            "documents": [
                {
                    "doc_id": "d-1",
                    "negative": 1,
                    "rated": 2,
                    "rate": 0.5,
                    "interval_low": 0.1,
                    "interval_high": 0.9,
                    "queries": ["why?"],
                }
            ],
            "queue": [],
            "dataset": None,
            "comparison": None,
        },
    }


def action_result(number: int) -> dict[str, Any]:
    """Return an ActionResult."""
    return {
        "action_id": f"a-{number}",
        "tenant_id": "acme",
        "state": "executed",
        "event_time": START_MS + number * STEP_MS,
        "by": "ops",
    }


def letter(number: int) -> dict[str, Any]:
    """Return a DeadLetter of the first stage."""
    return {
        "dead_letter_id": dead_letter_id("redact", "feedloop.inference", 0, number),
        "stage": "redact",
        "reason": "undecodable",
        "detail": "EOFError at byte 3 of 3",
        "topic": "feedloop.inference",
        "partition": 0,
        "offset": number,
        "schema_id": None,
        "event_time": START_MS,
    }


MAKERS = (inference, enriched, metric, action, action_result, letter)
"""In the order of schemas.topics.STORED."""
