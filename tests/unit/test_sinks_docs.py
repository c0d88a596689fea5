"""docs/stores.md lists the columns that the tables have; the statements name what exists."""

import re
from pathlib import Path

import pytest

from schemas.settings import ClickHouseSettings
from sinks.create import REMEMBERED_INSERTS, statements
from sinks.tables import TABLES, Table

PAGE = (Path(__file__).parents[2] / "docs" / "stores.md").read_text()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_page_lists_every_column_with_its_type(table: Table) -> None:
    section = PAGE.partition(f"### {table.name}\n")[2].partition("\n### ")[0]
    listed = re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE)
    assert listed == [(column.name, column.clickhouse) for column in table.columns]


def test_the_page_names_every_view() -> None:
    made = re.findall(r"REPLACE VIEW (\w+)", "\n".join(statements(ClickHouseSettings())))
    assert len(made) >= 8
    assert [view for view in made if f"`{view}`" not in PAGE] == []


@pytest.mark.parametrize("cluster", ["", "main"])
def test_every_table_remembers_the_names_of_inserts(cluster: str) -> None:
    """Those that views feed too: else a repeated insert would count twice in a rollup."""
    made = statements(ClickHouseSettings(cluster=cluster))
    tables = [statement for statement in made if statement.startswith("CREATE TABLE")]
    assert len(tables) == len(TABLES) + 3  # two rollups, the topics' ids
    kind = "replicated" if cluster else "non_replicated"
    for statement in tables:
        assert f"{kind}_deduplication_window = {REMEMBERED_INSERTS}" in statement
        assert ("ENGINE = Replicated" in statement) == bool(cluster)
        assert ("ON CLUSTER `main`" in statement) == bool(cluster)
