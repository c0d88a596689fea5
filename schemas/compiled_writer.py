"""A writer of Avro bodies for one schema, as Python source, then compiled; pure.

fastavro finds the branch of a union by trying each, 30 µs and more for a record with optional
fields; here the value's type says it. It writes exactly what fastavro writes or raises: on any
exception the caller writes again with fastavro, which takes other forms of values too, and whose
word on what doesn't fit counts.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

from schemas.compiled_lines import Lines, NotCompilable

Writer = Callable[[dict[str, Any]], bytes]
"""Returns the body of a record. Raises any Exception if it can't."""

_DOUBLE: Final = struct.Struct("<d").pack
_BITS: Final = {"int": 31, "long": 63}
_TYPES: Final = {
    "null": "type(None)",
    "boolean": "bool",
    "int": "int",
    "long": "int",
    "double": "float",
    "string": "str",
    "enum": "str",
    "array": "list",
    "map": "dict",
    "record": "dict",
}


def compiled_writer(schema: Any) -> Writer:
    """Return the writer for `schema` (parsed, a record that doesn't hold itself).

    Raises NotCompilable if the type of a value doesn't say which branch of a union it is.
    """
    lines = ["def write(v):", "    o = []; a = o.append", *_Lines().value(schema, "v", "    ")]
    lines += ["    return b''.join(o)"]
    names: dict[str, Any] = {"small": _SMALL, "varint": varint, "double": _DOUBLE}
    exec("\n".join(lines), names)  # noqa: S102 - our own schema files are its only input
    writer: Writer = names["write"]
    return writer


def varint(number: int) -> bytes:
    """Return an unsigned number, seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_SMALL: Final = tuple(varint(number) for number in range(1 << 14))
"""The numbers of at most two bytes, written: lengths and counts are nearly always among them."""


class _Lines(Lines):
    """Makes the lines that add the bytes of a variable to the list `o`, by `a`."""

    def _null(self, _: Any, of: str, pad: str) -> Iterator[str]:
        yield f"{pad}if {of} is not None: raise TypeError"

    def _boolean(self, _: Any, of: str, pad: str) -> Iterator[str]:
        yield f"{pad}if type({of}) is not bool: raise TypeError"
        yield f"{pad}a(small[{of}])"

    def _string(self, _: Any, of: str, pad: str) -> Iterator[str]:
        yield f"{pad}s = {of}.encode(); n = len(s)"
        yield f"{pad}a(small[n + n] if n < 8192 else varint(n + n)); a(s)"

    def _enum(self, schema: Any, of: str, pad: str) -> Iterator[str]:
        written = {symbol: varint(2 * at) for at, symbol in enumerate(schema["symbols"])}
        yield f"{pad}a({written!r}[{of}])"

    def _long(self, kind: Any, of: str, pad: str) -> Iterator[str]:
        kind = kind if isinstance(kind, str) else kind["type"]
        yield f"{pad}if type({of}) is not int: raise TypeError"
        yield f"{pad}if {of} >> {_BITS[kind]} not in (0, -1): raise OverflowError"
        yield f"{pad}n = {of} << 1 if {of} >= 0 else ~({of} << 1)"
        yield f"{pad}a(small[n] if n < 16384 else varint(n))"

    _int = _long

    def _double(self, _: Any, of: str, pad: str) -> Iterator[str]:
        yield f"{pad}if type({of}) not in (float, int): raise TypeError"
        yield f"{pad}a(double({of}))"

    def _union(self, branches: list[Any], of: str, pad: str) -> Iterator[str]:
        types = [_TYPES.get(self._kind(branch)[0]) for branch in branches]
        if None in types or len(set(types)) < len(types):
            raise NotCompilable("union")
        found = self._new()
        yield f"{pad}{found} = type({of})"
        for number, (kind, branch) in enumerate(zip(types, branches, strict=True)):
            also = f" or {found} is int" if kind == "float" and "int" not in types else ""
            yield f"{pad}{'if' if number == 0 else 'elif'} {found} is {kind}{also}:"
            yield f"{pad}    a(small[{2 * number}])"
            yield from self.value(branch, of, pad + "    ")
        yield f"{pad}else: raise TypeError"

    def _record(self, schema: Any, of: str, pad: str) -> Iterator[str]:
        yield f"{pad}if type({of}) is not dict: raise TypeError"
        for field in schema["fields"]:
            variable = self._new()
            name = repr(field["name"])
            got = f".get({name}, {field['default']!r})" if "default" in field else f"[{name}]"
            yield f"{pad}{variable} = {of}{got}"
            yield from self.value(field["type"], variable, pad)

    def _array(self, schema: Any, of: str, pad: str) -> Iterator[str]:
        item = self._new()
        yield from self._size("list", of, pad)
        yield f"{pad}for {item} in {of}:"
        yield from self.value(schema["items"], item, pad + "    ")
        yield f"{pad}a(small[0])"

    def _map(self, schema: Any, of: str, pad: str) -> Iterator[str]:
        key, item = self._new(), self._new()
        yield from self._size("dict", of, pad)
        yield f"{pad}for {key}, {item} in {of}.items():"
        yield from self._string(None, key, pad + "    ")
        yield from self.value(schema["values"], item, pad + "    ")
        yield f"{pad}a(small[0])"

    def _size(self, kind: str, of: str, pad: str) -> Iterator[str]:
        yield f"{pad}if type({of}) is not {kind}: raise TypeError"
        yield f"{pad}n = len({of})"
        yield f"{pad}if n: a(small[n + n] if n < 8192 else varint(n + n))"
