"""Whether two versions of a record can read each other (FULL compatibility), with no registry.

House rules, each a reason why one version can't read what the other wrote:
- a field that only one version has needs a default;
- a type never changes (string and bytes apart, which Avro reads as each other), nor its unit;
- a named type (record, enum, fixed) keeps its name, a fixed its size;
- an enum symbol that only one version has needs a default in the other;
- a union keeps its branches.
The order of fields is free. `breaks` says all that is wrong at once, each with the way to mend it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

Schema = Any
_PRIMITIVES: Final = frozenset(
    ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
)
_SAME_BYTES: Final = frozenset(("string", "bytes"))


@dataclass(frozen=True)
class Break:
    """One reason why a change is refused: `where` is `Record.field`, `mend` the next step."""

    where: str
    problem: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}; {self.mend}"


def breaks(old: Schema, new: Schema) -> list[Break]:
    """Return why `old` and `new` (self-contained schemas, JSON) can't read each other, if so."""
    return list(dict.fromkeys(_Comparison(old, new).compare(old, new, "")))


class _Comparison:
    """One walk through both versions; remembers named types and where it has been."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = dict(_named(old))
        self._new = dict(_named(new))
        self._seen: set[tuple[str, str]] = set()

    def compare(self, old: Schema, new: Schema, where: str) -> Iterator[Break]:
        old, new = self._resolve(old, self._old), self._resolve(new, self._new)
        kinds = (_kind(old), _kind(new))
        if kinds[0] != kinds[1]:
            if set(kinds) != _SAME_BYTES:
                yield _retyped(where, _show(old), _show(new))
        elif kinds[0] == "union":
            yield from self._union(old, new, where)
        elif kinds[0] in ("record", "enum", "fixed"):
            yield from self._named_type(old, new, where)
        elif kinds[0] in ("array", "map"):
            inner = "items" if kinds[0] == "array" else "values"
            yield from self.compare(old[inner], new[inner], where)
        if _unit(old) != _unit(new) and kinds[0] == kinds[1]:
            yield _retyped(where, _unit(old) or "plain", _unit(new) or "plain")

    def _resolve(self, schema: Schema, named: dict[str, Schema]) -> Schema:
        if isinstance(schema, str) and schema not in _PRIMITIVES:
            return named[_short(schema)]
        return schema

    def _union(self, old: Schema, new: Schema, where: str) -> Iterator[Break]:
        before = {self._branch(b, self._old): b for b in old}
        after = {self._branch(b, self._new): b for b in new}
        for name in [*before, *(n for n in after if n not in before)]:
            if name in before and name in after:
                yield from self.compare(before[name], after[name], where)
            else:
                gone = name in before
                yield Break(
                    where,
                    f"branch {name} was {'removed from' if gone else 'added to'} the union",
                    "put it back" if gone else "add a new field with a default instead",
                )

    def _branch(self, schema: Schema, named: dict[str, Schema]) -> str:
        resolved = self._resolve(schema, named)
        kind = _kind(resolved)
        return _short(resolved["name"]) if kind in ("record", "enum", "fixed") else kind

    def _named_type(self, old: Schema, new: Schema, where: str) -> Iterator[Break]:
        names = (_short(old["name"]), _short(new["name"]))
        if names[0] != names[1]:
            yield Break(
                where or names[0],
                f"{old['type']} {names[0]} was renamed to {names[1]}",
                "keep the name: readers find a type by it",
            )
            return
        if names in self._seen:
            return
        self._seen.add(names)
        if old["type"] == "record":
            yield from self._record(old, new, names[0])
        elif old["type"] == "enum":
            yield from _enum(old, new, names[0])
        elif old["size"] != new["size"]:
            yield _retyped(where, f"fixed {old['size']}", f"fixed {new['size']}")

    def _record(self, old: Schema, new: Schema, name: str) -> Iterator[Break]:
        before = {field["name"]: field for field in old["fields"]}
        after = {field["name"]: field for field in new["fields"]}
        for field in [*before, *(f for f in after if f not in before)]:
            where = f"{name}.{field}"
            if field in before and field in after:
                yield from self.compare(before[field]["type"], after[field]["type"], where)
            elif field in before and "default" not in before[field]:
                yield Break(
                    where,
                    "the field was removed or renamed and had no default",
                    "put it back: older readers can't do without it (a new name is a new field)",
                )
            elif field in after and "default" not in after[field]:
                yield Break(
                    where,
                    "the field was added without a default",
                    'give it one, e.g. "type": ["null", …], "default": null',
                )


def _enum(old: Schema, new: Schema, name: str) -> Iterator[Break]:
    for symbol in [s for s in old["symbols"] if s not in new["symbols"]]:
        if "default" not in new:
            yield Break(
                f"{name}.{symbol}",
                "the symbol was removed and the enum has no default",
                'put it back, or give the enum a default ("default": "unknown")',
            )
    for symbol in [s for s in new["symbols"] if s not in old["symbols"]]:
        if "default" not in old:
            yield Break(
                f"{name}.{symbol}",
                "the symbol was added and the released enum has no default",
                "leave it out: older readers can't read it",
            )


def _named(schema: Schema) -> Iterator[tuple[str, Schema]]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _named(branch)
    elif isinstance(schema, dict):
        if schema["type"] in ("record", "enum", "fixed"):
            yield _short(schema["name"]), schema
        for part in [f["type"] for f in schema.get("fields", ())]:
            yield from _named(part)
        for inner in ("items", "values"):
            if inner in schema:
                yield from _named(schema[inner])


def _kind(schema: Schema) -> str:
    if isinstance(schema, list):
        return "union"
    return str(schema["type"]) if isinstance(schema, dict) else str(schema)


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _unit(schema: Schema) -> str:
    return str(schema.get("logicalType", "")) if isinstance(schema, dict) else ""


def _show(schema: Schema) -> str:
    if isinstance(schema, list):
        return "union of " + ", ".join(map(_show, schema))
    return _kind(schema)


def _retyped(where: str, old: str, new: str) -> Break:
    return Break(
        where, f"the type changed from {old} to {new}", "change it back and add a new field"
    )
