"""Distances against scipy, their intervals against simulation."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, wasserstein_distance

from stream_jobs.detect.dispersion import Dispersion
from stream_jobs.detect.distances import (
    DISTANCES,
    NAMES,
    chi_square,
    measured,
    shares,
    wasserstein,
)
from stream_jobs.detect.drift import Bins, DriftParameters, judge

counts = st.integers(2, 9).flatmap(
    lambda size: st.tuples(
        *[st.lists(st.integers(0, 400), min_size=size, max_size=size) for _ in range(2)]
    )
)
CASES = {
    "none": ([0.2] * 5, [0.2] * 5),
    "small": ([0.2] * 5, [0.25, 0.2, 0.2, 0.2, 0.15]),
    "large": ([0.1, 0.2, 0.3, 0.2, 0.1, 0.1], [0.3, 0.2, 0.1, 0.1, 0.2, 0.1]),
}


@given(counts, st.integers(1, 20))
def test_wasserstein_is_scipys(pair: tuple[list[int], list[int]], step: int) -> None:
    reference, current = pair
    assume(sum(reference) and sum(current))
    places = [0.5 * step * i**2 for i in range(len(reference))]
    raw = wasserstein_distance(places, places, reference, current)
    spread = max(1e-3, np.sqrt(np.cov(places, fweights=reference, ddof=0)))
    assert wasserstein(reference, current, places) == pytest.approx(raw / spread, abs=1e-9)


@given(counts)
def test_chi_square_is_scipys(pair: tuple[list[int], list[int]]) -> None:
    kept = [(a, b) for a, b in zip(*pair, strict=True) if a + b]
    assume(len(kept) > 1 and sum(a for a, _ in kept) and sum(b for _, b in kept))
    theirs = chi2_contingency(np.array(kept).T, correction=False)
    ours = chi_square(*pair)
    assert ours.freedom == theirs.dof
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-9, abs=1e-9)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-9)


@pytest.mark.parametrize("name", [*DISTANCES, "wasserstein"])
@pytest.mark.parametrize("case", CASES)
def test_an_interval_holds_the_true_distance(name: str, case: str) -> None:
    rng = np.random.default_rng(5)
    old, new = CASES[case]
    places = list(range(len(old)))
    endless = [[round(share * 10**9) for share in one] for one in (old, new)]
    true = measured(name, *endless, places).value
    held = 0
    for _ in range(200):
        drawn = (rng.multinomial(n, p).tolist() for n, p in ((800, old), (500, new)))
        found = measured(name, *drawn, places)
        held += found.low <= true <= found.high
    assert held >= 200 * 0.9


def test_the_interval_of_chi_square_leaves_chance_only_if_something_moved() -> None:
    none = measured("chi_square", [200] * 5, [190, 210, 205, 195, 200])
    moved = measured("chi_square", [200] * 5, [300, 150, 205, 145, 200])
    assert (none.low, moved.low > 1) == (0.0, True)
    assert none.value < 1 < moved.low < moved.value < moved.high


@pytest.mark.parametrize("name", NAMES)
def test_every_distance_can_be_the_one_that_a_rule_watches(name: str) -> None:
    rng, parameters = np.random.default_rng(1), DriftParameters(distance=name)
    flat, far = [0.2] * 5, [0.4, 0.3, 0.1, 0.1, 0.1]

    def verdicts(now: list[float]) -> list[bool]:
        drawn = ((rng.multinomial(500, p).tolist() for p in (flat, now)) for _ in range(100))
        return [judge(Bins(*pair, [1.0, 2, 4, 8, 16]), parameters).drifted for pair in drawn]

    assert not any(verdicts(flat))
    assert all(verdicts(far))


@given(st.lists(st.integers(0, 50), min_size=2, max_size=6), st.integers(1, 40))
def test_smoothed_shares_add_up_to_one(values: list[int], more: int) -> None:
    assert sum(shares([*values, more])) == pytest.approx(1)


@pytest.mark.parametrize("together", [1, 3])
def test_dispersion_is_how_many_answers_come_together(together: int) -> None:
    """Sessions of three answers with one language: three times the variance."""
    rng, found = np.random.default_rng(2), Dispersion()
    blocks = [rng.multinomial(60 // together, [0.5, 0.3, 0.2]) * together for _ in range(400)]
    for one, other in pairwise(blocks):
        found.feed(*({str(i): int(c) for i, c in enumerate(b)} for b in (one, other)))
    assert found.factor == pytest.approx(together, rel=0.2)


def test_answers_that_come_together_raise_no_alarm() -> None:
    rng, plain, told = np.random.default_rng(3), 0, 0
    parameters = DriftParameters(alpha=1e-3, least_psi=0.001)
    for _ in range(300):
        old, new = (rng.multinomial(100, [0.4, 0.3, 0.3]) * 5 for _ in range(2))
        bins = Bins(old.tolist(), new.tolist())
        plain += judge(bins, parameters).drifted
        told += judge(bins, parameters, dispersion=5.0).drifted
    assert plain > 20
    assert told <= 3
