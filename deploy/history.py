"""What the hot store has counted, as the windows that decide saw: all revisions added up."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from deploy.hot_store import ask
from sinks.create import metric_sums
from stream_jobs.window.record import MOMENT_PARTS, sums_from_record
from stream_jobs.window.sums import MOMENTS, Sums
from stream_jobs.window.windows import WindowKey

DAY_MS = 86_400_000

Windows = Iterator[tuple[int, dict[WindowKey, Sums]]]


class Span(NamedTuple):
    """Which windows: from `since_ms` to before `until_ms`, of one tenant or segment, or of all."""

    since_ms: int
    until_ms: int
    tenant_id: str | None = None
    segment: str | None = None


def windows(client: Client, span: Span, step_ms: int) -> Windows:
    """Yield (start, sums by key) in order of time, rolled to `step_ms`. Raises as `ask` does.

    A day is read at a time, so that any span fits into memory.
    """
    since = span.since_ms // step_ms * step_ms
    day_ms = max(DAY_MS, step_ms)
    for start in range(since, span.until_ms, day_ms):
        part = span._replace(since_ms=start, until_ms=min(start + day_ms, span.until_ms))
        columns, rows = ask(client, _sql(part, step_ms))
        found = (dict(zip(columns, row, strict=True)) for row in rows)
        for at, group in groupby(found, key=lambda row: int(row["at"])):
            yield at, {key_of(row): sums_of(row) for row in group}


def key_of(row: Mapping[str, Any]) -> WindowKey:
    """Return the key of a row of `metrics`."""
    return WindowKey(*(row[name] for name in WindowKey._fields))


def sums_of(row: Mapping[str, Any]) -> Sums:
    """Return the sums of a row of `metrics`."""
    moments = {name: {p: row[f"{name}_{p}"] for p in MOMENT_PARTS} for name in MOMENTS}
    return sums_from_record({**row, **moments})


def _sql(span: Span, step_ms: int) -> str:
    sums = ",\n    ".join(metric_sums())
    step = f"intDiv(toUnixTimestamp64Milli(m.window_start), {step_ms}) * {step_ms}"
    where = [f"toUnixTimestamp64Milli(m.window_start) >= {span.since_ms}"]
    where.append(f"toUnixTimestamp64Milli(m.window_start) < {span.until_ms}")
    where.append("isNull(m.effect_verdict)")
    named = (("tenant_id", span.tenant_id), ("segment", span.segment))
    where += [f"m.{name} = {_text(value)}" for name, value in named if value is not None]
    keys = ", ".join(WindowKey._fields)
    return (
        f"SELECT {step} AS at, {keys},\n    {sums}\nFROM metrics AS m\n"
        f"WHERE {' AND '.join(where)}\nGROUP BY at, {keys}\nORDER BY at, {keys}"
    )


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
