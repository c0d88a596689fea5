"""The short form: one round of the faults that are over in seconds."""

from pathlib import Path

import pytest

from tests.crash.__main__ import SHORT_RATE, SHORT_S
from tests.crash.faults import QUICK
from tests.crash.invariants import summary
from tests.crash.scenario import Plan, play

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

SEED = 7
LEAST_FAULTS = 3  # on a machine where everything else runs too


def test_nothing_is_lost_and_nothing_twice_whatever_dies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\nthe same as python -m tests.crash --short --copies 1 --seed {SEED}")
    plan = Plan(SEED, SHORT_S, SHORT_RATE, QUICK, lanes=2, copies=1)
    outcome = play(plan, tmp_path / "stack", print)
    assert not outcome.failed, outcome.failed
    assert not outcome.broken, summary(outcome.broken)
    assert sum(outcome.injected.values()) >= LEAST_FAULTS
