"""Bodies from Kafka to rows of a table and the dead letters of those that can't be; pure.

What comes out depends on nothing but the records and the schemas behind their ids, so that a batch
read again gives the same rows.
"""

import copy
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pyarrow as pa
from fastavro.read import SchemaResolutionError

from schemas.catalog import definition, parse, parsed
from schemas.codec import (
    PREFIX_BYTES,
    Record,
    compiled,
    decode,
    decode_head,
    resolve,
    schema_id,
)
from schemas.errors import InvalidRecord, SkippableError, UndecodableRecord
from schemas.writer_schema import WriterSchema
from sinks.flatten import Decoded, rows_that_fit
from sinks.tables import SIGNALS, Table

INFERENCE_LAST: Final = "retrieved"
"""The last field of a nested inference that `signals` needs: the texts come after it."""

Raw = tuple[int, int, bytes | None]
"""Offset, arrival (ms) and body of one record."""

Reader = Callable[[bytes], Record]
"""Reads a body in the wire format. Raises UndecodableRecord."""

SchemaOf = Callable[[int], WriterSchema]
"""Gives the schema of an id. Raises UndecodableRecord if there is none, RegistryDown."""


@dataclass(frozen=True)
class Refusal:
    """One record that is set aside: its coordinates' offset, when it arrived, and why."""

    offset: int
    arrived_ms: int
    schema_id: int | None
    error: SkippableError


def decode_rows(
    table: Table, partition: int, raws: list[Raw], schema_of: SchemaOf
) -> tuple[pa.Table, list[Refusal]]:
    """Return the rows of `raws`, by offset, and the refusals of the rest, by offset.

    Raises RegistryDown if a schema can't be looked up: nothing is refused for that.
    """
    with _without_collector():
        return _decode_rows(table, partition, raws, schema_of)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep the cyclic collector from walking the batch's many dicts again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _decode_rows(
    table: Table, partition: int, raws: list[Raw], schema_of: SchemaOf
) -> tuple[pa.Table, list[Refusal]]:
    decoded: list[Decoded] = []
    refusals: list[Refusal] = []
    numbers = _Numbers(raws)
    readers: dict[bytes, Reader] = {}
    for offset, arrived_ms, body in raws:
        try:
            prefix = (body or b"")[:PREFIX_BYTES]
            read = readers.get(prefix)
            if read is None or body is None:
                read = readers[prefix] = _reader(table, schema_of(schema_id(body)))
                assert body is not None
            decoded.append((offset, arrived_ms, read(body)))
        except SkippableError as error:
            refusals.append(Refusal(offset, arrived_ms, numbers.of(offset), error))
    built = rows_that_fit(
        table, partition, decoded, lambda one, why: refusals.append(_unfit(one, why, numbers))
    )
    return built, sorted(refusals, key=lambda refusal: refusal.offset)


class _Numbers:
    """Schema ids of records by offset, looked up only for the few that are refused."""

    def __init__(self, raws: list[Raw]) -> None:
        self._raws = raws

    def of(self, offset: int) -> int | None:
        body = next(raw[2] for raw in self._raws if raw[0] == offset)
        try:
            return schema_id(body)
        except UndecodableRecord:
            return None


def _unfit(one: Decoded, why: str, numbers: _Numbers) -> Refusal:
    error = InvalidRecord("invalid", f"no place in its column: {why}; correct the sender")
    return Refusal(one[0], one[1], numbers.of(one[0]), error)


def _reader(table: Table, writer: WriterSchema) -> Reader:
    """Return the function that reads the bodies of one writer's schema for `table`."""
    name = table.topic.schema
    assert name is not None
    if writer.name != name:
        raise UndecodableRecord(
            "wrong_schema",
            f"expected a {name}, the schema with id {writer.id} is of {writer.name or 'no record'}",
        )
    if not writer.current:
        return lambda body: _resolved(writer, name, body[PREFIX_BYTES:])
    return _current(name)


@cache
def _current(name: str) -> Reader:
    """Return the reader for our version of record `name`."""
    if name == SIGNALS.topic.schema:
        head = _enriched_head()
        return lambda body: decode_head(head, body, PREFIX_BYTES)
    ours = parsed(name)
    return lambda body: decode(ours, body, PREFIX_BYTES)


def _resolved(writer: WriterSchema, name: str, payload: bytes) -> Record:
    try:
        return resolve(writer.parsed, parsed(name), payload)
    except SchemaResolutionError:
        raise UndecodableRecord(
            "wrong_schema",
            f"the schema with id {writer.id} is no compatible version of {name}; "
            "register it under FULL_TRANSITIVE",
        ) from None


def _enriched_head() -> Any:
    """Return Enriched up to the inference's texts: the rest of the body is never looked at."""
    schema = copy.deepcopy(definition("Enriched"))
    inference = next(b for b in schema["fields"][-1]["type"] if b != "null")
    names = [field["name"] for field in inference["fields"]]
    del inference["fields"][names.index(INFERENCE_LAST) + 1 :]
    return compiled(parse(schema))
