"""How far two samples of counts over the same bins lie apart, each way with its interval.

PSI, Jensen–Shannon and total variation are taken over smoothed shares, so that an empty bin stays
finite; Wasserstein and χ² over the counts as they are. Intervals are the delta method's: both
samples vary as multinomials do. What a distance gains by chance alone, when nothing has moved, is
taken off the lower bound: a distance is never below 0, so its mean isn't 0 either.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from scipy.optimize import brentq
from scipy.stats import chi2, ncx2

from stream_jobs.detect.wilson import Z95

Counts = Sequence[int]
LEAST_SPREAD: Final = 1e-3
"""The reference's standard deviation counts as at least this."""


class Distance(NamedTuple):
    """A distance with its 95 % interval."""

    value: float
    low: float
    high: float


class ChiSquare(NamedTuple):
    """Pearson's statistic that two samples come from one distribution, and the chance of it."""

    statistic: float
    freedom: int
    p_value: float


def shares(counts: Counts) -> list[float]:
    """Return (c + ½) / (n + bins/2) for each count (Jeffreys 1946): no bin is empty."""
    total = sum(counts) + len(counts) / 2
    return [(count + 0.5) / total for count in counts]


def population_stability(reference: Counts, current: Counts) -> float:
    """Return how far `current` has moved from `reference`, in nats; 0 is no move.

    Counts per bin over the same bins, smoothed by `shares`. Raises ValueError if the lengths
    differ. Source: J divergence, Kullback and Leibler 1951.
    """
    pairs = zip(shares(reference), shares(current), strict=True)
    return sum((q - p) * math.log(q / p) for p, q in pairs)


def jensen_shannon(reference: Counts, current: Counts) -> float:
    """Return the Jensen–Shannon distance (0…√ln 2), over smoothed shares."""
    total = 0.0
    for p, q in zip(shares(reference), shares(current), strict=True):
        middle = (p + q) / 2
        total += p * math.log(p / middle) + q * math.log(q / middle)
    return math.sqrt(max(0.0, total / 2))


def total_variation(reference: Counts, current: Counts) -> float:
    """Return half the sum of differences of smoothed shares: the mass that moved, 0…1."""
    pairs = zip(shares(reference), shares(current), strict=True)
    return sum(abs(p - q) for p, q in pairs) / 2


def wasserstein(reference: Counts, current: Counts, places: Sequence[float]) -> float:
    """Return how far mass has to travel, in standard deviations of the reference.

    `places`: a rising value for each bin. Raises ValueError if a sample is empty or shapes differ.
    """
    p, q = _plain(reference), _plain(current)
    gaps = _gaps(p, q)
    steps = [high - low for low, high in pairwise(places)]
    moved = sum(abs(gap) * step for gap, step in zip(gaps, steps, strict=True))
    return moved / _spread(p, places)


def chi_square(reference: Counts, current: Counts) -> ChiSquare:
    """Return the test that both come from one distribution; bins empty in both don't count."""
    n, m = sum(current), sum(reference)
    pairs = [(a, b) for a, b in zip(reference, current, strict=True) if a + b]
    freedom = len(pairs) - 1
    if n <= 0 or m <= 0 or freedom < 1:
        return ChiSquare(0.0, max(0, freedom), 1.0)
    # Each bin's two cells together: (b·m − a·n)² / (n·m·(a + b)).
    statistic = sum((b * m - a * n) ** 2 / (a + b) for a, b in pairs) / (n * m)
    return ChiSquare(statistic, freedom, float(chi2.sf(statistic, freedom)))


# --- intervals ---


def measured(
    name: str, reference: Counts, current: Counts, places: Sequence[float] | None = None
) -> Distance:
    """Return distance `name` (a key of DISTANCES, or `wasserstein` with `places`, or `chi_square`).

    `chi_square` gives Pearson's statistic over its degrees of freedom: 1 is what chance gives.
    """
    if name == "chi_square":
        return _chi_square_interval(chi_square(reference, current))
    noise = 1 / max(1, sum(reference)) + 1 / max(1, sum(current))
    if name == "wasserstein":
        if places is None:
            raise ValueError("wasserstein needs the place of each bin on the scale")
        value = wasserstein(reference, current, places)
        p, q = _plain(reference), _plain(current)
        slopes, chance = _wasserstein_slopes(p, q, places), _wasserstein_chance(p, noise, places)
    else:
        distance, slopes_of, chance_of = DISTANCES[name]
        value, p, q = distance(reference, current), shares(reference), shares(current)
        slopes, chance = slopes_of(p, q), chance_of(p, noise)
    variance = _variance(slopes[0], p) / max(1, sum(reference))
    variance += _variance(slopes[1], q) / max(1, sum(current))
    reach = Z95 * math.sqrt(variance)
    return Distance(value, max(0.0, value - chance - reach), value + reach)


Slopes = tuple[list[float], list[float]]
"""Derivatives of a distance by the reference's shares and by the current ones."""


def _variance(slope: list[float], weights: list[float]) -> float:
    mean = sum(s * w for s, w in zip(slope, weights, strict=True))
    return sum(w * (s - mean) ** 2 for s, w in zip(slope, weights, strict=True))


def _psi_chance(p: list[float], noise: float) -> float:
    """Return what PSI is on average if nothing has moved; `noise`: 1/n + 1/m."""
    return (len(p) - 1) * noise


def _jensen_shannon_chance(p: list[float], noise: float) -> float:
    return math.sqrt((len(p) - 1) * noise / 8)


def _total_variation_chance(p: list[float], noise: float) -> float:
    return sum(math.sqrt(w * (1 - w) * noise / (2 * math.pi)) for w in p)


def _wasserstein_chance(p: list[float], noise: float, places: Sequence[float]) -> float:
    steps = [high - low for low, high in pairwise(places)]
    errors = [math.sqrt(2 * max(0.0, f * (1 - f)) * noise / math.pi) for f in accumulate(p)]
    moved = sum(error * step for error, step in zip(errors, steps, strict=False))
    return moved / _spread(p, places)


def _psi_slopes(p: list[float], q: list[float]) -> Slopes:
    pairs = list(zip(p, q, strict=True))
    return (
        [math.log(a / b) + 1 - b / a for a, b in pairs],
        [math.log(b / a) + 1 - a / b for a, b in pairs],
    )


def _jensen_shannon_slopes(p: list[float], q: list[float]) -> Slopes:
    pairs = list(zip(p, q, strict=True))
    square = sum(a * math.log(2 * a / (a + b)) + b * math.log(2 * b / (a + b)) for a, b in pairs)
    scale = 4 * math.sqrt(max(square / 2, 1e-12))
    return (
        [math.log(2 * a / (a + b)) / scale for a, b in pairs],
        [math.log(2 * b / (a + b)) / scale for a, b in pairs],
    )


def _total_variation_slopes(p: list[float], q: list[float]) -> Slopes:
    signs = [math.copysign(0.5, b - a) if a != b else 0.0 for a, b in zip(p, q, strict=True)]
    return [-sign for sign in signs], signs


def _wasserstein_slopes(p: list[float], q: list[float], places: Sequence[float]) -> Slopes:
    steps = [high - low for low, high in pairwise(places)]
    signed = [
        math.copysign(step, gap) if gap else 0.0
        for gap, step in zip(_gaps(p, q), steps, strict=True)
    ]
    # Mass in bin j lies below every later border: it counts in each of their gaps.
    tails = list(accumulate(reversed([*signed, 0.0])))[::-1]
    spread = _spread(p, places)
    return [-tail / spread for tail in tails], [tail / spread for tail in tails]


def _chi_square_interval(found: ChiSquare) -> Distance:
    """Return the statistic over its freedom with the interval of its noncentrality, plus 1."""
    df = found.freedom
    if df < 1:
        return Distance(0.0, 0.0, 0.0)
    low, high = (_noncentrality(found.statistic, df, tail) for tail in (0.975, 0.025))
    return Distance(found.statistic / df, low / df, 1 + high / df)


def _noncentrality(statistic: float, df: int, tail: float) -> float:
    """Return the noncentrality under which the statistic is that quantile; 0 if none is."""

    def over(noncentrality: float) -> float:
        return float(ncx2.cdf(statistic, df, noncentrality)) - tail

    if over(1e-9) <= 0:
        return 0.0
    most = 2 * statistic + 100.0
    return float(brentq(over, 1e-9, most)) if over(most) < 0 else most


def _plain(counts: Counts) -> list[float]:
    total = sum(counts)
    if total <= 0:
        raise ValueError("a sample is empty: nothing can be compared with it")
    return [count / total for count in counts]


def _gaps(p: list[float], q: list[float]) -> list[float]:
    """Return current minus reference below each inner border."""
    return list(accumulate(b - a for a, b in zip(p, q, strict=True)))[:-1]


def _spread(p: list[float], places: Sequence[float]) -> float:
    mean = sum(a * x for a, x in zip(p, places, strict=True))
    return max(
        LEAST_SPREAD, math.sqrt(sum(a * (x - mean) ** 2 for a, x in zip(p, places, strict=True)))
    )


class _Kind(NamedTuple):
    distance: Callable[[Counts, Counts], float]
    slopes: Callable[[list[float], list[float]], Slopes]
    chance: Callable[[list[float], float], float]


DISTANCES: Final[Mapping[str, _Kind]] = {
    "psi": _Kind(population_stability, _psi_slopes, _psi_chance),
    "jensen_shannon": _Kind(jensen_shannon, _jensen_shannon_slopes, _jensen_shannon_chance),
    "total_variation": _Kind(total_variation, _total_variation_slopes, _total_variation_chance),
}
NAMES: Final = (*DISTANCES, "wasserstein", "chi_square")
"""All distances that a rule or a comparison can ask for."""
