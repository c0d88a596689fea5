"""feedloop query: ask the hot store a question in SQL."""

import csv
import sys
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer

from deploy.context import DEFAULT_DATA, DataDir, settings_for
from deploy.hot_store import ask, connect
from deploy.tables import print_table


class Format(StrEnum):
    """How the rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("query")(run)


def run(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A query; - reads standard input.")],
    form: Annotated[
        Format, typer.Option("--format", help="json: one array; jsonl: one object a line.")
    ] = Format.TABLE,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Ask ClickHouse a question in SQL.

    Tables: inferences, signals, metrics, actions, action_results, dead_letters; `SHOW TABLES`
    lists the views beside them. Any ClickHouse client does the same at the address that
    `feedloop status` shows.
    """
    text = sys.stdin.read() if sql == "-" else sql
    columns, rows = ask(connect(settings_for(data)), text)
    _PRINT[form](columns, rows)


def _json(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    print(_encoded([dict(zip(columns, row, strict=True)) for row in rows]))


def _jsonl(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    for row in rows:
        print(_encoded(dict(zip(columns, row, strict=True))))


def _encoded(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


def _csv(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def _table(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    print_table(columns, rows)


_PRINT = {
    Format.TABLE: _table,
    Format.JSON: _json,
    Format.JSONL: _jsonl,
    Format.CSV: _csv,
}
