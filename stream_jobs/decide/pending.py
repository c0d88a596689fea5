"""Actions that wait, for a bounded time, for what the stores know of them; pure.

All that waits is in the snapshot, without what was found: after a restart it is asked for again,
and the time it has waited still counts. Changes of one action go out in their order.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from stream_jobs.act.contents import Request, contents, request_for
from stream_jobs.stage import ContentsKey

PATIENT: Final = {"retrain": 20}
"""Kinds for which one waits that many times longer: nobody retrains within seconds."""

Action = dict[str, Any]


class Waiting(msgspec.Struct, array_like=True):
    """One action and since when it waits (wall clock)."""

    action: Action
    asked_ms: int


class Pending:
    """The waiting actions of one decide partition; `wait_ms` 0: nothing is looked up."""

    def __init__(self, wait_ms: int, waiting: Iterable[Waiting] = ()) -> None:
        self._wait_ms = wait_ms
        self._waiting = list(waiting)
        self._asked: set[ContentsKey] = set()
        self._found: dict[ContentsKey, Mapping[str, Any] | None] = {}

    def add(self, actions: Iterable[Action], now_ms: int) -> None:
        """Take new actions in their order."""
        self._waiting += [Waiting(action, now_ms) for action in actions]

    def release(self, now_ms: int) -> list[Action]:
        """Return the actions that are ready or have waited long enough, with their contents."""
        ready: list[Action] = []
        kept: list[Waiting] = []
        held: set[str] = set()
        for one in self._waiting:
            made = None if one.action["action_id"] in held else self._made(one, now_ms)
            if made is None:
                held.add(one.action["action_id"])
                kept.append(one)
            else:
                ready.append({**one.action, "contents": made})
        self._waiting = kept
        return ready

    def _made(self, one: Waiting, now_ms: int) -> dict[str, Any] | None:
        request = request_for(one.action)
        if request is None:
            return contents(one.action, None)
        key = _key(request)
        if key in self._found:
            self._asked.discard(key)
            return contents(one.action, self._found.pop(key), "the look-up found nothing")
        patience = self._wait_ms * PATIENT.get(one.action["kind"], 1)
        if now_ms - one.asked_ms >= patience:
            self._asked.discard(key)
            if not patience:
                return contents(one.action, None, "nothing is looked up here")
            return contents(one.action, None, f"the stores gave no answer within {patience} ms")
        return None

    def wanted(self) -> list[ContentsKey]:
        """Return what to look up now, each once."""
        keys = [_key(r) for r in map(request_for, (o.action for o in self._waiting)) if r]
        new = [key for key in keys if key not in self._asked and key not in self._found]
        self._asked.update(new)
        return new

    def found(self, results: Mapping[Any, Mapping[str, Any] | None]) -> None:
        """Take the results of a look-up; those of actions that went out already are forgotten."""
        self._found.update({key: found for key, found in results.items() if key in self._asked})

    def state(self) -> list[Waiting]:
        """Return a snapshot."""
        return list(self._waiting)


def _key(request: Request) -> ContentsKey:
    return ContentsKey(request.action_id, request.sequence, msgspec.json.encode(request))
