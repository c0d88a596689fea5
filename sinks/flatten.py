"""Decoded records to the rows of a table, column by column; pure."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from schemas.codec import Record
from schemas.polarity import is_rated
from sinks.columns import ARRIVED, OFFSET, ORIGIN, PARTITION, TIME, Column
from sinks.tables import SIGNALS, Table

LATEST_MS: Final = 7_258_118_400_000  # 2200-01-01: past it ClickHouse's DateTime64 soon ends

Decoded = tuple[int, int, Record]
"""Offset, arrival (ms) and record."""

Cells = list[Any]


class DoesNotFitError(ValueError):
    """Some value has no place in its column (an int too long, a time out of range)."""


def rows(table: Table, partition: int, decoded: Sequence[Decoded]) -> pa.Table:
    """Return the rows of `decoded`, in its order, with all columns of `table`.

    Raises DoesNotFitError, which names the column and not the value.
    """
    cells = (_signal_cells if table is SIGNALS else _cells)(table, [d[2] for d in decoded])
    cells[PARTITION.name] = [partition] * len(decoded)
    cells[OFFSET.name] = [d[0] for d in decoded]
    cells[ARRIVED.name] = [d[1] for d in decoded]
    arrays = [_array(column, cells[column.name]) for column in table.columns]
    return pa.Table.from_arrays(arrays, schema=table.arrow)


def _array(column: Column, values: Cells) -> pa.Array:
    try:
        if pa.types.is_map(column.arrow):
            values = [list(value.items()) for value in values]
        array = pa.array(values, column.arrow)
    except (pa.ArrowException, OverflowError, TypeError, ValueError, AttributeError) as error:
        # The text of the error may quote the value: only its type goes on.
        raise DoesNotFitError(f"{column.name}: {type(error).__name__}") from None
    if column.arrow == TIME:
        _check_times(column, array)
    return array


def _check_times(column: Column, array: pa.Array) -> None:
    bounds = pc.min_max(array.cast(pa.int64()))
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if low is not None and not 0 <= low <= high <= LATEST_MS:
        raise DoesNotFitError(f"{column.name}: not a time from 1970 to 2200")


def _cells(table: Table, records: Cells) -> dict[str, Cells]:
    found: dict[tuple[str, ...], Cells] = {(): records}
    return {c.name: _at(c.path, found) for c in table.columns if c not in ORIGIN}


def _at(path: tuple[str, ...], found: dict[tuple[str, ...], Cells]) -> Cells:
    """Return the values at `path`, one a record; remembers those on the way."""
    if path not in found:
        key = path[-1]
        parents = _at(path[:-1], found)
        found[path] = [None if parent is None else parent[key] for parent in parents]
    return found[path]


def _signal_cells(table: Table, records: Cells) -> dict[str, Cells]:
    signals = [record["signal"] for record in records]
    inferences = [record["inference"] or _NO_INFERENCE for record in records]
    parts = {"signal": signals, "inference": inferences}
    cells = {c.name: _part(c, records, parts) for c in table.columns if c.path}
    cells["signal_type"] = ["feedback" if "author" in s else "interaction" for s in signals]
    cells["rated"] = [is_rated(s["kind"], s["value"]) for s in signals]
    cells["doc_ids"] = [[doc["doc_id"] for doc in i["retrieved"]] for i in inferences]
    return cells


_NO_INFERENCE: Final[Record] = {"retrieved": ()}


def _part(column: Column, records: Cells, parts: dict[str, Cells]) -> Cells:
    """Return a column of the record itself, its signal or its inference.

    The two kinds of signal have different fields, an orphan has no inference: an absent value is
    NULL, or "" in a column that is never NULL.
    """
    key = column.path[-1]
    if len(column.path) == 1:
        return [record[key] for record in records]
    holders = parts[column.path[0]]
    if column.nullable:
        return [holder.get(key) for holder in holders]
    if column.arrow == pa.string():
        return [holder.get(key) or "" for holder in holders]
    return [holder[key] for holder in holders]


def rows_that_fit(
    table: Table,
    partition: int,
    decoded: Sequence[Decoded],
    refused: Callable[[Decoded, str], None],
) -> pa.Table:
    """Return `rows` of those records that fit; the others go to `refused` with the reason."""
    try:
        return rows(table, partition, decoded)
    except DoesNotFitError:
        good = [one for one in decoded if _fits(table, partition, one, refused)]
        return rows(table, partition, good)


def _fits(
    table: Table, partition: int, one: Decoded, refused: Callable[[Decoded, str], None]
) -> bool:
    try:
        rows(table, partition, [one])
    except DoesNotFitError as error:
        refused(one, str(error))
        return False
    return True
