"""The always-valid interval: against a grid, in symmetry, and looked at after every answer."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from stream_jobs.detect.always_valid import rate_difference

counts = st.integers(0, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


def by_grid(n1: int, k1: int, n0: int, k0: int, alpha: float) -> tuple[float, float]:
    """Return the interval from scipy's densities on a fine grid of all pairs."""
    p = np.linspace(0, 1, 2001)
    log1 = beta.logpdf(p, k1 + 1, n1 - k1 + 1)
    log0 = beta.logpdf(p, k0 + 1, n0 - k0 + 1)
    inside = log1[:, None] + log0[None, :] >= math.log(alpha)
    rows, columns = np.nonzero(inside)
    difference = p[rows] - p[columns]
    return float(difference.min()), float(difference.max())


@pytest.mark.parametrize(
    "case",
    [
        (0, 0, 0, 0),
        (10, 0, 10, 0),
        (10, 10, 10, 0),
        (50, 5, 0, 0),
        (80, 9, 200, 60),
        (300, 30, 7, 7),
    ],
    ids=str,
)
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_it_is_what_a_grid_of_all_pairs_gives(
    case: tuple[int, int, int, int], alpha: float
) -> None:
    assert rate_difference(*case, alpha) == pytest.approx(by_grid(*case, alpha), abs=2e-3)


@given(counts, counts)
def test_swapping_the_arms_turns_it_round_and_it_holds_what_was_seen(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    low, high = rate_difference(*one, *other, 0.05)
    back = rate_difference(*other, *one, 0.05)
    assert (low, high) == pytest.approx((-back.high, -back.low), abs=1e-9)
    assert -1 <= low < high <= 1
    seen = [k / n if n else 0.5 for n, k in (one, other)]
    assert low - 1e-9 <= seen[0] - seen[1] <= high + 1e-9


def test_less_alpha_is_wider_and_more_answers_are_narrower() -> None:
    wide, narrow = rate_difference(100, 10, 100, 30, 0.001), rate_difference(100, 10, 100, 30, 0.1)
    assert wide.low < narrow.low < narrow.high < wide.high
    more = rate_difference(10_000, 1_000, 10_000, 3_000, 0.001)
    assert wide.low < more.low < more.high < wide.high


def test_a_plain_improvement_is_decided_within_a_few_hundred_answers() -> None:
    assert rate_difference(400, 20, 400, 80, 0.05).high < 0


def test_whoever_looks_after_every_answer_is_misled_at_most_alpha_of_the_time() -> None:
    """120 runs of 800 answers to two arms alike, looked at on a fine schedule of times."""
    rng = np.random.default_rng(7)
    looks = np.unique(np.geomspace(2, 800, 30).astype(int))
    wrong = 0
    for _ in range(120):
        rate = rng.uniform(0.02, 0.5)
        ones = np.cumsum(rng.random(800) < rate)
        zeros = np.cumsum(rng.random(800) < rate)
        wrong += any(
            not low <= 0 <= high
            for low, high in (
                rate_difference(n, int(ones[n - 1]), n, int(zeros[n - 1]), 0.1) for n in looks
            )
        )
    assert wrong <= 12 + 2.6 * math.sqrt(120 * 0.1 * 0.9), "99.5 % of such tests at alpha 0.1"


def test_counts_that_can_not_be_are_refused() -> None:
    with pytest.raises(ValueError, match="5 of 3"):
        rate_difference(3, 5, 10, 1, 0.05)
