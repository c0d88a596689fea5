"""A clickhouse-connect client for our settings, and its errors as ours."""

from collections.abc import Mapping
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from schemas.errors import ConfigError, SinkDown
from schemas.settings import Settings, clickhouse_config


def connect(settings: Settings) -> Client:
    """Return a client of the hot store. Raises SinkDown if it doesn't answer."""
    store = settings.clickhouse
    try:
        return clickhouse_connect.get_client(**clickhouse_config(store))
    except (ClickHouseError, OSError) as error:
        raise SinkDown(
            f"ClickHouse at {store.host}:{store.port} doesn't answer "
            f"({type(error).__name__}): see `feedloop status`"
        ) from error


def ask(
    client: Client, sql: str, parameters: Mapping[str, Any] | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return column names and rows; `parameters` are the values of `{name:Type}` in `sql`.

    Raises ConfigError with ClickHouse's words, SinkDown.
    """
    try:
        result = client.query(sql, parameters=dict(parameters or {}))
    except OperationalError as error:
        raise SinkDown(f"ClickHouse went away: {error}") from error
    except ClickHouseError as error:
        raise ConfigError(f"ClickHouse refuses the query: {error}") from None
    return list(result.column_names), [tuple(row) for row in result.result_rows]
