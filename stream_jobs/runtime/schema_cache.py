"""Writers' schemas by id, fetched before the pure logic needs them."""

import time
from collections.abc import Iterable

from schemas.codec import MAGIC, PREFIX_BYTES, schema_id
from schemas.errors import UndecodableRecord
from schemas.registry import UNKNOWN_TTL_S, Registry
from schemas.writer_schema import WriterSchema
from stream_jobs.stage import Inbound


class SchemaCache:
    """Schema id → WriterSchema. `load` blocks on the registry, `get` never does."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[int, WriterSchema] = {}
        self._unknown: dict[int, tuple[float, UndecodableRecord]] = {}

    def missing(self, records: Iterable[Inbound]) -> set[int]:
        """Return the schema ids in `records` that must be loaded first."""
        prefixes = {value[:PREFIX_BYTES] for r in records if (value := r.value) is not None}
        ids = {
            schema_id(prefix)
            for prefix in prefixes
            if len(prefix) == PREFIX_BYTES and prefix[:1] == MAGIC
        }
        stale = time.monotonic() - UNKNOWN_TTL_S
        return {
            number
            for number in ids
            if number not in self._known and self._unknown.get(number, (stale,))[0] <= stale
        }

    def load(self, numbers: Iterable[int]) -> None:
        """Fetch schemas; one that the registry doesn't have is remembered as unknown.

        Raises RegistryDown: then the records wait.
        """
        for number in numbers:
            try:
                self._known[number] = self._registry.schema(number)
            except UndecodableRecord as error:
                self._unknown[number] = (time.monotonic(), error)

    def get(self, number: int) -> WriterSchema:
        """Return the schema with id `number`. Raises UndecodableRecord if there is none."""
        found = self._known.get(number)
        if found is not None:
            return found
        if number in self._unknown:
            raise self._unknown[number][1]
        raise UndecodableRecord("unknown_schema", f"schema id {number} was not loaded")
