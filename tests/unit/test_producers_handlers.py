"""Handlers: which action is whose, what is never done twice, what a result says."""

from typing import Any

import pytest

from producers import Action, Declined, Done, Handler, Retry, on_action, run_handlers
from producers.actions import action_of
from producers.done import DoneRecord
from producers.results import result_record
from schemas.catalog import parsed
from schemas.codec import decode, encode
from schemas.errors import ConfigError
from schemas.settings import Settings
from tests.integration.producing import action


def one(sequence: int = 0, state: str = "opened", **other: Any) -> Action:
    record = action(0, sequence=sequence, state=state, **other)
    return action_of(decode(parsed("Action"), encode(parsed("Action"), record)))


@on_action("rollback")
def roll_back(found: Action) -> Done:
    return Done(detail=found.action_id)


@on_action("rollback", states=("opened", "renewed"))
def each_time(_: Action) -> None:
    return None


def results(*said: tuple[str, str, int]) -> DoneRecord:
    done = DoneRecord("team")
    for by, state, sequence in said:
        done.result(result_record(one(sequence), state, by, 1))
    return done


@pytest.mark.parametrize(
    ("handler", "said", "sequence", "state", "wanted"),
    [
        (roll_back, [], 0, "opened", True),
        (roll_back, [("team", "accepted", 0)], 0, "opened", True),  # it died at work: again
        (roll_back, [("team", "executed", 0)], 0, "opened", False),
        (roll_back, [("team", "executed", 0)], 1, "renewed", False),
        (roll_back, [("team", "declined", 0)], 1, "escalated", False),
        (roll_back, [("team", "failed", 0)], 0, "opened", False),
        (roll_back, [("team", "failed", 0)], 1, "renewed", True),  # a new state, a new try
        (roll_back, [("others", "executed", 0)], 0, "opened", True),
        (roll_back, [], 1, "cleared", False),
        (each_time, [("team", "executed", 0)], 1, "renewed", True),
        (each_time, [("team", "executed", 1)], 1, "renewed", False),
        (each_time, [], 1, "escalated", False),
    ],
)
def test_what_is_still_to_do(
    handler: Handler, said: list[tuple[str, str, int]], sequence: int, state: str, wanted: bool
) -> None:
    assert results(*said).wants(handler, one(sequence, state)) == wanted


def test_a_problem_that_is_over_is_known_before_its_turn() -> None:
    done = DoneRecord("team")
    done.action(action(0, state="cleared", sequence=1))
    assert done.over(roll_back, one())
    assert not done.over(each_time, one()), "who asks for states gets them"


def test_a_decorated_function_is_still_one() -> None:
    assert roll_back(one()) == Done(detail="a0")
    assert (roll_back.kind, roll_back.states) == ("rollback", None)


def test_an_action_carries_all_of_its_record() -> None:
    found = one()
    assert found.evidence["observed"] == 0.31
    assert found.record["action_id"] == found.action_id == "a0"


def test_a_result_fits_its_schema_and_a_long_detail_is_cut() -> None:
    record = result_record(one(2), "executed", "team", 5, Done(detail="x" * 9_999))
    back = decode(parsed("ActionResult"), encode(parsed("ActionResult"), record))
    assert (back["sequence"], back["by"], len(back["detail"])) == (2, "team", 500)


def test_waits_double_up_to_a_bound() -> None:
    assert [Retry(first_s=1, most_s=5).wait_s(n) for n in (1, 2, 3, 4)] == [1, 2, 4, 5]


@pytest.mark.parametrize("handlers", [[], [roll_back, each_time]], ids=["none", "two of a kind"])
def test_handlers_that_can_not_be_run_are_refused(handlers: list[Handler]) -> None:
    with pytest.raises(ConfigError, match="at most one of each kind"):
        run_handlers(handlers, group="team", settings=Settings())


def test_an_unknown_kind_or_state_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"'rollbak'.*rollback"):
        on_action("rollbak")
    with pytest.raises(ConfigError, match=r"'open'.*opened"):
        on_action("rollback", states=("open",))


def test_declined_says_why() -> None:
    assert Declined("not ours").detail == "not ours"
