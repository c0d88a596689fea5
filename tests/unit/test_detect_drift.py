"""Distances against scipy, and alarms that chance doesn't raise."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, entropy

from stream_jobs.detect.binning import REST, cuts, frequent, grouped, named
from stream_jobs.detect.distances import (
    jensen_shannon,
    population_stability,
    shares,
    total_variation,
)
from stream_jobs.detect.drift import DriftParameters, Verdict, bins_of
from stream_jobs.detect.drift import judge as judge_bins

pairs = st.integers(2, 12).flatmap(
    lambda size: st.tuples(
        *[st.lists(st.integers(0, 500), min_size=size, max_size=size) for _ in range(2)]
    )
)


def judge(old: dict[str, int], new: dict[str, int], parameters: DriftParameters) -> Verdict:
    return judge_bins(bins_of(old, new), parameters)


@given(pairs)
def test_distances_are_scipys(pair: tuple[list[int], list[int]]) -> None:
    p, q = shares(pair[0]), shares(pair[1])
    assert population_stability(*pair) == pytest.approx(entropy(p, q) + entropy(q, p), abs=1e-9)
    assert jensen_shannon(*pair) == pytest.approx(jensenshannon(p, q), abs=1e-7)
    both = zip(p, q, strict=True)
    assert total_variation(*pair) == pytest.approx(sum(abs(a - b) for a, b in both) / 2)
    assert 0 <= total_variation(*pair) <= 1


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="shorter"):
        population_stability([1, 2, 3], [1, 2])


def sample(rng: random.Random, n: int, weights: list[float]) -> dict[str, int]:
    drawn = rng.choices(range(len(weights)), weights, k=n)
    return {str(i): drawn.count(i) for i in range(len(weights))}


def test_chance_raises_no_alarm_where_a_fixed_limit_would() -> None:
    rng, parameters = random.Random(1), DriftParameters()
    fixed = alarms = 0
    for _ in range(500):
        old, new = (sample(rng, 200, [1.0] * 10) for _ in range(2))
        fixed += population_stability(list(old.values()), list(new.values())) > 0.1
        alarms += judge(old, new, parameters).drifted
    assert (alarms, fixed > 100) == (0, True)


def test_the_limit_follows_the_sample_and_never_falls_below_what_matters() -> None:
    parameters = DriftParameters(alpha=0.001)
    flat = {str(i): 50 for i in range(5)}
    many = {str(i): 50_000 for i in range(5)}
    expected = (1 / 250 + 1 / 250) * chi2.isf(0.001, 4)
    assert judge(flat, flat, parameters).limit == pytest.approx(expected)
    assert judge(many, many, parameters).limit == 0.1


def test_a_move_is_an_alarm_and_so_is_a_value_never_seen() -> None:
    parameters = DriftParameters()
    assert judge({"en": 480, "de": 20}, {"en": 300, "de": 200}, parameters).drifted
    assert judge({"en": 500}, {"en": 300, "fr": 200}, parameters).drifted
    assert not judge({"en": 500}, {"en": 500}, parameters).drifted
    assert not judge({}, {"en": 500}, parameters).drifted


@given(st.lists(st.integers(0, 100), min_size=1, max_size=60))
def test_groups_hold_everything_and_are_few(bins: list[int]) -> None:
    at = cuts(bins)
    counts = grouped(bins, at)
    assert sum(counts.values()) == sum(bins)
    assert len(counts) <= 8
    assert at == sorted(set(at))


def test_groups_are_about_equal() -> None:
    assert grouped([10] * 16, cuts([10] * 16)) == {str(i): 20 for i in range(8)}


def test_names_not_in_the_reference_count_as_rest() -> None:
    names = frequent({"a": 3, "b": 9, "c": 3}, 2)
    assert names == ["b", "a"]
    assert named({"a": 1, "z": 4}, names) == {"b": 0, "a": 1, REST: 4}
