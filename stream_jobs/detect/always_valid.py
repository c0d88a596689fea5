"""Two rates compared by an interval that holds at every moment, however often one looks; pure.

With uniform priors the ratio of prior to posterior density at the true pair of rates is a
nonnegative martingale, whichever arm the next answer belongs to, so (Ville 1939) with probability
1 - alpha it stays below 1/alpha for ever. The interval is all differences of pairs that are still
below it. Sources: Robbins 1970 (mixtures); Waudby-Smith and Ramdas 2020, "Confidence sequences for
sampling without replacement" (the prior-posterior-ratio martingale), here for two arms at once.
"""

import math
from typing import Final, NamedTuple

STEPS: Final = 32  # of a bisection on the logarithm: about 1e-9 in the result
STEEPEST: Final = 1e15


class Difference(NamedTuple):
    """Bounds of a difference of two rates, -1 to 1."""

    low: float
    high: float


def rate_difference(n1: int, k1: int, n0: int, k0: int, alpha: float) -> Difference:
    """Return the interval of rate 1 minus rate 0, from k of n of each.

    Looked at after every answer, for ever, the true difference is outside at any time with at most
    probability `alpha`. ValueError unless 0 ≤ k ≤ n and 0 < alpha < 1.
    """
    if not (0 <= k1 <= n1 and 0 <= k0 <= n0 and 0 < alpha < 1):
        raise ValueError(f"{k1} of {n1}, {k0} of {n0}, alpha {alpha}: expected 0 ≤ k ≤ n")
    high = _largest(n1, k1, n0, n0 - k0, alpha) - 1
    low = 1 - _largest(n1, n1 - k1, n0, k0, alpha)
    return Difference(low, high)


def _largest(n1: int, k1: int, n0: int, k0: int, alpha: float) -> float:
    """Return the largest p + q whose posterior densities multiply to at least `alpha`.

    Both logarithms are concave, so at the edge their slopes are equal: one number to look for.
    """
    bound = math.log(alpha) + _log_beta(n1, k1) + _log_beta(n0, k0)

    def within(steepness: float) -> bool:
        p, q = _where(n1, k1, steepness), _where(n0, k0, steepness)
        return _log_density(n1, k1, p) + _log_density(n0, k0, q) >= bound

    low, high = 1e-6, 1.0
    while within(high) and high < STEEPEST:
        low, high = high, high * 8
    for _ in range(STEPS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if within(middle) else (low, middle)
    return _where(n1, k1, high) + _where(n0, k0, high)


def _where(n: int, k: int, steepness: float) -> float:
    """Return the rate above k/n at which the log-density falls by `steepness` per unit.

    The upper root of s·p² + (n - s)·p - k = 0, in the form that doesn't cancel.
    """
    s = steepness
    root = math.hypot(n - s, 2 * math.sqrt(s * k))
    if s >= n:
        return min(1.0, (s - n + root) / (2 * s))
    return min(1.0, 2 * k / (n - s + root))


def _log_density(n: int, k: int, p: float) -> float:
    """Return k·log p + (n - k)·log(1 - p), with 0·log 0 = 0."""
    return _times_log(k, p) + _times_log(n - k, 1 - p)


def _times_log(count: int, share: float) -> float:
    if count == 0:
        return 0.0
    return count * math.log(share) if share > 0 else -math.inf


def _log_beta(n: int, k: int) -> float:
    return math.lgamma(k + 1) + math.lgamma(n - k + 1) - math.lgamma(n + 2)
