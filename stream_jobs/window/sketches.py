"""Histograms over fixed, log-spaced bins: they add up exactly, and give quantiles within a bin.

Edges are integers and frozen under the name of the field that holds the counts: other edges need
another field, because counts over different edges don't add up. Bin 0 holds what lies below
`edges[0]`, bin i what lies in [edges[i−1], edges[i]), the last bin the rest.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
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

LENGTH_EDGES: Final = log_edges(8, 2**20, 2)
"""8 bytes to a megabyte of text, 41 % apart."""
COST_EDGES: Final = log_edges(16, 2**30, 2)
"""0.000016 to 1,074 US dollars, in micro-dollars, 41 % apart."""
SCORE_EDGES: Final = (*range(-1_000, 1_000, 50), *log_edges(1_000, 2**20, 2))
"""Scores of retrieved documents in thousandths: −1 to 1 by 0.05, then 41 % apart to 1,049."""


def bin_of(edges: Sequence[int], value: int) -> int:
    """Return the index of the bin that holds `value`."""
    return bisect_right(edges, value)


def quantile(edges: Sequence[int], bins: Mapping[int, int], q: float) -> float | None:
    """Return the q-quantile (0…1) by linear interpolation inside its bin; None if there is nothing.

    `bins`: counts by bin. The first and the last bin have one edge only: a quantile in them is
    that edge, but where no value is negative the first bin begins at 0. Negative counts (a
    correction by itself) count as none.
    """
    counts = [(index, bins[index]) for index in sorted(bins) if bins[index] > 0]
    target, below = q * sum(count for _, count in counts), 0
    for index, count in counts:
        if below + count >= target:
            low = edges[index - 1] if index else min(0, edges[0])
            high = edges[index] if index < len(edges) else low
            return low + (high - low) * (target - below) / count
        below += count
    return None


def middles(edges: Sequence[int]) -> list[float]:
    """Return a value that stands for each bin: its middle, or the edge of one that is open."""
    inner = [(low + high) / 2 for low, high in pairwise(edges)]
    return [min(0, edges[0]) / 2 + edges[0] / 2, *inner, float(edges[-1])]
