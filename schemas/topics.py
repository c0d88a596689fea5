"""Each topic once, in the order of the flow: key, schema, retention, who writes it."""

from dataclasses import dataclass
from typing import Final

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

PARTITIONER: Final = "murmur2_random"
"""The hash every confluent producer sets, so that it agrees with Java and aiokafka."""

CONTROL_HEADER: Final = "feedloop-control"
"""Header of a control record (`flush`); such a record has no value and passes every stage."""
FLUSH: Final = b"flush"
REDACTIONS_HEADER: Final = "feedloop-redactions"
"""Header of a redacted record: redacted spans by type, as JSON; never the values."""


@dataclass(frozen=True)
class Topic:
    """One topic. `name` is without the prefix; `retention_ms` 0 means compacted."""

    name: str
    schema: str | None  # record name, None for internal bytes
    key: str
    writer: str
    retention_ms: int
    co_partitioned: str | None  # group whose topics must have the same partition count

    @property
    def compacted(self) -> bool:
        """Whether Kafka keeps the last value of each key instead of a period of time."""
        return self.retention_ms == 0

    def full(self, prefix: str) -> str:
        """Return the name on the broker, e.g. `feedloop.inference`."""
        return prefix + self.name


SESSION: Final = "session"
TENANT: Final = "tenant"

INFERENCE: Final = Topic("inference", "Inference", "session_id", "services", DAY_MS, SESSION)
FEEDBACK: Final = Topic("feedback", "Feedback", "session_id", "services", DAY_MS, SESSION)
INTERACTION: Final = Topic("interaction", "Interaction", "session_id", "services", DAY_MS, SESSION)
INFERENCE_REDACTED: Final = Topic(
    "inference.redacted", "Inference", "session_id", "redact", 7 * DAY_MS, SESSION
)
FEEDBACK_REDACTED: Final = Topic(
    "feedback.redacted", "Feedback", "session_id", "redact", 7 * DAY_MS, SESSION
)
INTERACTION_REDACTED: Final = Topic(
    "interaction.redacted", "Interaction", "session_id", "redact", 7 * DAY_MS, SESSION
)
ENRICHED: Final = Topic("enriched", "Enriched", "session_id", "join", 7 * DAY_MS, SESSION)
PARTIALS: Final = Topic("partials", "Partial", "tenant_id", "join", DAY_MS, TENANT)
METRICS: Final = Topic("metrics", "Metric", "tenant_id", "decide", 7 * DAY_MS, TENANT)
ACTIONS: Final = Topic("actions", "Action", "tenant_id", "decide", 30 * DAY_MS, TENANT)
ACTION_RESULTS: Final = Topic(
    "action-results", "ActionResult", "tenant_id", "consumers", 30 * DAY_MS, TENANT
)
REFERENCES: Final = Topic("references", "Reference", "reference", "feedloop reference", 0, TENANT)
"""Every partition holds every record: any partition of decide may need any of them."""
DEAD_LETTERS: Final = Topic(
    "dead-letters", "DeadLetter", "dead_letter_id", "all", 30 * DAY_MS, None
)
CHECKPOINTS_REDACT: Final = Topic("checkpoints.redact", None, "partition", "redact", 0, SESSION)
CHECKPOINTS_JOIN: Final = Topic("checkpoints.join", None, "partition", "join", 0, SESSION)
CHECKPOINTS_DECIDE: Final = Topic("checkpoints.decide", None, "partition", "decide", 0, TENANT)

RAW: Final = (INFERENCE, FEEDBACK, INTERACTION)
REDACTED: Final = (INFERENCE_REDACTED, FEEDBACK_REDACTED, INTERACTION_REDACTED)
TOPICS: Final = (
    *RAW,
    *REDACTED,
    ENRICHED,
    PARTIALS,
    METRICS,
    ACTIONS,
    ACTION_RESULTS,
    REFERENCES,
    DEAD_LETTERS,
    CHECKPOINTS_REDACT,
    CHECKPOINTS_JOIN,
    CHECKPOINTS_DECIDE,
)

STORED: Final = (
    INFERENCE_REDACTED,
    ENRICHED,
    METRICS,
    ACTIONS,
    ACTION_RESULTS,
    DEAD_LETTERS,
)
"""What the sinks keep, in the order of the tables inferences, signals, metrics, actions, …"""

INPUTS: Final = {
    "redact": RAW,
    "join": REDACTED,
    "decide": (PARTIALS, ACTION_RESULTS, REFERENCES),
    "clickhouse": STORED,
    "parquet": STORED,
}
"""Each stage and sink (`feedloop worker NAME`) and the topics it reads."""

OPTIONAL: Final = {"webhook": (ACTIONS,)}
"""Workers that run only where they are configured, and the topics they read."""

WORKERS: Final = {**INPUTS, **OPTIONAL}
"""All that `feedloop worker` knows."""


def group(worker: str, prefix: str = "feedloop.") -> str:
    """Return the consumer group of a stage or sink, e.g. `feedloop.join`."""
    return prefix + worker


def redacted(raw: Topic) -> Topic:
    """Return the topic that holds the redacted records of `raw`."""
    return REDACTED[RAW.index(raw)]
