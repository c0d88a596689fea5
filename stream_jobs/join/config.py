"""What every partition of the join shares."""

from dataclasses import dataclass

from schemas.settings import JoinSettings
from stream_jobs.stage import SchemaOf


@dataclass(frozen=True)
class JoinConfig:
    """Settings, partition counts and schema ids of the join; `JoinStage(config, …)` uses them."""

    prefix: str  # of topic names
    join: JoinSettings
    window_ms: int
    partitions: int  # of the session-keyed topics
    partials_partitions: int
    enriched_schema: int
    partial_schema: int
    dead_letter_schema: int
    schema_of: SchemaOf
