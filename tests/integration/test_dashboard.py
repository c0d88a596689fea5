"""Every query of the Grafana dashboard runs on the real tables and views."""

import json
import re
from pathlib import Path

import pytest

from deploy.hot_store import ask, connect
from schemas.settings import Settings
from sinks.create import create_tables

pytestmark = pytest.mark.broker

FILE = Path(__file__).parents[2] / "deploy" / "grafana" / "feedloop.json"


def queries() -> list[str]:
    board = json.loads(FILE.read_text())
    panels = [t["rawSql"] for panel in board["panels"] for t in panel["targets"]]
    variables = [v["query"] for v in board["templating"]["list"]]
    notes = [a["target"]["rawSql"] for a in board["annotations"]["list"]]
    return [*panels, *variables, *notes]


def filled(sql: str) -> str:
    """Put in what Grafana puts in for its macros."""
    sql = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 >= toDateTime(0) AND \1 <= now()", sql)
    return sql.replace("$tenant", "'acme'")


def test_every_query_runs(settings: Settings) -> None:
    client = connect(settings)
    create_tables(client, settings.clickhouse)
    for sql in queries():
        assert ask(client, filled(sql))[1] == [], sql
