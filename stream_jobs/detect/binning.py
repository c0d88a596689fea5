"""Few bins out of many, frozen with a reference: about equal parts of it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

MOST_BINS: Final = 8
MOST_NAMES: Final = 12
REST: Final = "__rest__"


def cuts(bins: Sequence[int], most: int = MOST_BINS) -> list[int]:
    """Return the indices where a new group starts, so that groups hold about equal counts."""
    total = sum(bins)
    found: list[int] = []
    seen = 0
    for index, count in enumerate(bins[:-1], 1):
        seen += count
        if total and seen * most >= (len(found) + 1) * total and seen < total:
            found.append(index)
            while seen * most >= (len(found) + 1) * total and len(found) < most - 1:
                found.append(index)
    return sorted(set(found))


def grouped(bins: Sequence[int], at: Sequence[int]) -> dict[str, int]:
    """Return counts by group, named by number, over the groups that start at `at`."""
    edges = [0, *at, len(bins)]
    return {str(i): sum(bins[low:high]) for i, (low, high) in enumerate(pairwise(edges))}


def named(counts: Mapping[str, int], names: Sequence[str]) -> dict[str, int]:
    """Return counts of `names`, everything else under REST."""
    kept = {name: counts.get(name, 0) for name in names}
    kept[REST] = sum(counts.values()) - sum(kept.values())
    return kept


def frequent(counts: Mapping[str, int], most: int = MOST_NAMES) -> list[str]:
    """Return the most frequent names, ties by name."""
    return sorted(sorted(counts), key=lambda name: -counts[name])[:most]
