"""Our histograms beside datasketches': what decided docs/decisions on sketches, kept true.

Ours add up exactly in any order and can be taken back; a randomised sketch's answer depends on the
order of merging, and nothing can be taken out of it. In accuracy and size they are about equal.
"""

import math
import random
from collections import Counter

import msgspec
import pytest
from datasketches import kll_ints_sketch

from stream_jobs.window.sketches import LATENCY_EDGES_MS, bin_of, quantile


def latencies(seed: int, n: int) -> list[int]:
    rng = random.Random(seed)
    return [int(rng.lognormvariate(6.7, 0.45)) for _ in range(n)]


def rank_error(values: list[int], found: float, q: float) -> float:
    return abs(sum(value <= found for value in values) / len(values) - q)


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_quantiles_are_as_good_where_it_matters(q: float) -> None:
    values = latencies(1, 20_000)
    bins = Counter(bin_of(LATENCY_EDGES_MS, value) for value in values)
    sketch = kll_ints_sketch(200)
    for value in values:
        sketch.update(value)
    ours = quantile(LATENCY_EDGES_MS, bins, q)
    assert ours is not None
    assert rank_error(values, ours, q) < 0.03
    assert rank_error(values, sketch.get_quantile(q), q) < 0.03


def test_a_minute_of_ours_is_no_larger() -> None:
    values = latencies(2, 200)
    bins = Counter(bin_of(LATENCY_EDGES_MS, value) for value in values)
    sketch = kll_ints_sketch(200)
    for value in values:
        sketch.update(value)
    assert len(msgspec.msgpack.encode(bins)) < len(sketch.serialize())


def test_merge_order_changes_a_sketch_and_not_ours() -> None:
    parts = [latencies(seed, 2_000) for seed in range(8)]

    def merged(order: list[int]) -> tuple[list[int], Counter[int]]:
        total, bins = kll_ints_sketch(200), Counter[int]()
        for number in order:
            part = kll_ints_sketch(200)
            for value in parts[number]:
                part.update(value)
            total.merge(part)
            bins += Counter(bin_of(LATENCY_EDGES_MS, value) for value in parts[number])
        return [total.get_quantile(q / 20) for q in range(1, 20)], bins

    one, other = merged([*range(8)]), merged([*range(7, -1, -1)])
    assert one[1] == other[1]
    assert one[0] != other[0]
    assert math.isclose(one[0][9], other[0][9], rel_tol=0.1)
