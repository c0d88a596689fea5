"""Whether the work on an action helped: the rate after it against the rate before; pure.

Before: what raised the alarm, what came from then until the work was done, and, where versions are
compared, what the old version still answers. After: what the new version answers, or without one
everything from then on. The interval holds at every moment (stream_jobs/detect/always_valid.py),
so it is looked at after each window until it decides or the time is up.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from stream_jobs.act.evidence import VERSIONS
from stream_jobs.detect.always_valid import rate_difference

ALPHA: Final = 0.05
LASTS_MS: Final = 7 * 86_400_000
MARGIN: Final = 0.02  # a difference surely smaller than this, or
MARGIN_SHARE: Final = 0.25  # than this share of the rate before, is none
TIME: Final = "time"
"""What is compared if no new version is named: before and after the work."""


class Target(msgspec.Struct, array_like=True, frozen=True):
    """Which answers count: `metric` of the product `scope`, or of one document.

    `dimension` is model_version or prompt_version with `before` and `after`, or `time`.
    """

    metric: str
    scope: dict[str, str]
    doc_id: str
    dimension: str
    before: str
    after: str


class Effect(msgspec.Struct, array_like=True):
    """One that is being measured; `action` is the record it will be said with."""

    action: dict[str, Any]
    target: Target
    since_ms: int
    before: list[int]  # k, n
    after: list[int]
    until_ms: int = 0

    def feed(
        self, window: tuple[int, int], old: tuple[int, int], new: tuple[int, int]
    ) -> dict[str, Any] | None:
        """Take (k, n) of a window's old and new answers; return the verdict once there is one."""
        if window[0] >= self.since_ms:
            self.until_ms = max(self.until_ms, window[1])
            for kept, more in ((self.before, old), (self.after, new)):
                kept[0], kept[1] = kept[0] + more[0], kept[1] + more[1]
        verdict = self.verdict()
        if verdict == "undecided" and self.until_ms - self.since_ms < LASTS_MS:
            return None
        return self.record(verdict)

    def verdict(self) -> str:
        """Return helped, hurt, no_difference or undecided, by what there is now."""
        if not self.after[1] or not self.before[1]:
            return "undecided"
        low, high = self._interval()
        margin = max(MARGIN, MARGIN_SHARE * _rate(*_sane(self.before)))
        if high < 0:
            return "helped"
        if low > 0:
            return "hurt"
        return "no_difference" if -margin < low and high < margin else "undecided"

    def _interval(self) -> tuple[float, float]:
        (k0, n0), (k1, n1) = _sane(self.before), _sane(self.after)
        return rate_difference(n1, k1, n0, k0, ALPHA)

    def record(self, verdict: str) -> dict[str, Any]:
        """Return the ActionEffect."""
        low, high = self._interval()
        (k0, n0), (k1, n1) = _sane(self.before), _sane(self.after)
        return {
            "verdict": verdict,
            "metric": self.target.metric,
            "dimension": self.target.dimension,
            "before": self.target.before,
            "after": self.target.after,
            "rate_before": _rate(k0, n0) if n0 else None,
            "rate_after": _rate(k1, n1) if n1 else None,
            "n_before": n0,
            "n_after": n1,
            "difference_low": low,
            "difference_high": high,
            "since": self.since_ms,
            "until": max(self.until_ms, self.since_ms),
        }


def target_of(
    scope: Mapping[str, str], key: Mapping[str, str], metric: str, result: Mapping[str, Any]
) -> Target:
    """Return what to compare after an `executed` result on an action's scope and key."""
    place = {name: scope[name] for name in scope if name != "doc_id"}
    product = {name: place[name] for name in place if name not in VERSIONS}
    for dimension in VERSIONS:
        new = result.get(f"new_{dimension}")
        if new:
            return Target(metric, product, "", dimension, key.get(dimension, ""), new)
    doc_id = key.get("doc_id", "") if metric == "doc_negative_rate" else ""
    return Target(metric, place, doc_id, TIME, "", "")


def evidence_counts(evidence: Mapping[str, Any], target: Target) -> list[int]:
    """Return (k, n) that raised the alarm, of the old version if it is known; [0, 0] if no rate."""
    metric = evidence["metric"]
    if metric != target.metric and not (metric == "doc_negative_rate" and target.doc_id):
        return [0, 0]
    for row in evidence["contributions"]:
        if (row["dimension"], row["value"]) == (target.dimension, target.before):
            return [round(row["observed"] * row["n"]), row["n"]]
    return [round(evidence["observed"] * evidence["n"]), evidence["n"]]


def _sane(counts: list[int]) -> tuple[int, int]:
    """Return k of n with 0 ≤ k ≤ n: retracts may come in another window than what they undo."""
    n = max(0, counts[1])
    return min(max(0, counts[0]), n), n


def _rate(k: int, n: int) -> float:
    return k / n if n else 0.0
