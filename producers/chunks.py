"""Chunks of bytes to lines, gzip or not, in bounded memory; pure.

A byte order mark and a missing last newline are taken as they are meant;
a carriage return stays at the end of its line (it is white space to JSON).
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from schemas.errors import FatalError

GZIP_MAGIC: Final = b"\x1f\x8b"
BOM: Final = b"\xef\xbb\xbf"
OUTPUT_BYTES: Final = 1 << 20  # of one step of decompression: a small file may unpack to gigabytes

Line = bytes | None
"""One line without its end, or None if it was longer than the limit."""


def plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield `chunks`, decompressed if they start as gzip does.

    Raises FatalError if the gzip data is damaged or ends early.
    """
    source = iter(chunks)
    start = b""
    for chunk in source:
        start += chunk
        if len(start) >= len(GZIP_MAGIC):
            break
    rest = _chain(start, source)
    return _unzip(rest) if start.startswith(GZIP_MAGIC) else rest


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _unzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            data = chunk
            while data:
                yield member.decompress(data, OUTPUT_BYTES)
                data = member.unconsumed_tail
                if member.eof:  # a file may be several gzip files end to end
                    data = member.unused_data.lstrip(b"\x00")
                    member = zlib.decompressobj(wbits=31) if data else member
    except zlib.error as error:
        raise FatalError(f"the gzip data is damaged ({error}); compress the file again") from None
    if not member.eof:
        raise FatalError("the gzip data ends early; was the file copied whole?")


def lines(chunks: Iterable[bytes], max_bytes: int) -> Iterator[Line]:
    """Yield each line of at most `max_bytes`, None for a longer one (its bytes are not kept)."""
    first = True
    for line in _split(chunks, max_bytes):
        text = line
        if first and text is not None:
            text = text.removeprefix(BOM)
        first = False
        yield text


def _split(chunks: Iterable[bytes], max_bytes: int) -> Iterator[Line]:
    parts: list[bytes] = []  # of the line that has begun
    size = 0
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            yield None if size + len(piece) > max_bytes else b"".join((*parts, piece))
            parts, size = [], 0
        size += len(rest)
        if size > max_bytes:
            parts = []
        elif rest:
            parts.append(rest)
    if size:
        yield None if size > max_bytes else b"".join(parts)
