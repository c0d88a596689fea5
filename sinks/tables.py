"""The six tables, the same in every store: which topic feeds each, its columns, its time; pure."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa

from schemas.topics import (
    ACTION_RESULTS,
    ACTIONS,
    DEAD_LETTERS,
    ENRICHED,
    INFERENCE_REDACTED,
    METRICS,
    STORED,
    Topic,
)
from sinks.columns import ORIGIN, TIME, Column, column, of_record


@dataclass(frozen=True)
class Table:
    """One table. `time` is its column of event time: rows are sorted and partitioned by it."""

    name: str
    topic: Topic
    time: str
    columns: tuple[Column, ...]

    @cached_property
    def arrow(self) -> pa.Schema:
        """The columns as an Arrow schema."""
        return pa.schema([pa.field(c.name, c.arrow, c.nullable) for c in self.columns])

    @cached_property
    def has_tenant(self) -> bool:
        """Whether rows belong to a tenant."""
        return any(c.name == "tenant_id" for c in self.columns)


def _signal_columns() -> tuple[Column, ...]:
    """Return the flat columns of an enriched record.

    What one groups or joins by is "" when absent (an orphan has no model_version), what one
    measures or reads is NULL.
    """
    text, real, whole = (pa.string(), "String"), (pa.float64(), "Float64"), (pa.int32(), "Int32")

    def of(part: str, name: str, kind: tuple[pa.DataType, str], *, nullable: bool) -> Column:
        return column(name, *kind, nullable=nullable, path=(part, name))

    keys = ("event_id", "inference_id", "session_id", "tenant_id")
    versions = ("model_version", "prompt_version", "segment")
    enum = (pa.string(), "LowCardinality(String)")
    time = (TIME, "DateTime64(3, 'UTC')")
    return (
        *(c for c in of_record("Enriched") if c.name in _ENRICHED_HEAD),
        Column("signal_type", pa.string(), "LowCardinality(String)"),
        Column("rated", pa.bool_(), "Bool"),
        *(of("signal", name, text, nullable=False) for name in keys),
        of("signal", "user_id", text, nullable=True),
        of("signal", "event_time", time, nullable=False),
        of("signal", "kind", enum, nullable=False),
        of("signal", "value", real, nullable=True),
        of("signal", "author", enum, nullable=False),
        of("signal", "source", text, nullable=False),
        of("signal", "retracts", text, nullable=False),
        *(of("signal", name, text, nullable=True) for name in SIGNAL_TEXTS),
        *(of("inference", name, text, nullable=False) for name in versions),
        of("inference", "status", enum, nullable=False),
        of("inference", "latency_ms", whole, nullable=True),
        of("inference", "input_tokens", whole, nullable=True),
        of("inference", "output_tokens", whole, nullable=True),
        of("inference", "cost_usd", real, nullable=True),
        of("inference", "language", text, nullable=False),
        of("inference", "prompt_topic", text, nullable=False),
        Column("doc_ids", pa.list_(pa.string()), "Array(String)"),
    )


SIGNAL_TEXTS: Final = ("label", "comment", "correction", "target", "edited_text")
"""Columns of `signals` that hold what people wrote."""
_ENRICHED_HEAD: Final = ("enriched_id", "join_status", "polarity", "lag_ms", "edit_ratio")

INFERENCES: Final = Table(
    "inferences", INFERENCE_REDACTED, "event_time", (*of_record("Inference"), *ORIGIN)
)
SIGNALS: Final = Table("signals", ENRICHED, "event_time", (*_signal_columns(), *ORIGIN))
METRICS_TABLE: Final = Table("metrics", METRICS, "window_start", (*of_record("Metric"), *ORIGIN))
ACTIONS_TABLE: Final = Table("actions", ACTIONS, "event_time", (*of_record("Action"), *ORIGIN))
RESULTS_TABLE: Final = Table(
    "action_results", ACTION_RESULTS, "event_time", (*of_record("ActionResult"), *ORIGIN)
)
LETTERS_TABLE: Final = Table(
    "dead_letters", DEAD_LETTERS, "event_time", (*of_record("DeadLetter"), *ORIGIN)
)

TABLES: Final = (
    INFERENCES,
    SIGNALS,
    METRICS_TABLE,
    ACTIONS_TABLE,
    RESULTS_TABLE,
    LETTERS_TABLE,
)
"""In the order of schemas.topics.STORED."""

assert tuple(table.topic for table in TABLES) == STORED


def table_of(topic: str, prefix: str) -> Table:
    """Return the table that topic `topic` (full name) feeds. Raises KeyError if it feeds none."""
    return {table.topic.full(prefix): table for table in TABLES}[topic]
