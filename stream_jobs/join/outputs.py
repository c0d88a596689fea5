"""What the join writes: enriched records, partials, markers, dead letters; pure."""

from typing import Any, Final

from schemas.catalog import parsed
from schemas.codec import encode, frame
from schemas.topics import ENRICHED, PARTIALS
from stream_jobs.join.config import JoinConfig
from stream_jobs.join.heads import Broken
from stream_jobs.set_aside import set_aside
from stream_jobs.stage import Outbound

STAGE: Final = "join"


class Outputs:
    """Collects the records of one partition until they are taken."""

    def __init__(self, config: JoinConfig, partition: int) -> None:
        self._config = config
        self._partition = partition
        self._records: list[Outbound] = []

    def take(self) -> list[Outbound]:
        """Return what was collected, and forget it."""
        records, self._records = self._records, []
        return records

    def enriched(self, session_id: str, body: bytes) -> None:
        """Write an Enriched body beside the signal it came from."""
        framed = frame(self._config.enriched_schema, body)
        self._records.append(Outbound(ENRICHED.name, session_id.encode(), framed, self._partition))

    def partials(self, records: list[dict[str, Any]]) -> None:
        """Write Partial records; the tenant's hash says where to."""
        for record in records:
            key = record["tenant_id"].encode()
            self._records.append(Outbound(PARTIALS.name, key, self._partial(record)))

    def marker(self, record: dict[str, Any]) -> None:
        """Write a marker into every partition of the partials."""
        key, body = b"%d" % self._partition, self._partial(record)
        self._records.extend(
            Outbound(PARTIALS.name, key, body, partition)
            for partition in range(self._config.partials_partitions)
        )

    def dead_letter(self, broken: Broken, now_ms: int) -> None:
        """Set a record aside."""
        self._records.append(
            set_aside(
                STAGE,
                (self._config.prefix + broken.topic, self._partition, broken.offset),
                broken.error,
                now_ms,
                schema_id=broken.schema_id,
                letter_schema=self._config.dead_letter_schema,
            )
        )

    def _partial(self, record: dict[str, Any]) -> bytes:
        return frame(self._config.partial_schema, encode(parsed("Partial"), record))
