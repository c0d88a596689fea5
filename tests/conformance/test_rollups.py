"""Hours and days in the real store are the sums of their windows, corrections and all."""

from collections.abc import Callable
from typing import Any

import clickhouse_connect
import pytest

from deploy.local.clickhouse import ClickHouse
from schemas.catalog import parsed
from schemas.codec import decode, encode
from schemas.settings import Settings, clickhouse_config
from sinks.create import create_tables
from sinks.flatten import rows
from sinks.tables import METRICS_TABLE
from stream_jobs.decide.metrics import FRACTIONS, metric_record
from stream_jobs.window.record import sums_to_record
from stream_jobs.window.sums import BINS, COUNTS, MAPS, MOMENTS, Sums
from stream_jobs.window.windows import WindowKey
from tests.unit.test_window_sums import head

HOUR_MS = 3_600_000
START_MS = 1_789_999_200_000  # a full hour
KEYS = (WindowKey("acme", "m1", "p1", "web"), WindowKey("acme", "m1", "p2", "web"))
ANSWER = head(
    retrieved=[{"doc_id": "d1", "score": 0.5}],
    prompt_topic="refunds",
    prompt_bytes=40,
    response_bytes=400,
)


def window(number: int, *, corrected: bool = False) -> Sums:
    """Return the sums of window `number`, or a later correction that takes a rating back."""
    sums, rating = Sums(), {"explicit": True, "rated": True, "join_status": "matched"}
    if corrected:
        answer = {**rating, "inference_head": ANSWER, "polarity": -1, "sign": -1}
        sums.add_signal("thumbs", **answer)
        return sums
    for n in range(number % 3 + 1):
        sums.add_inference({**ANSWER, "latency_ms": 100 * n})
        answer = {**rating, "inference_head": {**ANSWER, "inference_id": f"i{number}"}}
        sums.add_signal("thumbs", polarity=-1, lag_ms=5, **answer)
    return sums


def written() -> list[tuple[int, WindowKey, int, Sums]]:
    """Return (start, key, revision, sums): 30 hours, each with two windows, one corrected."""
    found = []
    for number in range(60):
        start, key = START_MS + number * HOUR_MS // 2, KEYS[number % 4 // 2]
        found.append((start, key, 0, window(number)))
        if number % 5 == 0:
            found.append((start, key, number + 1, window(number, corrected=True)))
    return found


@pytest.fixture
def store(settings: Settings) -> Any:
    client = clickhouse_connect.get_client(**clickhouse_config(settings.clickhouse))
    create_tables(client, settings.clickhouse)
    records = [metric_record(s, 60_000, k, sums, r) for s, k, r, sums in written()]
    schema = parsed("Metric")
    bodies = [(n, START_MS, decode(schema, encode(schema, r))) for n, r in enumerate(records)]
    client.insert_arrow("metrics", rows(METRICS_TABLE, 0, bodies))
    yield client
    client.close()


@pytest.mark.parametrize(
    ("view", "column", "rolled"),
    [
        ("metrics_by_hour", "toUnixTimestamp(hour)", lambda ms: ms // HOUR_MS * 3600),
        (
            "metrics_by_day",
            "toUnixTimestamp(toDateTime(day))",
            lambda ms: ms // 86_400_000 * 86_400,
        ),
    ],
    ids=["hour", "day"],
)
def test_a_rollup_is_the_sum_of_its_windows(
    store: Any, clickhouse: ClickHouse, view: str, column: str, rolled: Callable[[int], int]
) -> None:
    wanted: dict[tuple[Any, ...], Sums] = {}
    for start, key, _, sums in written():
        wanted.setdefault((rolled(start), *key), Sums()).merge(sums)
    answer = store.query(f"SELECT {column} AS at, * FROM {view}")
    found = [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]
    assert len(found) == len(wanted)
    for row in found:
        sums = wanted[(row["at"], *(row[name] for name in WindowKey._fields))]
        record = sums_to_record(sums)
        for name in (*COUNTS, *MAPS, *BINS):
            assert row[name] == record[name], name
        for name in MOMENTS:
            parts = [row[f"{name}_{part}"] for part in ("n", "sum", "sum_squares")]
            assert parts == getattr(sums, name), name
        for name, fraction in FRACTIONS.items():
            k, n = fraction(sums)
            assert row[name] == (k / n if n else None), name
