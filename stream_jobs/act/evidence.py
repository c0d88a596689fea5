"""Who carries a rise: counts by version and document before and since, and what they say.

A version is a candidate if its traffic grew since the change (it was rolled out), or if it carries
far more of the rise than of the traffic (it went bad where it was); a document only by the latter.
It must carry at least half of the rise. Versions that changed together are named together.
"""

import zlib
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from stream_jobs.detect.wilson import newcombe, wilson
from stream_jobs.window.record import OTHER
from stream_jobs.window.sums import Sums

GREW: Final = 0.2  # of the traffic
LIFT: Final = 0.25  # share of the rise minus share of the traffic
CARRIES: Final = 0.5  # of the rise
TIED: Final = 0.8  # of the best candidate's score
MOST_DOCS: Final = 24
MOST_EXAMPLES: Final = 5
MOST_LISTED: Final = 8
VERSIONS: Final = ("model_version", "prompt_version")
DRIFT: Final = "drift"
"""The cause of what moved without a change of versions: drift rules share it."""


class Cause(NamedTuple):
    """What carries a rise, e.g. prompt_version p2."""

    dimension: str
    value: str


class Tally(msgspec.Struct, array_like=True):
    """k of n, in total and by dimension and value; examples by "model␟prompt"."""

    k: int = 0
    n: int = 0
    by: dict[str, dict[str, list[int]]] = {}
    examples: dict[str, list[str]] = {}

    def add(self, dimension: str, value: str, k: int, n: int) -> None:
        """Add k of n of one value."""
        counts = self.by.setdefault(dimension, {}).setdefault(value, [0, 0])
        counts[0] += k
        counts[1] += n

    def add_window(self, model: str, prompt: str, k: int, n: int, sums: Sums | None) -> None:
        """Add one window of one version; `sums` gives documents and examples, if wanted."""
        self.k, self.n = self.k + k, self.n + n
        self.add("model_version", model, k, n)
        self.add("prompt_version", prompt, k, n)
        if sums is None:
            return
        for doc_id in sums.doc_rated.keys() - {OTHER}:
            self.add("doc_id", doc_id, sums.doc_negatives.get(doc_id, 0), sums.doc_rated[doc_id])
        if sums.examples:
            kept = self.examples.setdefault(f"{model}\x1f{prompt}", [])
            kept[:] = sampled([*kept, *sums.examples])

    def merge(self, other: "Tally") -> None:
        """Add all of `other`, its examples left out, and keep the most rated documents."""
        self.k, self.n = self.k + other.k, self.n + other.n
        for dimension, values in other.by.items():
            for value, (k, n) in values.items():
                self.add(dimension, value, k, n)
        docs = self.by.get("doc_id", {})
        if len(docs) > 2 * MOST_DOCS:
            kept = sorted(sorted(docs), key=lambda doc: -docs[doc][1])[:MOST_DOCS]
            self.by["doc_id"] = {doc: docs[doc] for doc in kept}

    def subtract(self, other: "Tally") -> None:
        """Take `other`, which was merged before, out again."""
        self.k, self.n = self.k - other.k, self.n - other.n
        for dimension, values in other.by.items():
            for value, (k, n) in values.items():
                self.add(dimension, value, -k, -n)
                if self.by[dimension][value] == [0, 0]:
                    del self.by[dimension][value]

    def take_examples(self, newer: "Tally") -> None:
        """Put the examples of `newer` before those there are."""
        for versions, examples in newer.examples.items():
            kept = self.examples.setdefault(versions, [])
            kept[:] = [*examples, *(e for e in kept if e not in examples)][:MOST_EXAMPLES]

    def share(self, dimension: str, value: str) -> float:
        """Return the value's share of n."""
        counts = self.by.get(dimension, {}).get(value, (0, 0))
        return counts[1] / self.n if self.n > 0 else 0.0

    def telling(self, causes: Iterable[Cause]) -> list[str]:
        """Return a few examples, those of the versions named in `causes` first."""
        wanted = {cause.value for cause in causes}
        keys = sorted(self.examples, key=lambda key: (-len(wanted & set(key.split("\x1f"))), key))
        return [example for key in keys for example in self.examples[key]][:MOST_EXAMPLES]


def sampled(examples: Iterable[str]) -> list[str]:
    """Return the few with the smallest hash: whatever order they came in."""
    ranked = sorted(set(examples), key=lambda one: (zlib.crc32(one.encode()), one))
    return ranked[:MOST_EXAMPLES]


class Blame(NamedTuple):
    """The causes, the best first, and the contributions behind them (records of `Evidence`)."""

    causes: list[Cause]
    contributions: list[dict[str, Any]]
    comparison: dict[str, str]


def blame(before: Tally, since: Tally, p0: float) -> Blame:
    """Return who carries the rise from `before` to `since`; p0 stands in if nothing came before."""
    base = before.k / before.n if before.n > 0 else p0
    rise = since.k - since.n * base
    rows: list[tuple[float, dict[str, Any]]] = []
    for dimension, values in sorted(since.by.items()):
        for value, (k, n) in sorted(values.items()):
            if n > 0 and rise > 0:
                row = _contribution(before, dimension, value, k, n, (k - n * base) / rise)
                rows.append((_score(before, since, row), row))
    ranked = sorted(rows, key=lambda row: (-row[0], -row[1]["share"]))
    best = ranked[0][0] if ranked else 0.0
    causes = _causes(ranked, best) if best > 0 else []
    return Blame(causes, [row for _, row in ranked[:MOST_LISTED]], _compared(before, since, causes))


def _contribution(
    before: Tally, dimension: str, value: str, k: int, n: int, share: float
) -> dict[str, Any]:
    old = before.by.get(dimension, {}).get(value)
    return {
        "dimension": dimension,
        "value": value,
        "observed": k / n,
        "baseline": old[0] / old[1] if old and old[1] > 0 else None,
        "n": n,
        "share": min(1.0, max(0.0, share)),
    }


def _score(before: Tally, since: Tally, row: dict[str, Any]) -> float:
    dimension, value, carried = row["dimension"], row["value"], row["share"]
    if carried < CARRIES or value == "":
        return 0.0
    traffic = since.share(dimension, value)
    lift = carried - traffic
    grew = traffic - before.share(dimension, value) if dimension != "doc_id" else 0.0
    weight = max(lift if lift >= LIFT else 0.0, grew if grew >= GREW and before.n > 0 else 0.0)
    return float(carried * weight)


def _causes(ranked: list[tuple[float, dict[str, Any]]], best: float) -> list[Cause]:
    """Return the best value of each dimension that is about as good as the best of all."""
    causes: dict[str, Cause] = {}
    for score, row in ranked:
        if score >= TIED * best and row["dimension"] not in causes:
            causes[row["dimension"]] = Cause(row["dimension"], row["value"])
    first = next(iter(causes.values()))
    if first.dimension == "doc_id":
        return [first]
    return [cause for cause in causes.values() if cause.dimension != "doc_id"]


def _compared(before: Tally, since: Tally, causes: list[Cause]) -> dict[str, str]:
    """Return the first cause's version against the one it replaces: all answers of both."""
    if not causes or causes[0].dimension not in VERSIONS:
        return {}
    dimension, new = causes[0]
    others = {v: n for v, (_, n) in before.by.get(dimension, {}).items() if v != new and n > 0}
    if not others:
        return {}
    old = max(sorted(others), key=lambda version: others[version])
    (k1, n1), (k0, n0) = (_both(before, since, dimension, version) for version in (new, old))
    low, high = newcombe(k1, n1, k0, n0)
    return {
        "replaces": old,
        "compared": dimension,
        "difference": f"{k1 / n1 - k0 / n0:.4f}",
        "difference_low": f"{low:.4f}",
        "difference_high": f"{high:.4f}",
    }


def _both(before: Tally, since: Tally, dimension: str, value: str) -> tuple[int, int]:
    parts = [tally.by.get(dimension, {}).get(value, [0, 0]) for tally in (before, since)]
    n = max(1, sum(part[1] for part in parts))
    return min(n, max(0, sum(part[0] for part in parts))), n


def rate_evidence(metric: str, k: int, n: int, baseline: float | None) -> dict[str, Any]:
    """Return an Evidence record of the rate k/n with its Wilson interval; to be completed."""
    n = max(n, 0)
    k = min(max(k, 0), n)
    interval = wilson(k, n)
    return {
        "metric": metric,
        "observed": k / n if n else 0.0,
        "baseline": baseline,
        "n": n,
        "interval_low": interval.low,
        "interval_high": interval.high,
        "statistic": None,
        "limit": None,
        "window_start": None,
        "window_end": None,
        "contributions": [],
    }
