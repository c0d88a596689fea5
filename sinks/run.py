"""Runs one sink by name: the entry point of `feedloop worker clickhouse|parquet|webhook`."""

import threading
from collections.abc import Callable
from typing import Final

from schemas.errors import ConfigError
from schemas.health import Health
from schemas.settings import Settings, SinkSettings
from sinks import Sink
from sinks.consume import Consumption
from sinks.partition import Limits

WEBHOOK_ROWS: Final = 10
"""A batch of posts to a slow receiver must end before the group gives the member up."""


def _clickhouse(settings: Settings) -> Sink:
    from sinks.clickhouse import ClickHouse  # noqa: PLC0415 - the other store's worker needs none

    return ClickHouse(settings.clickhouse)


def _parquet(settings: Settings) -> Sink:
    from sinks.parquet import Parquet  # noqa: PLC0415

    return Parquet(settings.parquet)


def _webhook(settings: Settings) -> Sink:
    from sinks.webhook.dispatcher import Webhook  # noqa: PLC0415

    return Webhook(settings)


SINKS: Final[dict[str, tuple[Callable[[Settings], Sink], Callable[[SinkSettings], int]]]] = {
    "clickhouse": (_clickhouse, lambda s: s.clickhouse_linger_ms),
    "parquet": (_parquet, lambda s: s.parquet_linger_ms),
    "webhook": (_webhook, lambda _: 0),
}
"""Each sink: how to make it, how long it waits for a batch to fill (ms)."""


def run_sink(name: str, settings: Settings, health: Health, stop: threading.Event) -> None:
    """Store what arrives until `stop` is set; then finish the batch, leave the group, return.

    Raises FatalError (a person must act), FencedError and RetriableError (start again): what was
    promised is then done by the next owner.
    """
    if name not in SINKS:
        raise ConfigError(f"no sink {name!r}; known: {', '.join(SINKS)}")
    make, linger_ms = SINKS[name]
    limits = Limits(
        rows=WEBHOOK_ROWS if name == "webhook" else settings.sink.batch_rows,
        bytes=settings.sink.batch_bytes,
        linger_s=linger_ms(settings.sink) / 1000,
    )
    Consumption(make(settings), limits, settings, health, stop).run()
