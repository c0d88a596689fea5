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
VERSION: Final = 2
READ: Final = (1, VERSION)  # version 1 doesn't say `partitions`
_HEADER: Final = struct.Struct(">4sBI")


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """State, output and offsets agreed together. Offsets by topic name without prefix."""

    stage: str
    partition: int
    next: dict[str, int]  # first offset not yet processed
    rewind: dict[str, int]  # where a restart begins to read, at most `next`
    topic_ids: dict[str, str]  # Kafka's id of each input: another id is another topic
    state: bytes  # the logic's own versioned bytes
    partitions: int = 0  # of each input; 0: not known


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


def unpack(data: bytes, where: str, stage: str) -> Checkpoint:
    """Return the checkpoint in `data`, read at `where` (for messages). Raises CorruptStateError."""
    then = next_step(stage)
    if len(data) < _HEADER.size or data[:4] != MAGIC:
        raise CorruptStateError(f"{where}: not a feedloop checkpoint. {then}")
    _, version, checksum = _HEADER.unpack_from(data)
    body = data[_HEADER.size :]
    if version not in READ:
        raise CorruptStateError(
            f"{where}: checkpoint version {version}, this feedloop reads version {VERSION}: a "
            f"newer one wrote it. Run that one, nothing is lost then. Else: {then}"
        )
    if zlib.crc32(body) != checksum:
        raise CorruptStateError(f"{where}: the checkpoint is damaged (CRC differs). {then}")
    try:
        return _DECODER.decode(zlib.decompress(body))
    except (msgspec.DecodeError, zlib.error) as error:
        raise CorruptStateError(f"{where}: {error}. {then}") from None


def next_step(stage: str) -> str:
    """Return what a person can do if `stage` can't go on from its checkpoint."""
    return (
        f"No offset was moved. `feedloop recover {stage}` shows what is lost; with --accept-loss "
        f"{stage} goes on from what is there"
    )
