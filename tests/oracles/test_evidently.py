"""Distances equal Evidently's own functions to 1e-9.

Evidently doesn't smooth. A count c of ours is smoothed to (c + ½) / (n + bins/2), which is what
2c + 1 of them gives without smoothing: so it gets 2c + 1 values where we count c.
"""

import pandas as pd
import pytest
from evidently.calculations.stattests.chisquare_stattest import _chi_stat_test
from evidently.calculations.stattests.jensenshannon import _jensenshannon
from evidently.calculations.stattests.psi import _psi
from evidently.calculations.stattests.tvd_stattest import _total_variation_distance
from evidently.calculations.stattests.wasserstein_distance_norm import _wasserstein_distance_norm
from evidently.core import ColumnType
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stream_jobs.detect.distances import (
    chi_square,
    jensen_shannon,
    population_stability,
    total_variation,
    wasserstein,
)

Pair = tuple[list[int], list[int]]
pairs = st.integers(2, 8).flatmap(
    lambda size: st.tuples(
        *[st.lists(st.integers(0, 60), min_size=size, max_size=size) for _ in range(2)]
    )
)
EXACT = {"abs": 1e-9, "rel": 1e-9}


def values(counts: list[int]) -> pd.Series:
    return pd.Series([i for i, count in enumerate(counts) for _ in range(count)])


def doubled(pair: Pair) -> list[pd.Series]:
    return [values([2 * count + 1 for count in counts]).astype(str) for counts in pair]


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_population_stability(pair: Pair) -> None:
    theirs, _ = _psi(*doubled(pair), ColumnType.Categorical, 0.1)
    assert population_stability(*pair) == pytest.approx(theirs, **EXACT)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_jensen_shannon(pair: Pair) -> None:
    theirs, _ = _jensenshannon(*doubled(pair), ColumnType.Categorical, 0.1)
    ours = jensen_shannon(*pair)
    # Near 0 the root magnifies the last digit of the sum: there the squares are compared.
    assert ours**2 == pytest.approx(theirs**2, abs=1e-12)
    if theirs > 1e-4:
        assert ours == pytest.approx(theirs, **EXACT)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_total_variation(pair: Pair) -> None:
    theirs = _total_variation_distance(*doubled(pair))
    assert total_variation(*pair) == pytest.approx(theirs, **EXACT)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_wasserstein(pair: Pair) -> None:
    assume(all(sum(counts) for counts in pair))
    theirs, _ = _wasserstein_distance_norm(
        values(pair[0]), values(pair[1]), ColumnType.Numerical, 0.1
    )
    places = [float(i) for i in range(len(pair[0]))]
    assert wasserstein(*pair, places) == pytest.approx(theirs, **EXACT)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_chi_square(pair: Pair) -> None:
    """Theirs takes the reference for the truth; so does ours if the reference is endless."""
    reference = [count + 1 for count in pair[0]]
    assume(sum(pair[1]))
    theirs, _ = _chi_stat_test(values(reference), values(pair[1]), ColumnType.Categorical, 0.1)
    endless = [count * 10**13 for count in reference]
    assert chi_square(endless, pair[1]).p_value == pytest.approx(theirs, **EXACT)
