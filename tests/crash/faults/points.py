"""The named points of the commit protocols, by worker; the code says `reach(point)` there."""

from typing import Final

COMMIT: Final = ("after-produce", "before-offsets", "after-offsets", "after-commit")
SINK: Final = ("sink.before_intent", "sink.after_intent", "sink.before_write", "sink.after_write")

KILL_POINTS: Final[dict[str, tuple[str, ...]]] = {
    "redact": COMMIT,
    "join": COMMIT,
    "decide": COMMIT,
    "clickhouse": (*SINK, "clickhouse.after_insert"),
    "parquet": (
        *SINK,
        "parquet.between_files",
        "ledger.owner.after_link",
        "ledger.batch.before_link",
        "ledger.batch.after_link",
        "ledger.between_renames",
        "parquet.after_publish",
    ),
}

FREEZE_POINTS: Final[dict[str, tuple[str, ...]]] = {
    "redact": ("after-produce", "before-offsets", "after-offsets"),
    "join": ("after-produce", "before-offsets", "after-offsets"),
    "decide": ("after-produce", "before-offsets", "after-offsets"),
    "clickhouse": ("sink.before_intent", "sink.before_write", "clickhouse.after_insert"),
    "parquet": ("sink.before_intent", "ledger.batch.before_link", "ledger.batch.after_link"),
}
