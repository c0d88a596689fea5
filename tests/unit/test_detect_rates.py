"""Charts and intervals against published numbers, scipy and simulation."""

import math
import random
from math import comb, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import betabinom, binom, binomtest

from stream_jobs.detect.cusum import average_run_length, design, steps
from stream_jobs.detect.outliers import DocumentCharts, OutlierParameters
from stream_jobs.detect.rates import RateChart, RateParameters
from stream_jobs.detect.succession import log_evidence
from stream_jobs.detect.wilson import newcombe, wilson

PARAMETERS = RateParameters()


@given(st.integers(1, 2000), st.data())
def test_wilson_is_scipys(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    theirs = binomtest(k, n).proportion_ci(0.95, "wilson")
    ours = wilson(k, n)
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


def test_newcombe_is_the_published_example() -> None:
    # Newcombe (1998), table II, method 10, contrast (a): 56/70 - 48/80.
    low, high = newcombe(56, 70, 48, 80)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


@pytest.mark.parametrize(("p", "run"), [(0.5, 3), (0.1, 4), (0.02, 2)])
def test_run_length_of_negatives_in_a_row(p: float, run: int) -> None:
    # With a step down as long as the limit, only `run` negatives in a row reach it: a run of
    # successes of length r takes (1 - p^r) / (p^r (1 - p)) trials on average (Feller, XIII.7).
    expected = (1 - p**run) / (p**run * (1 - p))
    assert average_run_length(p, 1, run, run) == pytest.approx(expected)


def test_run_length_is_what_a_simulation_takes() -> None:
    rng, up, down, limit, total = random.Random(1), 7, 1, 40, 0
    for _ in range(2000):
        statistic = 0
        while statistic < limit:
            statistic = max(0, statistic + (up if rng.random() < 0.15 else -down))
            total += 1
    assert total / 2000 == pytest.approx(average_run_length(0.15, up, down, limit), rel=0.05)


@pytest.mark.parametrize("p0", [0.02, 0.09, 0.3, 0.6])
def test_a_design_keeps_its_budget_and_wastes_nothing(p0: float) -> None:
    chart = design(p0, 1.5, 0.02, 50_000)
    assert chart.p0 >= p0
    length = average_run_length(chart.p0, chart.up, chart.down, chart.limit)
    assert length >= 50_000
    assert average_run_length(chart.p0, chart.up, chart.down, chart.limit - 1) < 50_000
    assert average_run_length(chart.p1, chart.up, chart.down, chart.limit) < length / 20


@pytest.mark.parametrize(("p0", "p1"), [(0.05, 0.1), (0.3, 0.45), (0.5, 0.75)])
def test_steps_balance_between_baseline_and_rise(p0: float, p1: float) -> None:
    up, down = steps(p0, p1)
    assert p0 < down / (up + down) < p1


@given(st.lists(st.tuples(st.integers(-5, 10), st.integers(-5, 20)), max_size=40))
def test_corrections_wait_and_nothing_is_lost(batches: list[tuple[int, int]]) -> None:
    chart = RateChart()
    for k, n in batches:
        chart.feed(k, n, PARAMETERS)
    assert chart.n + chart.carry_n == sum(n for _, n in batches)
    assert chart.k + chart.carry_k == sum(k for k, _ in batches)


def alarm(rng: random.Random, rates: list[tuple[int, float]]) -> int | None:
    """Return after how many answers a chart alarmed."""
    chart, seen = RateChart(), 0
    for count, rate in rates:
        for _ in range(count // 10):
            chart.feed(sum(rng.random() < rate for _ in range(10)), 10, PARAMETERS)
            seen += 10
            if chart.alarmed:
                return seen
    return None


def test_a_rise_is_found_and_its_end_too() -> None:
    rng, chart = random.Random(5), RateChart()
    states = []
    for rate in (0.08, 0.3, 0.08):
        for _ in range(60):
            chart.feed(sum(rng.random() < rate for _ in range(10)), 10, PARAMETERS)
        states.append(chart.alarmed)
    assert states == [False, True, False]


def test_the_baseline_is_learnt_anew_as_the_sample_grows() -> None:
    rng, chart = random.Random(2), RateChart()
    baselines: dict[int, float] = {}
    for _ in range(200):
        chart.feed(sum(rng.random() < 0.1 for _ in range(10)), 10, PARAMETERS)
        baselines.setdefault(chart.version, chart.p0)
    assert len(baselines) > 15
    first, last = min(baselines.keys() - {0}), max(baselines)
    assert baselines[last] == pytest.approx(0.1, abs=0.03)
    assert baselines[first] > 0.1  # careful at first


def test_batches_of_any_size_find_about_the_same() -> None:
    """A window's answers are interleaved: ten small ones or one large one tell the same story."""
    found = []
    for size in (10, 100):
        chart, seen = RateChart(), 0
        while not chart.alarmed:
            rate = 0.1 if seen < 1_000 else 0.3
            chart.feed(round(rate * size), size, PARAMETERS)
            seen += size
        found.append(seen)
    assert abs(found[0] - found[1]) <= 100


def test_false_alarms_are_rare_from_a_small_baseline() -> None:
    alarms = sum(alarm(random.Random(i), [(1100, 0.09)]) is not None for i in range(100))
    assert alarms <= 2


def test_evidence_is_predictions_over_the_best_rates_that_are_no_worse() -> None:
    k, n, k_old, n_old = 30, 100, 50, 500
    above = betabinom.logpmf(k, n, 10 * 0.2, 10 * 0.8) - log(comb(n, k))
    above += betabinom.logpmf(k_old, n_old, 0.5, 0.5) - log(comb(n_old, k_old))
    pooled = minimize_scalar(
        lambda p: -binom.logpmf(k, n, p) - binom.logpmf(k_old, n_old, p),
        bounds=(0.01, 0.99),
        method="bounded",
        options={"xatol": 1e-9},
    )
    below = -pooled.fun - log(comb(n, k)) - log(comb(n_old, k_old))
    assert log_evidence(k, n, k_old, n_old, 0.1) == pytest.approx(above - below, abs=1e-6)
    assert log_evidence(5, 100, 50, 500, 0.1) < 0  # better than before


@pytest.mark.parametrize(("old", "rate"), [(50, 0.1), (400, 0.1), (400, 0.02), (2_000, 0.4)])
def test_looking_after_every_answer_keeps_the_chance_of_a_false_accusation(
    old: int, rate: float
) -> None:
    rng, accused = random.Random(3), 0
    for _ in range(300):
        k_old, k, alpha = sum(rng.random() < rate for _ in range(old)), 0, 0.05
        before = (k_old + 0.5) / (old + 1)
        for n in range(1, 301):
            k += rng.random() < rate
            if k and log_evidence(k, n, k_old, old, before) > -math.log(alpha):
                accused += 1
                break
    assert accused <= 300 * 0.05


def test_a_worse_version_is_found_within_some_dozens() -> None:
    needed = []
    for seed in range(50):
        rng, k = random.Random(seed), 0
        for n in range(1, 400):
            k += rng.random() < 0.3
            if k and log_evidence(k, n, 44, 500, 0.088) > -math.log(0.01):
                needed.append(n)
                break
    assert len(needed) == 50
    assert sorted(needed)[25] <= 80


DOCS = OutlierParameters()


def document(rates: dict[str, float], rest: float, windows: int, seed: int) -> set[str]:
    rng, charts = random.Random(seed), DocumentCharts()
    found: set[str] = set()
    for window in range(windows):
        share = dict.fromkeys(rates, 1)
        bad = {doc: int(rng.random() < rates[doc]) for doc in rates}
        k = sum(rng.random() < rest for _ in range(20)) + sum(bad.values())
        charts.feed(k, 20 + len(rates), bad, share, DOCS)
        found |= {doc for doc, chart in charts.charts.items() if chart.alarmed and window >= 0}
    return found


def test_the_bad_document_is_named_and_no_other() -> None:
    for seed in range(5):
        assert document({"good": 0.08, "bad": 0.6, "fair": 0.1}, 0.08, 150, seed) == {"bad"}


def test_what_makes_everything_worse_accuses_no_document() -> None:
    for seed in range(5):
        assert document({"one": 0.4, "two": 0.4}, 0.4, 150, seed) == set()
