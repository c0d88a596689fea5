"""What every partition of the join shares."""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.errors import ConfigError
from schemas.settings import JoinSettings
from stream_jobs.join.bodies import Bodies, InMemory
from stream_jobs.stage import SchemaOf


@dataclass(frozen=True)
class JoinConfig:
    """Settings, partition counts and schema ids of the join; `JoinStage(config, …)` uses them.

    Raises ConfigError if answers would be forgotten before their sessions can be abandoned.
    """

    prefix: str  # of topic names
    join: JoinSettings
    window_ms: int
    partitions: int  # of the session-keyed topics
    partials_partitions: int
    enriched_schema: int
    partial_schema: int
    dead_letter_schema: int
    schema_of: SchemaOf
    bodies: Callable[[], Bodies] = InMemory  # where one partition keeps those of its inferences

    def __post_init__(self) -> None:
        join = self.join
        least_ms = join.session_gap_ms + join.lateness_ms
        if join.window_ms < least_ms:
            raise ConfigError(
                f"FEEDLOOP_JOIN_WINDOW_MS={join.window_ms} forgets an answer before its session "
                f"can be abandoned: make it at least {least_ms}, which is "
                f"FEEDLOOP_JOIN_SESSION_GAP_MS={join.session_gap_ms} + "
                f"FEEDLOOP_JOIN_LATENESS_MS={join.lateness_ms}, or lower these"
            )
        if join.arrival_hold_ms < join.session_hold_ms:
            raise ConfigError(
                f"FEEDLOOP_JOIN_ARRIVAL_HOLD_MS={join.arrival_hold_ms} forgets a bulk load before "
                "its sessions can be abandoned: make it at least "
                f"FEEDLOOP_JOIN_SESSION_HOLD_MS={join.session_hold_ms}, or lower that"
            )
