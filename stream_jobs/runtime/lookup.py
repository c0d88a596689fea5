"""Look-up of inferences in the hot store, for signals that come after the join's memory ends."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from schemas.catalog import definition
from schemas.errors import SinkDown
from schemas.settings import ClickHouseSettings, clickhouse_config
from stream_jobs.stage import LookupKey

BATCH: Final = 1_000  # keys a query
TIMEOUT_S: Final = 20
FIELDS: Final = tuple(field["name"] for field in definition("Inference")["fields"])
_COLUMNS: Final = ", ".join(
    f"toUnixTimestamp64Milli({name}) AS {name}_ms" if name == "event_time" else name
    for name in FIELDS
)
QUERY: Final = (
    f"SELECT {_COLUMNS} FROM inferences "  # noqa: S608 - our own field names, no input
    "WHERE tenant_id IN {tenants:Array(String)} AND inference_id IN {ids:Array(String)}"
)


class HotStore:
    """Table `inferences` of ClickHouse; connects when first asked. One thread at a time a query."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings

    def find(self, keys: Sequence[LookupKey]) -> Mapping[LookupKey, dict[str, Any] | None]:
        """Return an Inference record (our version) for each key, None where there is none.

        Raises SinkDown while the store doesn't answer: then the signals go on waiting.
        """
        found: dict[LookupKey, dict[str, Any] | None] = dict.fromkeys(keys)
        try:
            client = self._connect()
            try:
                for start in range(0, len(keys), BATCH):
                    self._batch(client, keys[start : start + BATCH], found)
            finally:
                client.close()
        except (ClickHouseError, HTTPError, OSError) as error:
            raise SinkDown(
                f"ClickHouse at {self._settings.host}:{self._settings.port} doesn't answer a "
                f"look-up ({type(error).__name__}); late signals wait"
            ) from error
        return found

    def _batch(
        self,
        client: Client,
        keys: Sequence[LookupKey],
        found: dict[LookupKey, dict[str, Any] | None],
    ) -> None:
        rows = client.query(
            QUERY,
            parameters={
                "tenants": sorted({key.tenant_id for key in keys}),
                "ids": [key.inference_id for key in keys],
            },
        )
        for row in rows.result_rows:
            record = _record(dict(zip(FIELDS, row, strict=True)))
            key = LookupKey(record["tenant_id"], record["inference_id"])
            if key in found:
                found[key] = record

    def _connect(self) -> Client:
        return clickhouse_connect.get_client(
            **clickhouse_config(self._settings),
            connect_timeout=min(TIMEOUT_S, self._settings.timeout_s),
            send_receive_timeout=min(TIMEOUT_S, self._settings.timeout_s),
        )


def _record(row: dict[str, Any]) -> dict[str, Any]:
    row["retrieved"] = [_named(item, ("doc_id", "score")) for item in row["retrieved"]]
    row["messages"] = [_named(item, ("role", "content")) for item in row["messages"]]
    return row


def _named(item: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return dict(item) if isinstance(item, dict) else dict(zip(names, item, strict=True))
