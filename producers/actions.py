"""An action as a handler gets it, and what a handler answers."""

from typing import Any

import msgspec


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One change of state of one problem; docs/actions.md says what each kind carries.

    `action_id` is the problem and the key for doing things once; `sequence` counts its states.
    Times are milliseconds since 1970 UTC. `record` is the whole record as it came.
    """

    action_id: str
    sequence: int
    rule: str
    kind: str
    state: str
    tenant_id: str
    key: dict[str, str]
    episode_start: int
    event_time: int
    severity: str
    evidence: dict[str, Any]
    examples: list[str]
    parameters: dict[str, str]
    contents: dict[str, Any] = {}
    record: dict[str, Any] = {}


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The work is done. A version that replaces the blamed one lets feedloop measure the effect."""

    detail: str | None = None
    new_model_version: str | None = None
    new_prompt_version: str | None = None


class Declined(msgspec.Struct, frozen=True):
    """This action won't be worked on, and why."""

    detail: str


Answer = Done | Declined | None
"""None is Done() without more to say."""


def action_of(record: dict[str, Any]) -> Action:
    """Return the action of a decoded Action record. Raises msgspec.ValidationError."""
    return msgspec.convert({**record, "record": record}, Action)
