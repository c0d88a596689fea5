"""Columns of a table, derived from an Avro schema: name, place in the record, types; pure.

A nested record becomes columns named `<field>_<its field>` (a `sums` just its fields), a map a
map, an array an array, an enum a string. `_partition`, `_offset` and `_arrived_at` are no fields:
they say where on Kafka a row comes from and when the broker got it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from schemas.catalog import NAMESPACE, definition

TIME: Final = pa.timestamp("ms", tz="UTC")

INLINE: Final = frozenset(("sums",))
"""Nested records whose fields keep their own names."""

FEW_VALUES: Final = frozenset(
    (
        "tenant_id",
        "model_version",
        "prompt_version",
        "new_model_version",
        "new_prompt_version",
        "segment",
        "language",
        "prompt_topic",
        "source",
        "rule",
        "by",
        "stage",
        "topic",
        "evidence_metric",
    )
)
"""String columns with few distinct values: ClickHouse keeps these as dictionaries."""

_ENUM: Final = "LowCardinality(String)"
_SIMPLE: Final = {
    "string": (pa.string(), "String"),
    "int": (pa.int32(), "Int32"),
    "long": (pa.int64(), "Int64"),
    "float": (pa.float32(), "Float32"),
    "double": (pa.float64(), "Float64"),
    "boolean": (pa.bool_(), "Bool"),
}


@dataclass(frozen=True)
class Column:
    """One column. `path` leads to its value in the record; empty: it is made by the table."""

    name: str
    arrow: pa.DataType
    clickhouse: str
    nullable: bool = False
    path: tuple[str, ...] = ()


PARTITION: Final = Column("_partition", pa.int32(), "Int32")
OFFSET: Final = Column("_offset", pa.int64(), "Int64")
ARRIVED: Final = Column("_arrived_at", TIME, "DateTime64(3, 'UTC')")
ORIGIN: Final = (PARTITION, OFFSET, ARRIVED)
"""Where a row comes from; the last columns of every table."""


def of_record(name: str) -> tuple[Column, ...]:
    """Return the columns of record `name`, without ORIGIN."""
    named: dict[str, Any] = {}
    return tuple(_fields(definition(name), (), "", named))


def _fields(
    record: dict[str, Any],
    path: tuple[str, ...],
    prefix: str,
    named: dict[str, Any],
    *,
    absent: bool = False,
) -> Iterator[Column]:
    """Yield the columns of `record`; `absent`: it may be null, then all of its columns are."""
    for field in record["fields"]:
        name, place = field["name"], (*path, field["name"])
        schema, nullable = _resolve(field["type"], named)
        nullable = nullable or absent
        if isinstance(schema, dict) and schema["type"] == "record":
            inner = prefix if name in INLINE else f"{prefix}{name}_"
            yield from _fields(schema, place, inner, named, absent=nullable)
        else:
            arrow, clickhouse = _types(schema, prefix + name, named)
            yield column(prefix + name, arrow, clickhouse, nullable=nullable, path=place)


def column(
    name: str, arrow: pa.DataType, clickhouse: str, *, nullable: bool, path: tuple[str, ...] = ()
) -> Column:
    """Return the column with ClickHouse's spelling of "nullable" and "few values"."""
    few = (name in FEW_VALUES and clickhouse == "String") or clickhouse == _ENUM
    clickhouse = "String" if clickhouse == _ENUM else clickhouse
    kind = f"Nullable({clickhouse})" if nullable else clickhouse
    return Column(name, arrow, f"LowCardinality({kind})" if few else kind, nullable, path)


def _resolve(schema: Any, named: dict[str, Any]) -> tuple[Any, bool]:
    """Return the schema behind a name or an optional, and whether it may be null."""
    nullable = isinstance(schema, list)
    if nullable:
        schema = next(branch for branch in schema if branch != "null")
    if isinstance(schema, str):
        schema = named.get(schema.removeprefix(NAMESPACE), schema)
    elif "name" in schema:
        named[schema["name"]] = schema
    return schema, nullable


def _types(schema: Any, name: str, named: dict[str, Any]) -> tuple[pa.DataType, str]:
    if isinstance(schema, str):
        found: tuple[pa.DataType, str] = _SIMPLE[schema]
        return found
    if schema.get("logicalType") == "timestamp-millis":
        return TIME, "DateTime64(3, 'UTC')"
    if schema["type"] == "enum":
        return pa.string(), _ENUM
    if schema["type"] == "map":
        arrow, clickhouse = _types(schema["values"], name, named)
        return pa.map_(pa.string(), arrow), f"Map(String, {clickhouse})"
    if schema["type"] == "array":
        arrow, clickhouse = _element(schema["items"], name, named)
        return pa.list_(arrow), f"Array({clickhouse})"
    raise AssertionError(f"column {name}: no column type for Avro type {schema['type']}")


def _element(schema: Any, name: str, named: dict[str, Any]) -> tuple[pa.DataType, str]:
    schema, nullable = _resolve(schema, named)
    if isinstance(schema, dict) and schema["type"] == "record":
        parts = list(_fields(schema, (), "", named))
        arrow = pa.struct([pa.field(part.name, part.arrow, part.nullable) for part in parts])
        inner = ", ".join(f"{part.name} {_plain(part.clickhouse)}" for part in parts)
        return arrow, f"Tuple({inner})"
    arrow, clickhouse = _types(schema, name, named)
    return arrow, f"Nullable({clickhouse})" if nullable else clickhouse


def _plain(clickhouse: str) -> str:
    """Return the type without its dictionary, which gains nothing inside an array."""
    if clickhouse.startswith("LowCardinality("):
        return clickhouse[len("LowCardinality(") : -1]
    return clickhouse
