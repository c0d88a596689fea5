"""Bytes to records and back, heads by prefix; pure, given a schema.

A body on Kafka is 0x00, the schema id as 4 bytes big endian, then the Avro body ("Confluent wire
format"). Reading a prefix of the writer's schema stops early and costs a third of the whole. Our
own schemas are read and written by code made for them, all others, and whatever that code doesn't
take, by fastavro.
"""

import struct
from functools import cached_property
from io import BytesIO
from typing import Any, Final

from fastavro import schemaless_reader, schemaless_writer

from schemas.compiled_lines import NotCompilable
from schemas.compiled_reader import Reader, compiled_reader
from schemas.compiled_writer import Writer, compiled_writer
from schemas.errors import UndecodableRecord

MAGIC: Final = b"\x00"
PREFIX_BYTES: Final = 5
_HEADER: Final = struct.Struct(">bi")  # an id is a signed int, as in the records that name one
_BROKEN: Final = (
    EOFError,
    ValueError,  # UnicodeDecodeError too
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    struct.error,
)

Record = dict[str, Any]


def schema_id(body: bytes | None) -> int:
    """Return the schema id in front of `body`.

    Raises UndecodableRecord("not_framed") if there is none.
    """
    if body is None or len(body) < PREFIX_BYTES or body[:1] != MAGIC:
        size = "null" if body is None else f"{len(body)} bytes"
        raise UndecodableRecord(
            "not_framed",
            f"expected 0x00 + schema id + Avro body, got {size}; "
            "produce with a Confluent-format Avro serializer",
        )
    number: int = _HEADER.unpack_from(body)[1]
    return number


def frame(number: int, payload: bytes) -> bytes:
    """Return `payload` in the wire format with schema id `number`."""
    return _HEADER.pack(0, number) + payload


class _Compiled:
    """The code made for a schema, when it is first asked for."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema  # kept: while it lives, nothing else has its id()

    @cached_property
    def read(self) -> Reader:
        return compiled_reader(self._schema)

    @cached_property
    def write(self) -> Writer | None:
        try:
            return compiled_writer(self._schema)
        except NotCompilable:
            return None


_COMPILED: Final[dict[int, _Compiled]] = {}


def compiled(schema: Any) -> Any:
    """Return `schema` (parsed), one of our own; from now on it is read and written by own code."""
    _COMPILED[id(schema)] = _Compiled(schema)
    return schema


def decode(writer: Any, payload: bytes, at: int = 0) -> Record:
    """Return the whole record in `payload` from index `at` on, which `writer` (parsed) wrote.

    Raises UndecodableRecord("undecodable") or ("trailing_bytes").
    """
    record, end = _read(writer, payload, at)
    if left := len(payload) - end:
        raise UndecodableRecord(
            "trailing_bytes",
            f"{left} of {len(payload) - at} bytes are left after the record; "
            "is the schema id the one it was written with?",
        )
    return record


def decode_head(head: Any, payload: bytes, at: int = 0) -> Record:
    """Return the first fields of a record, `head` being a prefix of its writer's schema.

    Raises UndecodableRecord("undecodable").
    """
    return _read(head, payload, at)[0]


def decode_head_to(head: Any, payload: bytes, at: int = 0) -> tuple[Record, int]:
    """Return what `decode_head` does, and the index in `payload` where the next field begins."""
    return _read(head, payload, at)


def resolve(writer: Any, reader: Any, payload: bytes) -> Record:
    """Return the record as `reader` sees it; slow (65 µs): for real schema evolution only.

    Raises UndecodableRecord("undecodable").
    """
    return _read_thoroughly(writer, payload, 0, reader)[0]


def encode(schema: Any, record: Record) -> bytes:
    """Return the Avro body of `record` (no frame). Raises ValueError if it doesn't fit."""
    own = _COMPILED.get(id(schema))
    if own is not None and own.write is not None:
        try:
            return own.write(record)
        except Exception:  # noqa: BLE001, S110 - whatever it is, fastavro knows it better
            pass
    stream = BytesIO()
    schemaless_writer(stream, schema, record)
    return stream.getvalue()


def _read(writer: Any, payload: bytes, at: int) -> tuple[Record, int]:
    own = _COMPILED.get(id(writer))
    if own is not None:
        try:
            record, end = own.read(payload, at)
        except Exception:  # noqa: BLE001, S110 - whatever it is, fastavro knows it better
            pass
        else:
            if end <= len(payload):
                return record, end
    return _read_thoroughly(writer, payload, at)


def _read_thoroughly(
    writer: Any, payload: bytes, at: int, reader: Any = None
) -> tuple[Record, int]:
    stream = BytesIO(payload)
    stream.seek(at)
    try:
        record = schemaless_reader(stream, writer, reader)
    except _BROKEN as error:
        # The text of the error may quote the payload: only its type goes on.
        raise UndecodableRecord(
            "undecodable",
            f"{type(error).__name__} at byte {stream.tell() - at} of {len(payload) - at}; "
            "the body doesn't fit the schema its id names",
        ) from None
    if not isinstance(record, dict):
        raise UndecodableRecord("undecodable", "the schema is not a record")
    return record, stream.tell()
