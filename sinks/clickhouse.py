"""Inserts batches into ClickHouse under a name that makes a repeat harmless.

Delivery: a batch is one INSERT with `insert_deduplication_token` = the name of the batch; the
tables and the rollups that views feed remember names (sinks/tables.sql). An insert that was torn
or whose answer was lost is sent again, whole, under the same name. `max(_offset)` in a table says
nothing about what is stored: the committed intent alone does.
"""

from contextlib import suppress
from typing import Any, Final, NoReturn

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.exceptions import Error as CodedError
from urllib3.exceptions import HTTPError

from schemas.errors import ConfigError, SinkDown
from schemas.killpoint import reach
from schemas.settings import ClickHouseSettings, clickhouse_config
from sinks import Batch
from sinks.create import create_tables
from sinks.intents import Source, token

CONNECT_S: Final = 5
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
BLOCK_ROWS: Final = 1 << 20  # more than any batch has: one insert is one block

INSERT_SETTINGS: Final[dict[str, Any]] = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "max_insert_block_size": BLOCK_ROWS,
    "min_insert_block_size_rows": BLOCK_ROWS,
    "max_insert_threads": 1,
    "max_partitions_per_insert_block": 0,  # a backfill may span any number of months
}

UNKNOWN_TABLE: Final = 60

NEVER_WORKS: Final = {
    6: "CANNOT_PARSE_TEXT",
    10: "NOT_FOUND_COLUMN_IN_BLOCK",
    16: "NO_SUCH_COLUMN_IN_TABLE",
    36: "BAD_ARGUMENTS",
    43: "ILLEGAL_TYPE_OF_ARGUMENT",
    44: "ILLEGAL_COLUMN",
    46: "UNKNOWN_FUNCTION",
    47: "UNKNOWN_IDENTIFIER",
    48: "NOT_IMPLEMENTED",
    50: "UNKNOWN_TYPE",
    53: "TYPE_MISMATCH",
    UNKNOWN_TABLE: "UNKNOWN_TABLE",
    62: "SYNTAX_ERROR",
    70: "CANNOT_CONVERT_TYPE",
    81: "UNKNOWN_DATABASE",
    115: "UNKNOWN_SETTING",
    117: "INCORRECT_DATA",
    192: "UNKNOWN_USER",
    349: "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN",
    497: "ACCESS_DENIED",
    516: "AUTHENTICATION_FAILED",
}
"""Answers that the same insert will get for ever; any other may go away by itself."""


class ClickHouse:
    """The hot store (a `sinks.Sink`)."""

    name = "clickhouse"

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def open(self) -> None:
        """Connect; make tables and views. Raises SinkDown, ConfigError."""
        try:
            create_tables(self._connected(), self._settings)
        except (ClickHouseError, HTTPError, OSError) as error:
            if isinstance(error, CodedError) and error.code == UNKNOWN_TABLE:
                # Another worker is just replacing a view that this one's view reads.
                self.close()
                raise SinkDown("ClickHouse: the views are being made by another worker") from None
            self._refuse(f"creating the tables ({error})", error)

    def assigned(self, source: Source, *, known: bool) -> int:  # noqa: ARG002
        """Return 0: the committed intent alone says where to go on."""
        return 0

    def topic_ids(self, topic: str) -> set[str]:
        """Return Kafka's ids of `topic` from which the store was filled. Raises SinkDown."""
        question = "SELECT DISTINCT topic_id FROM source_topics WHERE topic = {topic:String}"
        try:
            rows = self._connected().query(question, {"topic": topic}).result_rows
        except (ClickHouseError, HTTPError, OSError) as error:
            self._refuse(f"asking for the id of {topic}", error)
        return {str(row[0]) for row in rows}

    def note_topic(self, topic: str, topic_id: str) -> None:
        """Remember that the store is filled from `topic` with this id. Raises SinkDown."""
        try:
            self._connected().insert("source_topics", [[topic, topic_id]], ["topic", "topic_id"])
        except (ClickHouseError, HTTPError, OSError) as error:
            self._refuse(f"noting the id of {topic}", error)

    def write(self, batch: Batch) -> None:
        """Insert the batch; return when it can be queried. Raises SinkDown, ConfigError."""
        if not batch.rows.num_rows:
            return
        name = token(batch.source, batch.start, batch.end)
        try:
            self._connected().insert_arrow(
                batch.table.name,
                batch.rows,
                database=self._settings.database,
                settings={**INSERT_SETTINGS, "insert_deduplication_token": name},
            )
        except (ClickHouseError, HTTPError, OSError) as error:
            self._refuse(f"inserting {batch.rows.num_rows} rows as {name}", error)
        reach("clickhouse.after_insert")

    def revoked(self, source: Source) -> None:
        """Do nothing: the next owner repeats what was promised."""

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(HTTPError, OSError):  # it may be gone already
                client.close()

    def _connected(self) -> Client:
        if self._client is None:
            s = self._settings
            self._client = clickhouse_connect.get_client(
                **clickhouse_config(s),
                connect_timeout=CONNECT_S,
                send_receive_timeout=s.timeout_s,
                compress=False if s.host in LOOPBACK else "lz4",
                autogenerate_session_id=False,  # a session would outlive a cut-off insert, locked
                query_retries=0,
            )
        return self._client

    def _refuse(self, what: str, error: Exception) -> NoReturn:
        """Raise our error for ClickHouse's; what it says may quote values and stays out."""
        self.close()
        where = f"ClickHouse {self._settings.host}:{self._settings.port}"
        code = error.code if isinstance(error, CodedError) else None
        if code in NEVER_WORKS:
            raise ConfigError(
                f"{where} refuses {what} for good: code {code} ({NEVER_WORKS[code]}). Compare the "
                "table with sinks/tables.sql (another version of feedloop? rights of the user?), "
                "mend it, start again; no offset has moved"
            ) from None
        reason = f"code {code}" if code is not None else type(error).__name__
        raise SinkDown(f"{where}: {what}: {reason}") from None
