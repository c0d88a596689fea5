"""When a distance of a sample from a reference means something.

Fixed limits for the stability index lie at small samples: of 200 against 200, it passes 0.1 in two
of five cases without any drift. So an alarm also needs to pass what chance gives: under no drift
PSI / (1/n + 1/m) is about χ² with bins − 1 degrees of freedom, times the dispersion if answers
aren't independent.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from scipy.stats import chi2

from stream_jobs.detect.distances import measured, population_stability

LEAST: Final = {
    "jensen_shannon": 0.1,
    "total_variation": 0.1,
    "wasserstein": 0.25,
    "chi_square": 3.0,
}
"""The smallest move that matters, by distance; PSI's is `least_psi`."""


class DriftParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a move counts."""

    sample: int = 500  # inferences in the reference, and in each sample compared with it
    alpha: float = 1e-5  # chance of an alarm for one sample without drift
    least_psi: float = 0.1  # smaller moves don't matter, however sure
    distance: str = "psi"
    least: float = 0.0  # the same for another distance; 0: LEAST

    @property
    def limit(self) -> float:
        """The smallest distance that matters."""
        return self.least_psi if self.distance == "psi" else self.least or LEAST[self.distance]


class Bins(msgspec.Struct, frozen=True):
    """Counts of a reference and of a sample over the same bins, and where these lie."""

    reference: list[int]
    current: list[int]
    places: list[float] = []  # of numbers only

    @property
    def comparable(self) -> bool:
        """Whether there is something to compare."""
        return len(self.reference) > 1 and sum(self.reference) > 0 and sum(self.current) > 0


class Verdict(msgspec.Struct, frozen=True):
    """The distance of one sample with its interval, and the limit it was held against."""

    value: float
    limit: float
    n: int
    low: float = 0.0
    high: float = 0.0
    surely: bool = True  # more than chance gives

    @property
    def drifted(self) -> bool:
        """Whether the move is too large for chance and large enough to matter."""
        return self.surely and self.value > self.limit


@lru_cache(maxsize=1024)
def _chi2(bins: int, alpha: float) -> float:
    return float(chi2.isf(alpha, max(1, bins - 1)))


def judge(bins: Bins, parameters: DriftParameters, dispersion: float = 1.0) -> Verdict:
    """Return the verdict on the sample; `dispersion` as `Dispersion.factor` tells it."""
    n = sum(bins.current)
    if not bins.comparable:
        return Verdict(0.0, parameters.limit, n)
    noise = 1 / n + 1 / sum(bins.reference)
    chance = noise * _chi2(len(bins.reference), parameters.alpha) * dispersion
    index = population_stability(bins.reference, bins.current)
    name = parameters.distance
    if name == "wasserstein" and not bins.places:
        name = "total_variation"  # names lie nowhere: all are equally far apart
    found = measured(name, bins.reference, bins.current, bins.places or None)
    limit = max(chance, parameters.limit) if name == "psi" else parameters.limit
    return Verdict(found.value, limit, n, found.low, found.high, surely=index > chance)


def bins_of(reference: Mapping[str, int], current: Mapping[str, int]) -> Bins:
    """Return counts by name as bins; a name that only one side has is a bin of its own."""
    names: Sequence[str] = sorted(reference.keys() | current.keys())
    return Bins(
        [max(0, reference.get(name, 0)) for name in names],
        [max(0, current.get(name, 0)) for name in names],
    )
