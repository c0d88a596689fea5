"""What to do with every string of a record, read from its writer's schema.

The schema may be any version, and may hold fields that nobody here has heard of: what does not
say how it is to be treated is treated as free text, and bytes without a word are dropped.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from schemas.errors import ConfigError

Treatment = Literal["text", "pseudonym", "keep", "drop"]

ATTRIBUTE: Final = "redact"
TREATMENTS: Final[Mapping[str, Treatment]] = {
    "text": "text",
    "pseudonym": "pseudonym",
    "keep": "keep",
    "drop": "drop",
}


@dataclass(frozen=True, slots=True)
class Text:
    """A string: its treatment, the type of its pseudonym, and whether null may stand there."""

    treatment: Treatment
    kind: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes that nobody vouches for: null if they may be, else as many zero bytes as they need."""

    size: int
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Array:
    """An array; `items` is None if they hold nothing to treat."""

    items: "Node"


@dataclass(frozen=True, slots=True)
class Map:
    """A map; its keys are strings too."""

    keys: Text
    values: "Node"


@dataclass(slots=True)
class Record:
    """A record: its field names and the nodes of those that hold something to treat."""

    fields: frozenset[str]
    nodes: list[tuple[str, "Node"]] = field(default_factory=list)  # filled late: may recurse


@dataclass(frozen=True, slots=True)
class Union:
    """One of several; the Python type of the value, then its field names, say which."""

    branches: tuple["Node", ...]


Node = Text | Bytes | Array | Map | Record | Union | None

ANY_TEXT: Final = Text("text", "VALUE")


@dataclass(frozen=True, slots=True)
class Plan:
    """The treatments of one schema; made once per schema id."""

    root: Node

    def texts(self) -> Iterator[tuple[str, Text]]:
        """Yield the path and the treatment of every string, for people and tests."""
        yield from _texts(self.root, "", set())


def compile_plan(schema_json: Any) -> Plan:
    """Return the plan for a writer's schema: an Avro schema as JSON text or as parsed JSON.

    Raises ConfigError if it is not an Avro schema.
    """
    try:
        schema = json.loads(schema_json) if _is_json_text(schema_json) else schema_json
        return Plan(_Compiler().node(schema, "", None, nullable=False))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"not an Avro schema that redaction can follow ({type(error).__name__}); "
            "register a valid record schema for this topic"
        ) from error


def _is_json_text(schema: Any) -> bool:
    return isinstance(schema, str) and schema.lstrip()[:1] in ("{", "[", '"')


class _Compiler:
    def __init__(self) -> None:
        self._named: dict[str, Node] = {}  # by full name
        self._namespace = ""  # of the record we are in

    def node(self, schema: Any, name: str, told: Treatment | None, *, nullable: bool) -> Node:
        """Return the node for `schema`, in the field `name` whose attribute says `told`."""
        if isinstance(schema, list):
            return self._union(schema, name, told, nullable=nullable)
        if isinstance(schema, str):
            return self._plain(schema, name, told, nullable=nullable)
        told = _told(schema, told)
        kind = schema["type"]
        if kind in ("record", "error"):
            return self._record(schema)
        if kind in ("array", "map"):
            return self._collection(schema, name, told)
        if kind in ("enum", "fixed"):
            return self._name(schema, _fixed(schema, told, nullable=nullable))
        vouched = kind == "bytes" and _vouched(schema, told)
        return None if vouched else self.node(kind, name, told, nullable=nullable)

    def _collection(self, schema: dict[str, Any], name: str, told: Treatment | None) -> Node:
        if schema["type"] == "array":
            items = self.node(schema["items"], name, told, nullable=False)
            return None if items is None else Array(items)
        keys = Text(told or "text", _kind(name))
        return Map(keys, self.node(schema["values"], name, told, nullable=False))

    def _plain(self, kind: str, name: str, told: Treatment | None, *, nullable: bool) -> Node:
        if kind == "string":
            return Text(told or "text", _kind(name), nullable)
        if kind == "bytes":
            return None if told == "keep" else Bytes(0, nullable)
        if kind in ("null", "boolean", "int", "long", "float", "double"):
            return None
        return self._named[self._full(kind)]

    def _union(
        self, schema: list[Any], name: str, told: Treatment | None, *, nullable: bool
    ) -> Node:
        nullable = nullable or "null" in schema
        branches = [self.node(branch, name, told, nullable=nullable) for branch in schema]
        known = tuple(branch for branch in branches if branch is not None)
        if len(known) < 2:
            return known[0] if known else None
        return Union(known)

    def _record(self, schema: dict[str, Any]) -> Record:
        record = Record(frozenset(f["name"] for f in schema["fields"]))
        self._name(schema, record)
        outer, self._namespace = self._namespace, self._full_of(schema).rpartition(".")[0]
        for f in schema["fields"]:
            node = self.node(f["type"], f["name"], _told(f, None), nullable=False)
            if node is not None:
                record.nodes.append((f["name"], node))
        self._namespace = outer
        return record

    def _name(self, schema: dict[str, Any], node: Node) -> Node:
        self._named[self._full_of(schema)] = node
        return node

    def _full_of(self, schema: dict[str, Any]) -> str:
        name: str = schema["name"]
        space = schema.get("namespace", self._namespace)
        return f"{space}.{name}" if space and "." not in name else name

    def _full(self, name: str) -> str:
        return f"{self._namespace}.{name}" if self._namespace and "." not in name else name


def _told(schema: Mapping[str, Any], inherited: Treatment | None) -> Treatment | None:
    """Return what the attribute says; a word we don't know asks for more than we can: drop."""
    if ATTRIBUTE not in schema:
        return inherited
    return TREATMENTS.get(schema[ATTRIBUTE], "drop")


def _fixed(schema: Mapping[str, Any], told: Treatment | None, *, nullable: bool) -> Node:
    if schema["type"] == "enum" or _vouched(schema, told):
        return None
    return Bytes(int(schema["size"]), nullable)


def _vouched(schema: Mapping[str, Any], told: Treatment | None) -> bool:
    return told == "keep" or schema.get("logicalType") in ("decimal", "duration")


def _kind(name: str) -> str:
    """Return the type of the pseudonyms of a field: user_id gives USER_ID."""
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()[:40]
    return plain if len(plain) > 1 and plain[0].isalpha() else "VALUE"


def _texts(node: Node, path: str, seen: set[int]) -> Iterator[tuple[str, Text]]:
    if isinstance(node, Text):
        yield path, node
    elif isinstance(node, Array):
        yield from _texts(node.items, f"{path}[]", seen)
    elif isinstance(node, Map):
        yield f"{path}{{key}}", node.keys
        yield from _texts(node.values, f"{path}{{}}", seen)
    elif isinstance(node, Union):
        for branch in node.branches:
            yield from _texts(branch, path, seen)
    elif isinstance(node, Record) and id(node) not in seen:
        seen.add(id(node))
        for name, child in node.nodes:
            yield from _texts(child, f"{path}.{name}" if path else name, seen)
