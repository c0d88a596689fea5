"""A sample of a product's inferences: how often each value of each watched feature came."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

import msgspec

from stream_jobs.detect.binning import cuts, frequent, grouped, named
from stream_jobs.detect.dispersion import Dispersion
from stream_jobs.detect.drift import Bins, bins_of
from stream_jobs.window.sketches import middles
from stream_jobs.window.sums import BINS, Sums
from stream_jobs.window.windows import WindowKey

NUMBERS: Final = {
    "prompt_length": "prompt_bins",
    "response_length": "response_bins",
    "input_tokens": "input_bins",
    "output_tokens": "output_bins",
    "latency_ms": "latency_bins",
    "cost": "cost_bins",
    "doc_scores": "score_bins",
}
"""Features that are numbers → their histogram."""
NAMES: Final = {"language": "languages", "topic": "topics", "docs": "docs", "signals": "kinds"}
"""Features that are names → their map."""
OTHERS: Final = ("status", "refusal", "segment")
FEATURES: Final = (*NUMBERS, *NAMES, *OTHERS)

Counts = dict[str, int]


class Sample(msgspec.Struct, array_like=True):
    """Counts: inferences, windows that have some, inferences by version, each feature's values."""

    n: int = 0
    versions: Counts = {}
    features: dict[str, Counts] = {}
    start_ms: int = 0
    windows: int = 0

    def add(self, start: int, features: Iterable[str], versions: Mapping[WindowKey, Sums]) -> None:
        """Add a window."""
        if any(sums.inferences for sums in versions.values()):
            self.start_ms = self.start_ms or start
            self.windows += 1
        for key in sorted(versions):
            sums = versions[key]
            self.n += sums.inferences
            if sums.inferences:
                both = f"{key.model_version}\x1f{key.prompt_version}"
                add(self.versions, {both: sums.inferences})
            for feature in features:
                add(self.features.setdefault(feature, {}), counts_of(feature, key, sums))

    def merge(self, other: "Sample") -> None:
        """Add all of `other`."""
        begun = [start for start in (self.start_ms, other.start_ms) if start]
        self.start_ms = min(begun, default=0)
        self.n, self.windows = self.n + other.n, self.windows + other.windows
        add(self.versions, other.versions)
        for feature, counts in other.features.items():
            add(self.features.setdefault(feature, {}), counts)


class Reference(msgspec.Struct, array_like=True):
    """What samples are compared with; `label` names it in an action."""

    sample: Sample
    dispersion: dict[str, Dispersion] = {}
    label: str = ""

    def factor(self, feature: str) -> float:
        """Return how many times more than independent answers the feature varies.

        Names share what makes them vary, sessions with one language and subject: the largest holds.
        """
        names = NAMES if feature in NAMES else (feature,)
        return max((self.dispersion[n].factor for n in names if n in self.dispersion), default=1.0)


def add(counts: dict[Any, int], more: Mapping[Any, int]) -> None:
    """Add `more` to `counts`."""
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


def counts_of(feature: str, key: WindowKey, sums: Sums) -> Counts:
    """Return the counts of one feature in one window: by bin number, or by name."""
    if feature in NUMBERS:
        return {str(index): count for index, count in getattr(sums, NUMBERS[feature]).items()}
    if feature in NAMES:
        found: Counts = getattr(sums, NAMES[feature])
        return found
    if feature == "segment":
        return {key.segment or "none": sums.inferences}
    if feature == "refusal":
        return {"refused": sums.refusals, "answered": sums.inferences - sums.refusals}
    bad = {"error": sums.errors, "refused": sums.refusals, "timeout": sums.timeouts}
    return {"ok": sums.inferences - sum(bad.values()), **bad}


def numbers(sample: Sample, feature: str) -> dict[int, int]:
    """Return the histogram of a feature that is a number."""
    return {int(index): count for index, count in sample.features.get(feature, {}).items()}


def bins(feature: str, old: Sample, new: Sample) -> Bins:
    """Return both samples over few bins, frozen by the old one.

    Several documents or signals of one inference are no independent sample: counts are scaled down
    to inferences.
    """
    before = scaled(old.features.get(feature, {}), old.n)
    now = scaled(new.features.get(feature, {}), new.n)
    if feature not in NUMBERS:
        names = frequent(before)
        return bins_of(named(before, names), named(now, names))
    values = middles(BINS[NUMBERS[feature]])
    wide, narrow = ([max(0, c.get(str(i), 0)) for i in range(len(values))] for c in (before, now))
    at = cuts(wide)
    places = _places(wide, values, [0, *at, len(values)])
    return Bins([*grouped(wide, at).values()], [*grouped(narrow, at).values()], places)


def scaled(counts: Counts, n: int) -> Counts:
    """Return counts that add up to about `n` if they are more."""
    total = sum(counts.values())
    if total <= n or n <= 0:
        return counts
    return {name: round(count * n / total) for name, count in counts.items()}


def _places(wide: list[int], values: list[float], borders: list[int]) -> list[float]:
    """Return the mean of each group of bins in the reference, or its middle if it is empty."""
    places = []
    for low, high in pairwise(borders):
        weights = wide[low:high] if any(wide[low:high]) else [1] * (high - low)
        weighted = sum(w * v for w, v in zip(weights, values[low:high], strict=True))
        places.append(weighted / sum(weights))
    return places
