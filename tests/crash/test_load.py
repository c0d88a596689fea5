"""The judgement on growth can say yes and no; pure."""

from random import Random

import pytest

from tests.crash.load.sampler import grows, trend


@pytest.mark.parametrize(
    ("per_second", "noise", "bad"),
    [
        (0.0, 0.0, False),
        (0.0, 30.0, False),
        (0.1, 0.0, True),
        (0.1, 10.0, True),
        (0.005, 1.0, False),
    ],
)
def test_growth_is_told_from_noise(per_second: float, noise: float, bad: bool) -> None:
    rng = Random(3)
    points = [(t, 300 + per_second * t + rng.uniform(-noise, noise)) for t in range(900)]
    found = trend([(float(t), value) for t, value in points])
    assert found is not None
    assert grows("memory, MiB", found) is bad


def test_a_few_samples_are_no_line() -> None:
    assert trend([(0.0, 1.0)] * 5) is None
