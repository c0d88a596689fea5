"""Distance of a sample from a frozen reference, and when it means something.

Fixed limits for the stability index lie at small samples: of 200 against 200, it passes 0.1 in two
of five cases without any drift. So an alarm also needs to pass what chance gives: under no drift
PSI / (1/n + 1/m) is about χ² with bins − 1 degrees of freedom.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from scipy.stats import chi2


class DriftParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a move counts."""

    sample: int = 500  # inferences in the reference, and in each sample compared with it
    alpha: float = 1e-5  # chance of an alarm for one sample without drift
    least_psi: float = 0.1  # smaller moves don't matter, however sure


class Verdict(msgspec.Struct, frozen=True):
    """The distance of one sample, and the limit it was held against."""

    psi: float
    limit: float
    n: int

    @property
    def drifted(self) -> bool:
        """Whether the move is too large for chance and large enough to matter."""
        return self.psi > self.limit


def shares(counts: Sequence[int]) -> list[float]:
    """Return (c + ½) / (n + bins/2) for each count (Jeffreys 1946): no bin is empty."""
    total = sum(counts) + len(counts) / 2
    return [(count + 0.5) / total for count in counts]


def population_stability(reference: Sequence[int], current: Sequence[int]) -> float:
    """Return how far `current` has moved from `reference`, in nats; 0 is no move.

    Counts per bin over the same bins, smoothed by `shares`. Raises ValueError if the lengths
    differ. Source: J divergence, Kullback and Leibler 1951.
    """
    pairs = zip(shares(reference), shares(current), strict=True)
    return sum((q - p) * math.log(q / p) for p, q in pairs)


def jensen_shannon(reference: Sequence[int], current: Sequence[int]) -> float:
    """Return the Jensen–Shannon distance (0…√ln 2), over smoothed shares."""
    total = 0.0
    for p, q in zip(shares(reference), shares(current), strict=True):
        middle = (p + q) / 2
        total += p * math.log(p / middle) + q * math.log(q / middle)
    return math.sqrt(max(0.0, total / 2))


def total_variation(reference: Sequence[int], current: Sequence[int]) -> float:
    """Return half the sum of differences of smoothed shares: the mass that moved, 0…1."""
    pairs = zip(shares(reference), shares(current), strict=True)
    return sum(abs(p - q) for p, q in pairs) / 2


@lru_cache(maxsize=1024)
def _chi2(bins: int, alpha: float) -> float:
    return float(chi2.isf(alpha, max(1, bins - 1)))


def judge(
    reference: Mapping[str, int], current: Mapping[str, int], parameters: DriftParameters
) -> Verdict:
    """Return the verdict on `current` (counts by bin) against `reference`.

    A value that the reference doesn't have counts as a bin of its own.
    """
    names = sorted(reference.keys() | current.keys())
    before = [max(0, reference.get(name, 0)) for name in names]
    now = [max(0, current.get(name, 0)) for name in names]
    n, m = sum(now), sum(before)
    if not n or not m or len(names) < 2:
        return Verdict(0.0, parameters.least_psi, n)
    chance = (1 / n + 1 / m) * _chi2(len(names), parameters.alpha)
    return Verdict(population_stability(before, now), max(chance, parameters.least_psi), n)
