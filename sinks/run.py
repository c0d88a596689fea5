"""Runs one sink by name: the entry point of `feedloop worker clickhouse|parquet|webhook`."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from schemas.errors import ConfigError, FencedError, SlotTaken
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


REJOINS: Final = 5
"""Joins after a fence without a commit in between; then the process ends and is seen to."""

log = logging.getLogger(__name__)


def run_sink(name: str, settings: Settings, health: Health, stop: threading.Event) -> None:
    """Store what arrives until `stop` is set; then finish the batch, leave the group, return.

    A member that the group gave up, or whose ledger has another owner, drops all it holds, leaves
    and joins anew: what it had promised is done by whoever owns the partition then. Raises
    FatalError (a person must act), FencedError (again and again, or its slot is taken: start anew).
    """
    if name not in SINKS:
        raise ConfigError(f"no sink {name!r}; known: {', '.join(SINKS)}")
    make, linger_ms = SINKS[name]
    limits = Limits(
        rows=WEBHOOK_ROWS if name == "webhook" else settings.sink.batch_rows,
        bytes=settings.sink.batch_bytes,
        linger_s=linger_ms(settings.sink) / 1000,
    )
    fences = 0
    while not stop.is_set():
        consumption = Consumption(make(settings), limits, settings, health, stop)
        try:
            consumption.run()
        except FencedError as error:
            fences = 1 if consumption.stored else fences + 1
            if fences > REJOINS or isinstance(error, SlotTaken):
                raise
            log.warning("%s: fenced: %s; joining anew", name, error)
