"""What an action carries so that a program can act without asking back; pure.

Part of it is known where the alarm was raised (the comparison of versions, counts of documents);
the rest lies in the stores and is asked for with a `Request`. Whatever comes back, or nothing at
all, `contents` makes the record and says what is missing.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from stream_jobs.detect.wilson import wilson

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
LEAST_SPAN_MS: Final = HOUR_MS
MOST_DOCUMENTS: Final = 5
MOST_QUEUE: Final = 50
MOST_TEXT: Final = 500  # characters of one comment or query
DATASET_DAYS: Final = 30  # of a retrain's snapshot; parameter `dataset_days` of the rule
PARTS: Final = {
    "prompt_tuning": ("clusters",),
    "rag_reindex": ("documents",),
    "review": ("queue",),
    "retrain": ("dataset",),
    "rollback": (),
    "alert": (),
}
"""What has to be looked up for each kind."""
WHERE: Final = ("segment", "model_version", "prompt_version")

Contents = dict[str, Any]


class Request(msgspec.Struct, frozen=True):
    """What to look up: `parts` of one tenant, over event times from `from_ms` to `to_ms`."""

    action_id: str
    sequence: int
    parts: tuple[str, ...]
    tenant_id: str
    where: dict[str, str]
    documents: tuple[str, ...]
    from_ms: int
    to_ms: int


def request_for(action: Mapping[str, Any]) -> Request | None:
    """Return what to look up for an Action record; None if it needs nothing."""
    parts = PARTS.get(action["kind"], ())
    if not parts or action["state"] not in ("opened", "escalated", "renewed"):
        return None
    key: Mapping[str, str] = action["key"]
    end = int(action["event_time"])
    since = action["evidence"].get("window_start") or end - DAY_MS
    if parts == ("dataset",):
        since = end - _days(action["parameters"]) * DAY_MS
    return Request(
        action_id=action["action_id"],
        sequence=action["sequence"],
        parts=parts,
        tenant_id=action["tenant_id"],
        where={name: key[name] for name in WHERE if key.get(name)},
        documents=tuple([key["doc_id"]] if "doc_id" in key else []),
        from_ms=min(since, end - LEAST_SPAN_MS),
        to_ms=end,
    )


def contents(
    action: Mapping[str, Any], found: Mapping[str, Any] | None, problem: str = ""
) -> Contents:
    """Return the contents of an Action record from what was `found`.

    `found` has the parts asked for, and may have `missing`; None: no answer, for `problem`.
    """
    request = request_for(action)
    if action["state"] not in ("opened", "escalated", "renewed"):
        return empty()
    made = {**empty(), "comparison": comparison(action["parameters"], action["key"])}
    missing: list[str] = list(found["missing"]) if found is not None else []
    for part in request.parts if request is not None else ():
        if found is not None and part in found:
            made[part] = found[part]
        elif found is None:
            missing.append(f"{part}: {problem}")
    if not made["documents"] and action["kind"] == "rag_reindex":
        made["documents"] = counted(action["evidence"]["contributions"])
    return {**made, "missing": missing, "state": "partial" if missing else "complete"}


def empty() -> Contents:
    """Return contents with nothing in them."""
    return {
        "state": "none",
        "missing": [],
        "clusters": [],
        "documents": [],
        "queue": [],
        "dataset": None,
        "comparison": None,
    }


def comparison(parameters: Mapping[str, str], key: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the version that is blamed against the one it replaced; None if none is known."""
    dimension = next((name for name in WHERE[1:] if name in key), None)
    if dimension is None or "replaces" not in parameters:
        return None
    dimension = parameters.get("compared", dimension)
    return {
        "dimension": dimension,
        "from_version": key[dimension],
        "to_version": parameters["replaces"],
        **{
            name: float(parameters[name])
            for name in ("difference", "difference_low", "difference_high")
        },
    }


def document(doc_id: str, negative: int, rated: int, queries: Sequence[str] = ()) -> Contents:
    """Return an ActionDocument with its rate and Wilson interval."""
    negative = min(max(negative, 0), max(rated, 0))
    interval = wilson(negative, max(rated, 0))
    return {
        "doc_id": doc_id,
        "negative": negative,
        "rated": rated,
        "rate": negative / rated if rated > 0 else 0.0,
        "interval_low": interval.low,
        "interval_high": interval.high,
        "queries": [query[:MOST_TEXT] for query in queries],
    }


def counted(contributions: Sequence[Mapping[str, Any]]) -> list[Contents]:
    """Return the documents that the evidence names, as it counted them."""
    rows = [row for row in contributions if row["dimension"] == "doc_id"]
    return [document(r["value"], round(r["observed"] * r["n"]), r["n"]) for r in rows]


def worst(documents: Sequence[Contents]) -> list[Contents]:
    """Return those that are surely bad first: by the lower bound of their rate."""
    ranked = sorted(documents, key=lambda one: (-one["interval_low"], one["doc_id"]))
    return ranked[:MOST_DOCUMENTS]


def review_item(
    inference_id: str, *, negative: int, positive: int, implicit: int, words: bool, failed: bool
) -> Contents:
    """Return a ReviewItem: how much a reviewer's judgement of one answer would tell.

    The entropy (bits) of whether the answer is bad, by its ratings with one of each kind added;
    an implicit negative counts as half a rating. Whoever wrote what is wrong has told already.
    """
    bad, good = 1 + negative + implicit / 2 + failed / 2, 1 + positive
    share = bad / (bad + good)
    entropy = -(share * math.log2(share) + (1 - share) * math.log2(1 - share))
    reason = (
        "conflicting"
        if negative and positive
        else "explained"
        if words
        else "unexplained"
        if negative
        else "implicit"
        if implicit
        else "failed"
    )
    return {
        "inference_id": inference_id,
        "score": round(entropy * (0.5 if words else 1.0), 4),
        "reason": reason,
    }


_REASONS: Final = ("conflicting", "unexplained", "implicit", "failed", "explained")


def review_queue(items: Sequence[Contents]) -> list[Contents]:
    """Return the most informative first, each once."""
    once = {item["inference_id"]: item for item in reversed(items)}

    def order(item: Contents) -> tuple[float, int, str]:
        return -item["score"], _REASONS.index(item["reason"]), item["inference_id"]

    return sorted(once.values(), key=order)[:MOST_QUEUE]


def _days(parameters: Mapping[str, str]) -> int:
    text = parameters.get("dataset_days", "")
    return max(1, int(text)) if text.isdecimal() else DATASET_DAYS
