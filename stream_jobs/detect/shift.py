"""A quantile that has moved up: more of a sample lies above the reference's quantile than should.

Only the part above one border counts, so that the test is of two shares (pooled, one-sided),
widened by the dispersion. It must be too much for chance, and the quantile itself must have risen
by a factor that matters.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
from scipy.stats import norm

from stream_jobs.window.sketches import quantile


class ShiftParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a rise counts."""

    sample: int = 500  # inferences in the reference, and in each sample compared with it
    alpha: float = 1e-5  # chance of an alarm for one sample without a rise
    rise: float = 1.3  # the smallest factor that matters


class Shift(msgspec.Struct, frozen=True):
    """The quantile before and now, and how sure it is that it rose."""

    before: float
    now: float
    limit: float
    z: float
    needed: float  # of z
    n: int

    @property
    def risen(self) -> bool:
        """Whether it rose beyond chance, and by enough."""
        return self.z > self.needed and self.now > self.limit


def judge_shift(
    edges: Sequence[int],
    q: float,
    reference: Mapping[int, int],
    current: Mapping[int, int],
    parameters: ShiftParameters,
    dispersion: float = 1.0,
) -> Shift | None:
    """Return what became of quantile `q` (0…1), from counts by bin; None without counts."""
    before, now = quantile(edges, reference, q), quantile(edges, current, q)
    if before is None or now is None:
        return None
    border = min(range(len(edges)), key=lambda index: abs(edges[index] - before))
    (k0, m), (k1, n) = (_above(bins, border) for bins in (reference, current))
    pooled = (k0 + k1) / (m + n)
    error = math.sqrt(max(pooled * (1 - pooled), 1e-9) * (1 / m + 1 / n) * dispersion)
    needed = float(norm.isf(parameters.alpha))
    return Shift(before, now, before * parameters.rise, (k1 / n - k0 / m) / error, needed, n)


def _above(bins: Mapping[int, int], border: int) -> tuple[int, int]:
    """Return how many lie above edge number `border`, and how many there are."""
    counts = {index: count for index, count in bins.items() if count > 0}
    return sum(count for index, count in counts.items() if index > border), sum(counts.values())
