"""Makes the tables, rollups and views of the hot store, and brings older ones up to date."""

import hashlib
import re
from pathlib import Path
from string import Template
from typing import Final

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from schemas.settings import ClickHouseSettings
from sinks.columns import ORIGIN, Column
from sinks.tables import METRICS_TABLE, SIGNAL_TEXTS, TABLES, Table

REMEMBERED_INSERTS: Final = 10_000
"""How many inserts a table knows by name: a repeat is harmless until that many others came."""
REMEMBERED_S: Final = 30 * 24 * 3600

BODIES: Final = {
    "inferences": ("messages", "response"),
    "signals": SIGNAL_TEXTS,
    "actions": ("contents_clusters", "contents_documents"),
}
"""Columns with texts: they are emptied after `body_ttl_days`, the rest of the row stays."""

RATES: Final = {
    "negative_rate": ("negative", "(positive + negative + neutral)"),
    "error_rate": ("(errors + timeouts)", "inferences"),
    "refusal_rate": ("refusals", "inferences"),
    "abandonment_rate": ("kinds['abandonment']", "inferences"),
    "edit_rate": ("kinds['edit']", "inferences"),
    "regenerate_rate": ("kinds['regenerate']", "inferences"),
}
"""The rates of the views of metrics, each as (k, n) of the sums; NULL where n is 0."""

_FILE: Final = Path(__file__).parent / "tables.sql"
_TTL: Final = re.compile(r"toIntervalDay\((\d+)\)")


def statements(settings: ClickHouseSettings) -> list[str]:
    """Return the statements that make everything, in order; pure but for the file it reads."""
    text = "\n".join(line for line in _FILE.read_text().splitlines() if not line.startswith("--"))
    filled = Template(text).substitute(_parts(settings))
    return [one for part in filled.split(";\n") if (one := part.strip().rstrip(";"))]


def create_tables(client: Client, settings: ClickHouseSettings) -> None:
    """Make what is missing: tables, columns that the schemas gained, views. Idempotent.

    Raises clickhouse_connect's errors.
    """
    made = statements(settings)
    for statement in made:
        if statement.startswith("CREATE TABLE"):
            client.command(statement)
    for table in TABLES:
        _add_columns(client, settings, table)
        _change_ttl(client, settings, table)
    for statement in made:
        if statement.startswith("CREATE OR REPLACE VIEW"):
            _make_view(client, settings, statement)
        elif not statement.startswith("CREATE TABLE"):
            client.command(statement)


def _make_view(client: Client, settings: ClickHouseSettings, statement: str) -> None:
    """Make a view unless it is there as it should be: who asks it meanwhile would find none."""
    name, digest = statement.split()[4], hashlib.sha256(statement.encode()).hexdigest()[:16]
    rows = client.query(
        "SELECT comment FROM system.tables WHERE database = {d:String} AND name = {v:String}",
        {"d": settings.database, "v": name},
    ).result_rows
    if [row[0] for row in rows] != [digest]:
        client.command(f"{statement}\nCOMMENT '{digest}'")


def _parts(settings: ClickHouseSettings) -> dict[str, str]:
    replicated = "Replicated" if settings.cluster else ""
    window = f"non_replicated_deduplication_window = {REMEMBERED_INSERTS}"
    if replicated:
        window = (
            f"replicated_deduplication_window = {REMEMBERED_INSERTS}, "
            f"replicated_deduplication_window_seconds = {REMEMBERED_S}"
        )
    columns = {f"{table.name}_columns": _columns(table, settings) for table in TABLES}
    return {
        **columns,
        "on_cluster": f"ON CLUSTER {_quoted(settings.cluster)}" if replicated else "",
        "engine": f"{replicated}MergeTree",
        "aggregating_engine": f"{replicated}AggregatingMergeTree",
        "window": window,
        "metric_sums": ",\n    ".join(metric_sums()),
        "metric_rates": ",\n    ".join(
            f"if({n} = 0, NULL, {k} / {n}) AS {name}" for name, (k, n) in RATES.items()
        ),
    }


def _columns(table: Table, settings: ClickHouseSettings) -> str:
    return ",\n    ".join(_definition(table, column, settings) for column in table.columns)


def _definition(table: Table, column: Column, settings: ClickHouseSettings) -> str:
    line = f"{_quoted(column.name)} {column.clickhouse}"
    if column.name in BODIES.get(table.name, ()):
        line += f" TTL {_body_ttl(settings.body_ttl_days)}"
    return line


def _body_ttl(days: int) -> str:
    return f"toDateTime(event_time) + toIntervalDay({days})"


def metric_sums() -> list[str]:
    """Return how each column of sums adds up over the revisions of a window."""
    sums = [c for c in METRICS_TABLE.columns if c.path[:1] == ("sums",) and c not in ORIGIN]
    return [f"{_sum_of(c)} AS {_quoted(c.name)}" for c in sums]


def _sum_of(column: Column) -> str:
    name = f"m.{_quoted(column.name)}"
    if pa.types.is_map(column.arrow):
        return f"sumMap({name})"
    if pa.types.is_list(column.arrow):
        many = pa.types.is_string(column.arrow.value_type)
        return f"groupUniqArrayArray({name})" if many else f"sumForEach({name})"
    return f"sum({name})"


def _add_columns(client: Client, settings: ClickHouseSettings, table: Table) -> None:
    rows = client.query(
        "SELECT name FROM system.columns WHERE database = {database:String} AND table = {t:String}",
        {"database": settings.database, "t": table.name},
    ).result_rows
    there = {row[0] for row in rows}
    for column in table.columns:
        if column.name not in there:
            what = _definition(table, column, settings)
            _alter(client, settings, table, f"ADD COLUMN IF NOT EXISTS {what}")


def _change_ttl(client: Client, settings: ClickHouseSettings, table: Table) -> None:
    if table.name not in BODIES:
        return
    text = str(client.command(f"SHOW CREATE TABLE {_quoted(table.name)}"))
    if {int(days) for days in _TTL.findall(text)} - {settings.body_ttl_days}:
        for column in table.columns:
            if column.name in BODIES[table.name]:
                what = _definition(table, column, settings)
                _alter(client, settings, table, f"MODIFY COLUMN {what}")


def _alter(client: Client, settings: ClickHouseSettings, table: Table, what: str) -> None:
    cluster = f"ON CLUSTER {_quoted(settings.cluster)} " if settings.cluster else ""
    client.command(f"ALTER TABLE {_quoted(table.name)} {cluster}{what}")


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
