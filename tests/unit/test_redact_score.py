"""The benchmark's figures against counts made by hand."""

import pytest

from tests.benchmarks.redact.score import Gold, Score, by_type, total, touched

TRUTH = [[Gold(0, 4, "A"), Gold(5, 9, "B")], [Gold(0, 4, "A")], []]
FOUND = [[Gold(0, 4, "A"), Gold(5, 8, "B"), Gold(20, 22, "C")], [], [Gold(1, 2, "A")]]


def test_counts_and_figures_by_hand() -> None:
    scores = by_type(TRUTH, FOUND)
    assert scores == {"A": Score(2, 2, 1), "B": Score(1, 1, 0), "C": Score(0, 1, 0)}
    assert (scores["A"].precision, scores["A"].recall, scores["A"].f()) == (0.5, 0.5, 0.5)
    assert (scores["B"].f(), scores["C"].recall) == (0.0, 0.0)
    assert total(scores) == Score(3, 4, 1)


def test_f2_weighs_recall_more() -> None:
    sure, thorough = Score(10, 5, 5), Score(10, 20, 10)
    assert sure.f() == pytest.approx(thorough.f())
    assert sure.f(2) == pytest.approx(25 / 45)  # 5 P R / (4 P + R), with P 1 and R 1/2
    assert thorough.f(2) == pytest.approx(50 / 60)


def test_a_touched_span_is_no_leak() -> None:
    assert touched(TRUTH, FOUND) == pytest.approx(2 / 3)
    assert touched([[]], [[]]) == 1.0
