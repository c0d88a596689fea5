"""Sums of one window and key: cheap to add to, and they add up exactly.

Everything is an integer (money in micro-dollars, edit ratios in millionths, scores in thousandths),
so neither the order of adding nor the way events are spread over partitions can change a total. A
correction adds negative counts. Three parts need a word:

- Maps by document, language and topic can grow without bound. They are exact here; records hold
  the largest part of them (`stream_jobs/window/record.py`).
- Measures are clamped to 3,000,000 (50 minutes, if milliseconds) before they enter moments.
- Examples are the inference_ids with the smallest CRC-32: a sample that any merge order agrees
  on. Taking a signal back leaves its example.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final
from zlib import crc32

from stream_jobs.window.sketches import (
    COST_EDGES,
    LATENCY_EDGES_MS,
    LENGTH_EDGES,
    SCORE_EDGES,
    TOKEN_EDGES,
    bin_of,
)

PAIR: Final = "\u241f"
MAX_PAIRED: Final = 6
"""Of the documents of one answer, pairs are counted among so many."""
MAX_EXAMPLES: Final = 5
THOUSAND: Final = 1_000
MILLION: Final = 1_000_000
LARGEST: Final = 3_000_000
"""Measures are clamped to this, so that a sum of squares of a million of them fits a long."""

COUNTS: Final = (
    "inferences",
    "errors",
    "refusals",
    "timeouts",
    "positive",
    "negative",
    "neutral",
    "matched",
    "late",
    "orphans",
    "duplicates",
    "retracted",
    "edits",
    "edit_ratio_millionths",
    "cost_micro_usd",
)
MAPS: Final = (
    "kinds",
    "authors",
    "languages",
    "topics",
    "docs",
    "doc_rated",
    "doc_negatives",
    "doc_pair_rated",
    "doc_pair_negatives",
    "redactions",
)
MOMENTS: Final = (
    "latency_ms",
    "input_tokens",
    "output_tokens",
    "signal_lag_ms",
    "prompt_bytes",
    "response_bytes",
    "doc_scores",
)
BINS: Final = {
    "latency_bins": LATENCY_EDGES_MS,
    "input_bins": TOKEN_EDGES,
    "output_bins": TOKEN_EDGES,
    "prompt_bins": LENGTH_EDGES,
    "response_bins": LENGTH_EDGES,
    "cost_bins": COST_EDGES,
    "score_bins": SCORE_EDGES,
}
"""Histograms and their edges."""

_STATUS: Final = {"error": "errors", "refused": "refusals", "timeout": "timeouts"}
_JOIN: Final = {"matched": "matched", "late": "late", "orphan": "orphans"}
_POLARITY: Final = ("neutral", "positive", "negative")  # by index 0, 1, −1


class Sums:
    """Mutable sums. Attributes are the fields of `sums.avsc`.

    Moments are [n, sum, squares]; histograms are counts by bin, without bins that are empty.
    """

    __slots__ = (*COUNTS, *MAPS, *MOMENTS, *BINS, "examples")
    inferences: int
    errors: int
    refusals: int
    timeouts: int
    positive: int
    negative: int
    neutral: int
    matched: int
    late: int
    orphans: int
    duplicates: int
    retracted: int
    edits: int
    edit_ratio_millionths: int
    cost_micro_usd: int
    kinds: dict[str, int]
    authors: dict[str, int]
    languages: dict[str, int]
    topics: dict[str, int]
    docs: dict[str, int]
    doc_rated: dict[str, int]
    doc_negatives: dict[str, int]
    doc_pair_rated: dict[str, int]
    doc_pair_negatives: dict[str, int]
    redactions: dict[str, int]
    latency_ms: list[int]
    input_tokens: list[int]
    output_tokens: list[int]
    signal_lag_ms: list[int]
    prompt_bytes: list[int]
    response_bytes: list[int]
    doc_scores: list[int]
    latency_bins: dict[int, int]
    input_bins: dict[int, int]
    output_bins: dict[int, int]
    prompt_bins: dict[int, int]
    response_bins: dict[int, int]
    cost_bins: dict[int, int]
    score_bins: dict[int, int]
    examples: dict[str, int]  # inference_id → its hash

    def __init__(self) -> None:
        for name in COUNTS:
            setattr(self, name, 0)
        for name in (*MAPS, *BINS):
            setattr(self, name, {})
        for name in MOMENTS:
            setattr(self, name, [0, 0, 0])
        self.examples = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sums) and self.to_state() == other.to_state()

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Sums({self.to_state()})"

    def add_inference(self, head: Mapping[str, Any], sign: int = 1) -> None:
        """Count one Inference, given the fields up to `retrieved`.

        `prompt_bytes` and `response_bytes`, if there, are the lengths of its texts.
        """
        self.inferences += sign
        status = _STATUS.get(head["status"])
        if status is not None:
            setattr(self, status, getattr(self, status) + sign)
        latency_ms = head["latency_ms"]
        prompt, response = head.get("prompt_bytes"), head.get("response_bytes")
        _measure(self.latency_ms, self.latency_bins, LATENCY_EDGES_MS, latency_ms, sign)
        _measure(self.input_tokens, self.input_bins, TOKEN_EDGES, head["input_tokens"], sign)
        _measure(self.output_tokens, self.output_bins, TOKEN_EDGES, head["output_tokens"], sign)
        _measure(self.prompt_bytes, self.prompt_bins, LENGTH_EDGES, prompt, sign)
        _measure(self.response_bytes, self.response_bins, LENGTH_EDGES, response, sign)
        if (cost := head["cost_usd"]) is not None and math.isfinite(cost):
            micro = round(min(max(cost, -LARGEST), LARGEST) * MILLION)
            self.cost_micro_usd += sign * micro
            _count(self.cost_bins, bin_of(COST_EDGES, micro), sign)
        if head["language"]:
            _count(self.languages, head["language"], sign)
        if topic := head.get("prompt_topic"):
            _count(self.topics, topic, sign)
        if head["retrieved"]:
            self._retrieved(head["retrieved"], sign)

    def _retrieved(self, retrieved: Iterable[Mapping[str, Any]], sign: int) -> None:
        for doc_id in _doc_ids(retrieved):
            _count(self.docs, doc_id, sign)
        for doc in retrieved:
            score = doc["score"]
            if score is not None and math.isfinite(score):
                thousandths = round(min(max(score, -LARGEST), LARGEST) * THOUSAND)
                _measure(self.doc_scores, self.score_bins, SCORE_EDGES, thousandths, sign)

    def add_signal(
        self,
        kind: str,
        *,
        explicit: bool,
        polarity: int,
        rated: bool,
        join_status: str,
        lag_ms: int | None = None,
        edit_ratio: float | None = None,
        author: str | None = None,
        inference_head: Mapping[str, Any] | None = None,
        sign: int = 1,
    ) -> None:
        """Count one signal, or with sign −1 take one back.

        What was taken back stays in `matched`, `late` or `orphans` (its enriched record exists) and
        counts in `retracted`. `inference_head` is None for an orphan.
        """
        if sign > 0:
            field = _JOIN[join_status]
            setattr(self, field, getattr(self, field) + 1)
        else:
            self.retracted += 1
        _count(self.kinds, kind, sign)
        if explicit and author:
            _count(self.authors, author, sign)
        if lag_ms is not None:
            _moment(self.signal_lag_ms, lag_ms, sign)
        if edit_ratio is not None:
            self.edits += sign
            self.edit_ratio_millionths += sign * round(edit_ratio * MILLION)
        if explicit and rated:
            self._rate(polarity, inference_head, sign)

    def _rate(self, polarity: int, head: Mapping[str, Any] | None, sign: int) -> None:
        field = _POLARITY[polarity]
        setattr(self, field, getattr(self, field) + sign)
        if head is None:
            return
        docs = _doc_ids(head["retrieved"])
        for doc_id in docs:
            _count(self.doc_rated, doc_id, sign)
            if polarity < 0:
                _count(self.doc_negatives, doc_id, sign)
        for one, other in combinations(sorted(docs)[:MAX_PAIRED], 2):
            pair = pair_of(one, other)
            _count(self.doc_pair_rated, pair, sign)
            if polarity < 0:
                _count(self.doc_pair_negatives, pair, sign)
        if polarity < 0 and sign > 0:
            self.add_example(head["inference_id"])

    def add_example(self, inference_id: str) -> None:
        """Offer the inference_id of a bad answer to the sample."""
        self.examples[inference_id] = crc32(inference_id.encode())
        if len(self.examples) > MAX_EXAMPLES:
            self.examples.pop(max(self.examples, key=lambda key: (self.examples[key], key)))

    def add_redactions(self, by_type: Mapping[str, int]) -> None:
        """Count redacted spans by type."""
        for name, count in by_type.items():
            _count(self.redactions, name, count)

    @property
    def rated(self) -> int:
        """Explicit signals that carry a judgement: the denominator of the negative rate."""
        return self.positive + self.negative + self.neutral

    def merge(self, other: "Sums") -> None:
        """Add `other`; neither order nor grouping of merges changes the result."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in (*MAPS, *BINS):
            mine = getattr(self, name)
            for key, count in getattr(other, name).items():
                _count(mine, key, count)
        for name in MOMENTS:
            mine, more = getattr(self, name), getattr(other, name)
            mine[0], mine[1], mine[2] = mine[0] + more[0], mine[1] + more[1], mine[2] + more[2]
        for inference_id in other.examples:
            self.add_example(inference_id)

    def to_state(self) -> dict[str, Any]:
        """Return what is not zero, uncapped and small, for a snapshot."""
        state: dict[str, Any] = {}
        for name in (*COUNTS, *MAPS):
            if value := getattr(self, name):
                state[name] = value
        for name in MOMENTS:
            if any(parts := getattr(self, name)):
                state[name] = {str(i): part for i, part in enumerate(parts) if part}
        for name in BINS:
            if bins := getattr(self, name):
                state[name] = {str(i): bins[i] for i in sorted(bins)}
        if self.examples:
            state["examples"] = sorted(self.examples)
        return state

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Sums":
        """Return the sums of `to_state`."""
        sums = cls()
        for name, value in state.items():
            if name in MOMENTS or name in BINS:
                counts = getattr(sums, name)
                for index, count in value.items():
                    counts[int(index)] = count
            elif name == "examples":
                for inference_id in value:
                    sums.add_example(inference_id)
            else:
                setattr(sums, name, dict(value) if name in MAPS else value)
        return sums


def pair_of(one: str, other: str) -> str:
    """Return the name of a pair of documents: `a␟b` with a < b."""
    return f"{min(one, other)}{PAIR}{max(one, other)}"


def _count(counts: dict[Any, int], key: Any, by: int) -> None:
    count = counts.get(key, 0) + by
    if count:
        counts[key] = count
    else:
        counts.pop(key, None)


def _measure(
    moments: list[int], bins: dict[int, int], edges: Sequence[int], value: int | None, sign: int
) -> None:
    if value is not None:
        _count(bins, bin_of(edges, value), sign)
        _moment(moments, value, sign)


def _moment(moments: list[int], value: int, sign: int) -> None:
    if not -LARGEST <= value <= LARGEST:
        value = LARGEST if value > 0 else -LARGEST
    moments[0] += sign
    moments[1] += sign * value
    moments[2] += sign * value * value


def _doc_ids(retrieved: Iterable[Mapping[str, Any]]) -> set[str]:
    return {doc["doc_id"] for doc in retrieved}
