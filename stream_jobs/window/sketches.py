"""Histograms over fixed, log-spaced bins: they add up exactly, and give quantiles within a bin.

Edges are integers and frozen under the name of the field that holds the counts: other edges need
another field, because counts over different edges don't add up. Bin 0 holds what lies below
`edges[0]`, bin i what lies in [edges[i−1], edges[i]), the last bin the rest.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final


def log_edges(low: int, high: int, per_octave: int) -> tuple[int, ...]:
    """Return integer edges from `low` to `high`, `per_octave` of them to each doubling."""
    edges, power = [low], 1
    while edges[-1] < high:
        edges.append(max(edges[-1] + 1, round(low * 2 ** (power / per_octave))))
        power += 1
    return tuple(edges)


LATENCY_EDGES_MS: Final = log_edges(8, 2**20, 3)
"""8 ms to 17 minutes, 26 % apart: a quantile read from the bins is off by at most that."""
TOKEN_EDGES: Final = log_edges(1, 2**17, 2)
"""1 to 131,072 tokens, 41 % apart."""

LATENCY_BINS: Final = len(LATENCY_EDGES_MS) + 1
TOKEN_BINS: Final = len(TOKEN_EDGES) + 1


def bin_of(edges: Sequence[int], value: int) -> int:
    """Return the index of the bin that holds `value`."""
    return bisect_right(edges, value)


def quantile(edges: Sequence[int], bins: Sequence[int], q: float) -> float | None:
    """Return the q-quantile (0…1) by linear interpolation inside its bin; None if there is nothing.

    The last bin has no upper edge: a quantile in it is its lower edge. Negative counts (a
    correction by itself) count as none.
    """
    counts = [max(0, count) for count in bins]
    total = sum(counts)
    if not total:
        return None
    target, below = q * total, 0
    for index, count in enumerate(counts):
        if count and below + count >= target:
            low = edges[index - 1] if index else 0
            high = edges[index] if index < len(edges) else low
            return low + (high - low) * (target - below) / count
        below += count
    return float(edges[-1])
