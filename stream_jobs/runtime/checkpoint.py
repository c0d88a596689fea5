"""What a restart of one partition number must know, as versioned bytes; pure.

Layout: `FLCP`, version (1 byte), CRC-32 of the rest (4 bytes, big endian), then zlib-compressed
MessagePack of `Checkpoint`. No pickle. An unknown version or a damaged body is a fatal error.
"""

import struct
import zlib
from typing import Final

import msgspec

from schemas.errors import CorruptStateError

MAGIC: Final = b"FLCP"
VERSION: Final = 1
_HEADER: Final = struct.Struct(">4sBI")


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """State, output and offsets agreed together. Offsets by topic name without prefix."""

    stage: str
    partition: int
    next: dict[str, int]  # first offset not yet processed
    rewind: dict[str, int]  # where a restart begins to read, at most `next`
    topic_ids: dict[str, str]  # Kafka's id of each input: another id is another topic
    state: bytes  # the logic's own versioned bytes


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Checkpoint)


def pack(checkpoint: Checkpoint, max_bytes: int) -> bytes:
    """Return the bytes of `checkpoint`. Raises CorruptStateError if they exceed `max_bytes`."""
    body = zlib.compress(_ENCODER.encode(checkpoint), 1)
    if len(body) > max_bytes:
        raise CorruptStateError(
            f"checkpoint of {checkpoint.stage}, partition {checkpoint.partition}, is "
            f"{len(body)} bytes, more than FEEDLOOP_STAGE_MAX_CHECKPOINT_BYTES={max_bytes}. "
            "Raise the setting (and the topic's max.message.bytes), or add partitions"
        )
    return _HEADER.pack(MAGIC, VERSION, zlib.crc32(body)) + body


def unpack(data: bytes, where: str) -> Checkpoint:
    """Return the checkpoint in `data`, read at `where` (for messages). Raises CorruptStateError."""
    if len(data) < _HEADER.size or data[:4] != MAGIC:
        raise CorruptStateError(f"{where}: not a feedloop checkpoint. {_NEXT_STEP}")
    _, version, checksum = _HEADER.unpack_from(data)
    body = data[_HEADER.size :]
    if version != VERSION:
        raise CorruptStateError(
            f"{where}: checkpoint version {version}, this feedloop reads version {VERSION}. "
            "Run the version that wrote it, or upgrade this one"
        )
    if zlib.crc32(body) != checksum:
        raise CorruptStateError(f"{where}: the checkpoint is damaged (CRC differs). {_NEXT_STEP}")
    try:
        return _DECODER.decode(zlib.decompress(body))
    except (msgspec.DecodeError, zlib.error) as error:
        raise CorruptStateError(f"{where}: {error}. {_NEXT_STEP}") from None


_NEXT_STEP: Final = (
    "No offset was moved. Restore the checkpoints topic from a backup, or start the stage anew "
    "from the oldest input by deleting its checkpoints topic (output may then repeat)"
)
