"""What became of actions so far, as the topics tell it: so that a restart repeats no work; pure."""

from collections.abc import Mapping
from typing import Any, Final

from producers.actions import Action
from producers.handler import Handler

FINAL: Final = ("executed", "declined", "failed")
SETTLED: Final = ("executed", "declined")
OPEN: Final = ("opened", "escalated", "renewed")

Change = tuple[str, int]
"""action_id and sequence: one change of state of one problem."""


class DoneRecord:
    """What handlers of one name reported, and which problems are over."""

    def __init__(self, by: str) -> None:
        self._by = by
        self._answered: set[Change] = set()
        self._settled: set[str] = set()
        self._accepted: set[Change] = set()
        self._cleared: set[str] = set()

    def result(self, record: Mapping[str, Any]) -> None:
        """Note an ActionResult; other consumers' count for nothing."""
        if record["by"] != self._by:
            return
        change = (record["action_id"], record.get("sequence") or 0)
        if record["state"] in FINAL:
            self._answered.add(change)
        if record["state"] in SETTLED:
            self._settled.add(record["action_id"])
        if record["state"] == "accepted":
            self._accepted.add(change)

    def action(self, record: Mapping[str, Any]) -> None:
        """Note an Action that lies in the topic, whether it is this one's turn or not."""
        if record["state"] == "cleared":
            self._cleared.add(record["action_id"])

    def wants(self, handler: Handler, action: Action) -> bool:
        """Return whether `handler` has work to do on `action` now."""
        if (action.action_id, action.sequence) in self._answered:
            return False
        if handler.states is not None:
            return action.state in handler.states
        return action.state in OPEN and action.action_id not in self._settled

    def over(self, handler: Handler, action: Action) -> bool:
        """Return whether the problem cleared before the work on it began."""
        return handler.states is None and action.action_id in self._cleared

    def accepted(self, action: Action) -> bool:
        """Return whether this change was begun before."""
        return (action.action_id, action.sequence) in self._accepted
