"""The error tree: the type of an error says what the caller should do.

FeedloopError
├── FatalError      a person must act: stop, acknowledge nothing, exit 1
├── RetriableError  may work later: pause, keep offsets, try again after `retry_after_s`
├── SkippableError  never will work: dead-letter with `reason`, count, go on
└── FencedError     not ours any more: drop buffers, commit nothing, rejoin
"""

from typing import Final, Literal, get_args

Reason = Literal[
    "not_framed",
    "unknown_schema",
    "wrong_schema",
    "undecodable",
    "trailing_bytes",
    "invalid",
    "future_event_time",
    "too_large",
    "internal",
    "undeliverable",
]
"""Why a record was set aside; the closed list of dead-letter reasons."""

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


class FeedloopError(Exception):
    """Root of all errors that feedloop raises on purpose."""


class FatalError(FeedloopError):
    """A person must act: stop, acknowledge nothing, exit 1. The message names the next step."""


class ConfigError(FatalError):
    """A setting, rule or schema is wrong; names the setting and what it should be."""


class CorruptStateError(FatalError):
    """Stored state (a checkpoint, a ledger entry, an intent) can't be understood."""


class MissingDataError(FatalError):
    """Records that should still be there are gone (retention passed, topic recreated)."""


class RetriableError(FeedloopError):
    """May work later: keep offsets, wait `retry_after_s` seconds, try the same again."""

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BrokerDown(RetriableError):
    """Kafka doesn't answer."""


class RegistryDown(RetriableError):
    """The schema registry doesn't answer; records wait, none becomes a dead letter."""


class SinkDown(RetriableError):
    """The store doesn't answer or has no room; the same batch is tried again."""


class SkippableError(FeedloopError):
    """This record never will work: dead-letter it with `reason` and `detail`, go on."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


class UndecodableRecord(SkippableError):
    """The bytes are not a record of a schema we know."""


class InvalidRecord(SkippableError):
    """The record decodes but breaks a rule (a missing id, a time out of range)."""


class FencedError(FeedloopError):
    """Another owner holds this partition now: drop its buffers, commit nothing, rejoin."""


class SlotTaken(FencedError):
    """Another process has this worker's slot in the group: to rejoin would take it back."""
