"""Bytes to records and back, heads by prefix; pure, given a schema.

A body on Kafka is 0x00, the schema id as 4 bytes big endian, then the Avro body ("Confluent wire
format"). Reading a prefix of the writer's schema stops early and costs a third of the whole.
"""

import struct
from io import BytesIO
from typing import Any, Final

from fastavro import schemaless_reader, schemaless_writer

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


def decode(writer: Any, payload: bytes) -> Record:
    """Return the whole record in `payload`, which `writer` (a parsed schema) wrote.

    Raises UndecodableRecord("undecodable") or ("trailing_bytes").
    """
    stream = BytesIO(payload)
    record = _read(stream, writer, len(payload))
    left = len(payload) - stream.tell()
    if left:
        raise UndecodableRecord(
            "trailing_bytes",
            f"{left} of {len(payload)} bytes are left after the record; "
            "is the schema id the one it was written with?",
        )
    return record


def decode_head(head: Any, payload: bytes) -> Record:
    """Return the first fields of a record, `head` being a prefix of its writer's schema.

    Raises UndecodableRecord("undecodable").
    """
    return _read(BytesIO(payload), head, len(payload))


def decode_head_to(head: Any, payload: bytes) -> tuple[Record, int]:
    """Return what `decode_head` does, and the index in `payload` where the next field begins."""
    stream = BytesIO(payload)
    return _read(stream, head, len(payload)), stream.tell()


def resolve(writer: Any, reader: Any, payload: bytes) -> Record:
    """Return the record as `reader` sees it; slow (65 µs): for real schema evolution only.

    Raises UndecodableRecord("undecodable").
    """
    return _read(BytesIO(payload), writer, len(payload), reader)


def encode(schema: Any, record: Record) -> bytes:
    """Return the Avro body of `record` (no frame). Raises ValueError if it doesn't fit."""
    stream = BytesIO()
    schemaless_writer(stream, schema, record)
    return stream.getvalue()


def _read(stream: BytesIO, writer: Any, size: int, reader: Any = None) -> Record:
    try:
        record = schemaless_reader(stream, writer, reader)
    except _BROKEN as error:
        # The text of the error may quote the payload: only its type goes on.
        raise UndecodableRecord(
            "undecodable",
            f"{type(error).__name__} at byte {stream.tell()} of {size}; "
            "the body doesn't fit the schema its id names",
        ) from None
    if not isinstance(record, dict):
        raise UndecodableRecord("undecodable", "the schema is not a record")
    return record
