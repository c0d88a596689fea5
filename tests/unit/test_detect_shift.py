"""A quantile that rose is found, chance isn't, and a rise too small to matter isn't either."""

import random
from collections import Counter

import pytest

from stream_jobs.detect.shift import Shift, ShiftParameters, judge_shift
from stream_jobs.window.sketches import LATENCY_EDGES_MS, bin_of


def sample(rng: random.Random, n: int, factor: float = 1.0) -> dict[int, int]:
    values = (factor * rng.lognormvariate(6.7, 0.45) for _ in range(n))
    return Counter(bin_of(LATENCY_EDGES_MS, int(value)) for value in values)


def judged(rng: random.Random, factor: float, q: float, rise: float) -> Shift:
    old, new = sample(rng, 500), sample(rng, 500, factor)
    found = judge_shift(LATENCY_EDGES_MS, q, old, new, ShiftParameters(rise=rise))
    assert found is not None
    return found


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_no_rise_no_alarm(q: float) -> None:
    rng = random.Random(1)
    assert not any(judged(rng, 1.0, q, rise=1.01).risen for _ in range(300))


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_a_rise_by_half_is_found(q: float) -> None:
    rng = random.Random(2)
    found = [judged(rng, 1.6, q, rise=1.3) for _ in range(50)]
    assert sum(one.risen for one in found) >= 48
    assert sum(one.now / one.before for one in found) / 50 == pytest.approx(1.6, rel=0.1)


def test_a_rise_that_does_not_matter_is_left_alone() -> None:
    rng = random.Random(3)
    assert not any(judged(rng, 1.2, 0.5, rise=1.5).risen for _ in range(50))


def test_nothing_to_compare_is_no_shift() -> None:
    assert judge_shift(LATENCY_EDGES_MS, 0.5, {}, {3: 5}, ShiftParameters()) is None
