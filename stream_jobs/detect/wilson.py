"""Intervals for rates: Wilson's for one rate, Newcombe's for the difference of two."""

import math
from typing import NamedTuple

Z95: float = 1.959963984540054


class Interval(NamedTuple):
    """Lower and upper bound."""

    low: float
    high: float


def wilson(k: int, n: int, z: float = Z95) -> Interval:
    """Return the score interval of the rate k/n; (0, 1) if n is 0.

    Source: Wilson 1927. Raises ValueError unless 0 ≤ k ≤ n.
    """
    if not 0 <= k <= n:
        raise ValueError(f"a rate needs 0 <= k <= n, got k={k}, n={n}")
    if n == 0:
        return Interval(0.0, 1.0)
    rate, zz = k / n, z * z
    middle = rate + zz / (2 * n)
    reach = z * math.sqrt(rate * (1 - rate) / n + zz / (4 * n * n))
    low = (middle - reach) / (1 + zz / n) if k else 0.0
    high = (middle + reach) / (1 + zz / n) if k < n else 1.0
    return Interval(max(0.0, low), min(1.0, high))


def newcombe(k1: int, n1: int, k2: int, n2: int, z: float = Z95) -> Interval:
    """Return the interval of k1/n1 − k2/n2 from the two Wilson intervals (Newcombe 1998, no 10)."""
    p1, p2 = (k1 / n1 if n1 else 0.0), (k2 / n2 if n2 else 0.0)
    one, two = wilson(k1, n1, z), wilson(k2, n2, z)
    low = p1 - p2 - math.hypot(p1 - one.low, two.high - p2)
    high = p1 - p2 + math.hypot(one.high - p1, p2 - two.low)
    return Interval(low, high)
