"""What a simulated product is: segments with their versions, habits of its users, and problems."""

from dataclasses import dataclass, field
from typing import Final

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True)
class Segment:
    """One part of the product; `weight` is its share of all sessions, relative to the others."""

    tenant_id: str
    name: str
    weight: float = 1.0
    model_version: str = "m-2025-03"
    prompt_version: str = "p1"


@dataclass(frozen=True)
class Habits:
    """How users behave; each is a probability unless it says otherwise."""

    more_turns: float = 0.6  # that another question follows
    rated: float = 0.35  # explicit judgement of an answer
    negative: float = 0.08  # of the judgements, when nothing is wrong
    neutral: float = 0.03  # of the judgements
    remark: float = 0.02  # comment without a judgement
    copy: float = 0.12  # of a good answer
    click: float = 0.05  # of a good answer
    edit: float = 0.04
    dwell: float = 0.05
    impression: float = 0.05
    regenerate: float = 0.15  # of a bad answer
    session_end: float = 0.4
    failed: float = 0.02  # error, refusal or timeout in place of an answer
    personal: float = 0.06  # personal data in a text
    retract: float = 0.05  # of a negative or neutral judgement
    late: float = 0.02  # of the judgements, after the join window
    early: float = 0.03  # of the judgements, before their inference
    duplicate: float = 0.02  # of the judgements, sent twice
    orphan: float = 0.01  # of the judgements, about an inference that never comes


@dataclass(frozen=True)
class PromptRegression:
    """From `at` (share of the duration) a segment runs `prompt_version`, which is worse."""

    tenant_id: str
    segment: str
    at: float
    prompt_version: str = "p2"
    negative: float = 0.34


@dataclass(frozen=True)
class BadDocument:
    """From `at` answers that draw on `doc_id` are wrong; `share` of the answers do, all along."""

    tenant_id: str
    segment: str
    at: float
    doc_id: str
    share: float = 0.4
    negative: float = 0.7


@dataclass(frozen=True)
class InputShift:
    """From `at` a `share` of the questions are long and in another language."""

    tenant_id: str
    segment: str
    at: float
    share: float = 0.85


Problem = PromptRegression | BadDocument | InputShift


@dataclass(frozen=True)
class World:
    """A product over `duration_ms` of event time. The join's windows decide what is true of it."""

    segments: tuple[Segment, ...]
    habits: Habits = field(default_factory=Habits)
    problems: tuple[Problem, ...] = ()
    duration_ms: int = 2 * HOUR_MS
    join_window_ms: int = HOUR_MS
    window_ms: int = MINUTE_MS  # of the counts
