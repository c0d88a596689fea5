"""What the front understands of a SQL text."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.front.statement import parse


@dataclass(frozen=True)
class Case:
    name: str
    text: bytes
    kind: str
    format: str | None = None
    sql: bytes | None = None  # where it differs from the text
    rows: bytes | None = None
    several: bool = False


CASES = [
    Case("nothing", b" -- only a comment", ""),
    Case("select", b"select 1", "SELECT"),
    Case("format at the end", b"SELECT 1 FORMAT JSON", "SELECT", "JSON"),
    Case("format, then a semicolon", b"SELECT 1\nformat JSONEachRow ;\n", "SELECT", "JSONEachRow"),
    Case("format, then settings", b"SELECT 1 FORMAT CSV SETTINGS a = 1", "SELECT", "CSV"),
    Case("a column called format", b"SELECT format FROM t", "SELECT"),
    Case("format in a string", b"SELECT 'x FORMAT JSON'", "SELECT"),
    Case("format in a comment", b"SELECT 1 /* FORMAT JSON */", "SELECT"),
    Case("format in a subquery is a function", b"SELECT (format('{}', a))", "SELECT"),
    Case("brackets around the query", b"(SELECT 1) UNION ALL (SELECT 2)", "SELECT"),
    Case("two statements", b"SELECT 1; SELECT 2", "SELECT", several=True),
    Case("a semicolon in a string", b"SELECT ';'; -- end", "SELECT"),
    Case(
        "rows in native form",
        b"INSERT INTO t (a, b) FORMAT Native\n\x00\xff;\n",
        "INSERT",
        "Native",
        b"INSERT INTO t (a, b) ",
        b"\x00\xff;\n",
    ),
    Case(
        "rows that begin with blanks",
        b"INSERT INTO t FORMAT TSV \r\n  x\n",
        "INSERT",
        "TSV",
        b"INSERT INTO t ",
        b"  x\n",
    ),
    Case("values", b"INSERT INTO t VALUES (1)", "INSERT", "Values", b"INSERT INTO t ", b" (1)"),
    Case("insert select", b"INSERT INTO t SELECT 1 FORMAT x", "INSERT"),
    Case("insert with select", b"INSERT INTO t WITH 1 AS x SELECT x", "INSERT"),
    Case("from a file", b"INSERT INTO t FROM INFILE 'x' FORMAT CSV", "INSERT"),
    Case(
        "settings before the rows",
        b"INSERT INTO t SETTINGS a = 'FORMAT' FORMAT CSV\n1",
        "INSERT",
        "CSV",
        b"INSERT INTO t SETTINGS a = 'FORMAT' ",
        b"1",
    ),
    Case(
        "quoted names",
        b'INSERT INTO `values` ("format") VALUES (1)',
        "INSERT",
        "Values",
        b'INSERT INTO `values` ("format") ',
        b" (1)",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_parse(case: Case) -> None:
    found = parse(case.text)
    assert (found.kind, found.format, found.several) == (case.kind, case.format, case.several)
    assert found.sql == (case.text if case.sql is None else case.sql)
    assert found.rows == case.rows


@given(st.binary(max_size=200))
def test_rows_are_never_looked_into(rows: bytes) -> None:
    assert parse(b"INSERT INTO t FORMAT RowBinary\n" + rows).rows == rows


@given(st.binary(max_size=200))
def test_any_bytes_are_accepted(text: bytes) -> None:
    parse(text)
