"""The checker can fail: every kind of break is reported, by id and place."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import pytest

from tests.crash.facts import Found, Mark, Place, Seen, Truth, Window
from tests.crash.invariants import broken

WINDOW = Window(60_000, "acme", "m", "p1", "web")
OPENED = ("opened", "rollback", "answers-got-worse", "acme", "{}")
TRUTH = Truth(
    signals={"e1": "matched", "e2": "late"},
    inferences=frozenset(("i1", "i2")),
    windows={WINDOW: {"inferences": 2, "positive": 1}},
    counted={WINDOW: {"inferences": 2}},
    actions={"a1/0": OPENED},
    letters=frozenset((("feedloop.feedback", 0, 7),)),
)


def place() -> Place:
    return Place(
        name="ClickHouse",
        signals=[Found("e1", "matched", "row 1"), Found("e2", "late", "row 2")],
        inferences=[Found("i1", "", "row 1"), Found("i2", "", "row 2")],
        actions=[Found("a1/0", OPENED, "row 1")],
        letters=[Found("feedloop.feedback[0]@7", "", "row 1")],
        windows=deepcopy(TRUTH.windows),
    )


def seen() -> Seen:
    return Seen([place()], {"watermark of join, x[0]": [Mark(1.0, 5), Mark(2.0, 5), Mark(3.0, 9)]})


def test_what_is_true_breaks_nothing() -> None:
    assert broken(TRUTH, seen()) == []


@dataclass
class Case:
    name: str
    spoil: Callable[[Seen], object]
    promise: str
    id: str
    said: str


CASES = [
    Case("lost", lambda s: s.places[0].signals.pop(0), "signals", "e1", "missing"),
    Case(
        "twice",
        lambda s: s.places[0].signals.append(Found("e2", "late", "row 9")),
        "signals",
        "e2",
        "2 times: row 2, row 9",
    ),
    Case(
        "another status",
        lambda s: s.places[0].signals.__setitem__(1, Found("e2", "orphan", "row 2")),
        "signals",
        "e2",
        "'orphan', expected 'late': row 2",
    ),
    Case(
        "made up",
        lambda s: s.places[0].inferences.append(Found("i3", "", "row 3")),
        "inferences",
        "i3",
        "nobody sent it",
    ),
    Case(
        "a sum one too high",
        lambda s: s.places[0].windows[WINDOW].update(positive=2),
        "window sums",
        "60000 acme m p1 web",
        "positive is 2, expected 1",
    ),
    Case(
        "a window gone",
        lambda s: s.places[0].windows.clear(),
        "window counts",
        "60000 acme m p1 web",
        "inferences is 0, expected 2",
    ),
    Case("no action", lambda s: s.places[0].actions.clear(), "actions", "a1/0", "missing"),
    Case(
        "a dead letter",
        lambda s: s.places[0].letters.append(Found("feedloop.feedback[0]@8", "", "row 2")),
        "dead letters",
        "feedloop.feedback[0]@8",
        "nobody sent it",
    ),
    Case(
        "a watermark back",
        lambda s: s.marks["watermark of join, x[0]"].append(Mark(4.0, 8)),
        "watermarks and offsets never move back",
        "watermark of join, x[0]",
        "moved back from 9 at 3.0 s to 8 at 4.0 s",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_break_is_reported_by_id_and_place(case: Case) -> None:
    spoilt = seen()
    case.spoil(spoilt)
    lines = broken(TRUTH, spoilt)
    assert any(
        line.promise.startswith(case.promise) and line.id == case.id and case.said in line.what
        for line in lines
    ), lines
