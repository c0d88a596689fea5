"""Work that costs the same for one record as for thousands keeps to its share of the time."""

import pytest

from schemas.pace import LONGEST_S, SHARE, Pace


@pytest.mark.parametrize(
    ("took_s", "interval_s"),
    [(0.0, 0.2), (0.01, 0.2), (0.05, 0.5), (0.1, 1.0), (1.0, LONGEST_S), (60.0, LONGEST_S)],
)
def test_what_takes_long_is_done_less_often(took_s: float, interval_s: float) -> None:
    pace = Pace(0.2)
    pace.took(took_s)
    assert pace.interval_s == pytest.approx(interval_s)


def test_it_is_as_quick_as_before_when_the_work_is() -> None:
    pace = Pace(0.2)
    pace.took(1.0)
    pace.took(0.01)
    assert pace.interval_s == 0.2


def test_an_interval_that_was_asked_for_stays_though_it_is_long() -> None:
    pace = Pace(5.0)
    pace.took(0.1 * 5.0 / SHARE)
    assert pace.interval_s == 5.0
    pace.took(60.0)
    assert pace.interval_s == 5.0
