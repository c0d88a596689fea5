"""Measures what the loop made of the demo's traffic: on the topics and in both stores."""

from collections.abc import Iterator
from typing import Any, Final

import pyarrow.dataset as ds
from clickhouse_connect.driver.client import Client

from deploy.demo_truth import Found
from deploy.hot_store import ask, connect
from deploy.offsets import Offsets
from deploy.records import read
from producers.world.truth import Truth
from schemas.settings import Settings
from schemas.topics import ACTIONS, RAW

_STATUSES: Final = (
    "SELECT if(kind = 'abandonment', kind, join_status) AS what, count() FROM signals GROUP BY what"
)
_PROMPTS: Final = (
    "SELECT tenant_id, segment, prompt_version, count(), countIf(polarity = -1) FROM ratings "
    "WHERE join_status != 'orphan' GROUP BY ALL"
)
_METRICS: Final = (
    "SELECT sum(duplicates), sum(arraySum(mapValues(redactions))) FROM metrics_by_window"
)
_TEXTS: Final = {
    "inferences": ("toString(messages)", "response", "toString(attributes)", "error_type"),
    "signals": ("label", "comment", "correction", "target", "edited_text"),
}
"""Per table, where texts of people lie."""


def accepted(settings: Settings) -> int:
    """Return how many records the raw topics hold, controls included."""
    return sum(extent.end - extent.start for extent in Offsets(settings).extents(RAW).values())


def look(settings: Settings, truth: Truth, controls: int, waiting: int) -> Found:
    """Return what is there. `truth` only says which personal data to look for.

    `controls`: control records in the raw topics; `waiting`: as the drain reported.
    """
    client = connect(settings)
    statuses = {str(what): int(n) for what, n in _rows(client, _STATUSES)}
    duplicates, redactions = _rows(client, _METRICS)[0]
    return Found(
        sent=accepted(settings) - controls,
        inferences=_count(client, "inferences"),
        enriched=_count(client, "signals"),
        enriched_cold=_cold(settings),
        matched=statuses.get("matched", 0),
        late=statuses.get("late", 0),
        orphans=statuses.get("orphan", 0),
        abandonments=statuses.get("abandonment", 0),
        duplicates=int(duplicates or 0),
        dead_letters=_count(client, "dead_letters"),
        redactions=int(redactions or 0),
        leaks=tuple(_leaks(client, truth)),
        waiting=waiting,
        prompts={(t, s, p): (int(n), int(bad)) for t, s, p, n, bad in _rows(client, _PROMPTS)},
        actions=[a for a in read(settings, ACTIONS) if a["state"] == "opened"],
    )


def _rows(client: Client, sql: str) -> list[tuple[Any, ...]]:
    return ask(client, sql)[1]


def _count(client: Client, table: str) -> int:
    return int(_rows(client, f"SELECT count() FROM {table}")[0][0])  # noqa: S608 - our own names


def _cold(settings: Settings) -> int:
    folder = f"{settings.parquet.path}/signals"
    return int(ds.dataset(folder, format="parquet", partitioning="hive").count_rows())


def _leaks(client: Client, truth: Truth) -> Iterator[str]:
    stored = "\n".join(
        str(text)
        for table, columns in _TEXTS.items()
        for row in _rows(client, f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 - ours
        for text in row
    )
    for kind, values in sorted(truth.planted.items()):
        if any(value in stored for value in values):
            yield kind
