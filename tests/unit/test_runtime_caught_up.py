"""A look-up is answered once the store holds what had been accepted when it was asked."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from schemas.errors import SinkDown
from stream_jobs.runtime.caught_up import PATIENCE_S, CaughtUp
from stream_jobs.stage import LookupKey

KEY = LookupKey("t", "i1")
RECORD = {"inference_id": "i1"}
MAX_WAIT_S = 100.0


class World:
    """A topic of two partitions, its sink and its store; each pause of the clock may store more."""

    def __init__(self, ends: dict[int, int], stored: dict[int, int], per_second: int = 0) -> None:
        self.at_s = 0.0
        self.end = ends
        self.at = stored
        self.per_second = per_second
        self.asked_at: list[tuple[float, dict[int, int]]] = []
        self.lookup = CaughtUp(self.find, self, MAX_WAIT_S, lambda: self.at_s, self.pause)

    def ends(self) -> Mapping[int, int]:
        return dict(self.end)

    def stored(self) -> Mapping[int, int]:
        return dict(self.at)

    def pause(self, seconds: float) -> None:
        self.at_s += seconds
        step = round(self.per_second * seconds)
        self.at = {number: offset + step for number, offset in self.at.items()}
        self.end = {number: offset + step for number, offset in self.end.items()}  # more comes

    def find(self, keys: Sequence[LookupKey]) -> Mapping[LookupKey, dict[str, Any] | None]:
        self.asked_at.append((self.at_s, dict(self.at)))
        return dict.fromkeys(keys, RECORD)


def test_a_store_that_has_all_is_asked_at_once() -> None:
    world = World({0: 10, 1: 5}, {0: 10, 1: 5})
    assert world.lookup.find([KEY]) == {KEY: RECORD}
    assert world.asked_at == [(0.0, {0: 10, 1: 5})]


def test_a_store_that_is_behind_is_asked_when_it_has_what_was_there_then() -> None:
    """The goal stays where it was when first asked, though more and more is accepted."""
    world = World({0: 10, 1: 25}, {0: 10, 1: 5}, per_second=10)
    world.lookup.find([KEY])
    [(at_s, stored)] = world.asked_at
    assert stored[1] >= 25
    assert at_s == pytest.approx(2.0, abs=0.2)


def test_a_sink_that_stands_still_is_told_and_waited_for_with_the_same_goal() -> None:
    """Else a sink under steady load would never have caught up."""
    world = World({0: 10}, {0: 4})
    with pytest.raises(SinkDown, match=r"6 offsets of inference\.redacted still to store"):
        world.lookup.find([KEY])
    assert PATIENCE_S <= world.at_s < PATIENCE_S + 1
    world.end, world.at = {0: 90}, {0: 10}
    assert world.lookup.find([KEY]) == {KEY: RECORD}


def test_the_wait_has_an_end() -> None:
    world = World({0: 10}, {0: 4})
    while not world.asked_at:
        try:
            world.lookup.find([KEY])
        except SinkDown:
            assert world.at_s < MAX_WAIT_S + PATIENCE_S
    assert world.at_s > MAX_WAIT_S


def test_a_partition_of_which_nothing_is_stored_yet_counts() -> None:
    world = World({0: 10, 1: 5}, {0: 10})
    with pytest.raises(SinkDown, match="5 offsets"):
        world.lookup.find([KEY])


def test_without_a_sink_the_store_is_all_there_is() -> None:
    world = World({0: 10}, {})
    assert world.lookup.find([KEY]) == {KEY: RECORD}
