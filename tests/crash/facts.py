"""What must be true after a run, and what was found: one shape for truth, topics and stores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Sums = dict[str, Any]
"""Counts and maps of one window and key, zeros and empty maps left out."""


class Window(NamedTuple):
    """One window and key of the sums."""

    start_ms: int
    tenant_id: str
    model_version: str
    prompt_version: str
    segment: str


class Found(NamedTuple):
    """One record or row: its id, what it says, and where it lies."""

    id: str
    says: Any
    where: str


@dataclass
class Truth:
    """What every place must hold, exactly."""

    signals: dict[str, str]  # event_id → join status, abandonments included
    inferences: frozenset[str]
    windows: dict[Window, Sums]  # as the stages' own logic sums them, without faults
    counted: dict[Window, Sums]  # as the simulator counts them
    actions: dict[str, tuple[Any, ...]]  # action_id/sequence → state, kind, rule, tenant, key
    letters: frozenset[tuple[str, int, int]] = frozenset()  # topic, partition, offset


@dataclass
class Place:
    """What one place holds: Kafka as a reader of committed records sees it, or a store."""

    name: str
    signals: list[Found]
    inferences: list[Found]
    actions: list[Found]
    letters: list[Found]
    windows: dict[Window, Sums]


class Mark(NamedTuple):
    """A watermark or position seen in a commit at `seconds` after the start."""

    seconds: float
    value: int


@dataclass
class Seen:
    """Everything that was found."""

    places: list[Place] = field(default_factory=list)
    marks: Mapping[str, list[Mark]] = field(default_factory=dict)
    """Watermarks and committed offsets over the run, by worker, topic and partition."""
