"""A reader of Avro bodies written for one schema, as Python source, then compiled; pure.

fastavro asks a file object for every few bytes, 20 µs for an enriched record; this indexes the body
and takes a third of that. It reads exactly what fastavro reads or raises: on any exception the
caller reads again with fastavro, whose word on what is broken counts.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

from schemas.compiled_lines import Lines

Reader = Callable[[bytes, int], tuple[dict[str, Any], int]]
"""Reads the record at an index of a body; returns it and the index after it, which may lie beyond
the end of a body that was cut: the caller looks. Raises any Exception if it can't."""

_MORE: Final = 0x80
_LONGEST: Final = 63  # bits before the last byte of a 64-bit varint


def compiled_reader(schema: Any) -> Reader:
    """Return the reader for `schema` (parsed, a record that doesn't hold itself)."""
    lines = ["def read(b, p):", *_Lines().value(schema, "v", "    "), "    return v, p"]
    names: dict[str, Any] = {"varint": varint, "block": block, "double": _DOUBLE, "single": _SINGLE}
    exec("\n".join(lines), names)  # noqa: S102 - our own schema files are its only input
    reader: Reader = names["read"]
    return reader


_DOUBLE: Final = struct.Struct("<d").unpack_from
_SINGLE: Final = struct.Struct("<f").unpack_from


def varint(body: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned number at `at` and the place after it."""
    number = shift = 0
    while True:
        byte = body[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < _MORE:
            if number >> 64:
                raise OverflowError
            return number, at
        shift += 7
        if shift > _LONGEST:
            raise OverflowError


def block(body: bytes, at: int) -> tuple[int, int]:
    """Return how many items the next block of an array or map has, and where they begin."""
    number, at = varint(body, at)
    if not number & 1:
        return number >> 1, at
    _, at = varint(body, at)  # a negative count is followed by the block's size in bytes
    return (number >> 1) + 1, at


class _Lines(Lines):
    """Makes the lines that read a value at `p` of `b` into a variable."""

    def _null(self, _: Any, into: str, pad: str) -> Iterator[str]:
        yield f"{pad}{into} = None"

    def _boolean(self, _: Any, into: str, pad: str) -> Iterator[str]:
        yield f"{pad}{into} = b[p] != 0; p += 1"

    def _number(self, pad: str) -> Iterator[str]:
        yield f"{pad}n = b[p]; p += 1"
        yield f"{pad}if n > 127:"
        yield f"{pad}    m = b[p]; p += 1"
        yield f"{pad}    if m > 127: n, p = varint(b, p - 2)"
        yield f"{pad}    else: n += (m << 7) - 128"

    def _length(self, pad: str) -> Iterator[str]:
        yield from self._number(pad)
        yield f"{pad}if n & 1: raise ValueError"
        yield f"{pad}n >>= 1"

    def _string(self, _: Any, into: str, pad: str) -> Iterator[str]:
        yield from self._length(pad)
        yield f"{pad}e = p + n; {into} = b[p:e].decode(); p = e"

    def _enum(self, schema: Any, into: str, pad: str) -> Iterator[str]:
        yield from self._length(pad)
        yield f"{pad}{into} = {tuple(schema['symbols'])!r}[n]"

    def _long(self, _: Any, into: str, pad: str) -> Iterator[str]:
        yield from self._number(pad)
        yield f"{pad}{into} = (n >> 1) ^ -(n & 1)"

    _int = _long

    def _double(self, _: Any, into: str, pad: str) -> Iterator[str]:
        yield f"{pad}{into}, = double(b, p); p += 8"

    def _float(self, _: Any, into: str, pad: str) -> Iterator[str]:
        yield f"{pad}{into}, = single(b, p); p += 4"

    def _union(self, branches: list[Any], into: str, pad: str) -> Iterator[str]:
        yield f"{pad}n = b[p]; p += 1"
        for number, branch in enumerate(branches):
            yield f"{pad}{'if' if number == 0 else 'elif'} n == {2 * number}:"
            yield from self.value(branch, into, pad + "    ")
        yield f"{pad}else: raise ValueError"

    def _record(self, schema: Any, into: str, pad: str) -> Iterator[str]:
        pairs = [(field["name"], self._new(), field["type"]) for field in schema["fields"]]
        for _, variable, kind in pairs:
            yield from self.value(kind, variable, pad)
        yield pad + into + " = {" + ", ".join(f"{n!r}: {v}" for n, v, _ in pairs) + "}"

    def _array(self, schema: Any, into: str, pad: str) -> Iterator[str]:
        item = self._new()
        reading = self.value(schema["items"], item, pad + "        ")
        yield from self._blocks(f"{into} = []", reading, f"{into}.append({item})", pad)

    def _map(self, schema: Any, into: str, pad: str) -> Iterator[str]:
        key, item = self._new(), self._new()
        inner = pad + "        "
        reading = [*self._string(None, key, inner), *self.value(schema["values"], item, inner)]
        yield from self._blocks(f"{into} = {{}}", iter(reading), f"{into}[{key}] = {item}", pad)

    def _blocks(self, empty: str, reading: Iterator[str], adding: str, pad: str) -> Iterator[str]:
        left = self._new()
        yield f"{pad}{empty}; {left}, p = block(b, p)"
        yield f"{pad}while {left}:"
        yield f"{pad}    for _ in range({left}):"
        yield from reading
        yield f"{pad}        {adding}"
        yield f"{pad}    {left}, p = block(b, p)"
