"""Tables and views are made by whoever comes first, beside others that do the same or ask."""

from concurrent.futures import ThreadPoolExecutor

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from schemas.errors import SinkDown
from schemas.settings import Settings
from sinks.clickhouse import ClickHouse
from sinks.create import create_tables

pytestmark = pytest.mark.broker

WORKERS = 4


def connect(settings: Settings) -> Client:
    store = settings.clickhouse
    return clickhouse_connect.get_client(
        host=store.host,
        port=store.port,
        database=store.database,
        autogenerate_session_id=False,
    )


def opened(settings: Settings) -> None:
    sink = ClickHouse(settings.clickhouse)
    while True:
        try:
            sink.open()
        except SinkDown:
            continue
        sink.close()
        return


def test_several_workers_that_start_at_once_make_the_tables_together(settings: Settings) -> None:
    """One found no view because another was just replacing it, and gave up for good."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for worker in [pool.submit(opened, settings) for _ in range(WORKERS)]:
            worker.result()
    assert connect(settings).query("SELECT count() FROM worst_documents").result_rows == [(0,)]


def test_a_worker_that_starts_takes_no_view_away(settings: Settings) -> None:
    client = connect(settings)
    create_tables(client, settings.clickhouse)
    made = "SELECT name, uuid FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    before = client.query(made).result_rows
    create_tables(client, settings.clickhouse)
    assert client.query(made).result_rows == before
    assert len(before) > 10
