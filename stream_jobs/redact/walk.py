"""A record's strings: what the plan settles at once is settled, free text is put on a list.

The list lets a batch of records be scanned, and given to a model, in one go.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from stream_jobs.redact.treatment import (
    ANY_TEXT,
    Array,
    Bytes,
    Map,
    Node,
    Record,
    Text,
    Union,
)

Settle = Callable[[str, Text], tuple[str | None, Sequence[str]]]
"""Returns what replaces a string that needs no scan, and the types of what was redacted in it."""


@dataclass(slots=True)
class Slot:
    """A free text and its place: `container[place]`; a map's key has the place that it names."""

    container: Any
    place: Any
    text: str
    is_key: bool = False
    key: str = ""  # the map key or field name that the text stands under


@dataclass(slots=True)
class Walk:
    """Goes through one record, changing it in place; afterwards `slots` wait for their texts."""

    settle: Settle
    slots: list[Slot] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _renames: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def visit(self, container: Any, place: Hashable, node: Node, key: str = "") -> None:
        """Treat `container[place]`, which stands under `key`, as `node` says."""
        value = container[place]
        if value is None or node is None:
            return
        if isinstance(node, Text):
            self._string(container, place, value, node, key)
        elif isinstance(node, Record):
            self._record(value, node)
        elif isinstance(node, Array):
            for i in range(len(value)):
                self.visit(value, i, node.items, key)
        elif isinstance(node, Map):
            self._map(value, node)
        elif isinstance(node, Bytes):
            container[place] = None if node.nullable else b"\0" * node.size
        else:
            self.visit(container, place, _branch(value, node), key)

    def finish(self, texts: list[str]) -> None:
        """Put the redacted `texts`, one for each slot and in their order, into the record."""
        for slot, text in zip(self.slots, texts, strict=True):
            if slot.is_key:
                self._rename(slot.container, slot.place, text)
            else:
                slot.container[slot.place] = text
        for mapping, names in self._renames:
            _rename_all(mapping, names)

    def _string(self, container: Any, place: Any, value: Any, node: Text, key: str) -> None:
        if not isinstance(value, str):
            return
        if node.treatment == "text":
            self.slots.append(Slot(container, place, value, key=key))
            return
        container[place], types = self.settle(value, node)
        if types:
            self.counts.update(types)

    def _record(self, value: dict[str, Any], node: Record) -> None:
        for name, child in node.nodes:
            if name in value:
                self.visit(value, name, child, name)

    def _map(self, value: dict[str, Any], node: Map) -> None:
        if node.keys.treatment == "drop":
            value.clear()
        for key in value:  # values change, keys wait for the end
            self.visit(value, key, node.values, key)
            if node.keys.treatment == "text":
                self.slots.append(Slot(value, key, key, is_key=True))
            else:
                new, types = self.settle(key, node.keys)
                self.counts.update(types)
                self._rename(value, key, new or "")

    def _rename(self, mapping: dict[str, Any], old: str, new: str) -> None:
        if self._renames and self._renames[-1][0] is mapping:
            self._renames[-1][1][old] = new
        else:
            self._renames.append((mapping, {old: new}))


def _rename_all(mapping: dict[str, Any], names: dict[str, str]) -> None:
    """Give the entries their new keys; two that become the same are told apart by a number."""
    if all(old == new for old, new in names.items()):
        return
    entries = list(mapping.items())
    mapping.clear()
    for old, value in entries:
        new, number = names.get(old, old), 1
        while new in mapping:
            number += 1
            new = f"{names.get(old, old)}#{number}"
        mapping[new] = value


def _branch(value: Any, union: Union) -> Node:
    """Return the branch that `value` belongs to; a value that fits none or two is all free text."""
    kinds: dict[type, tuple[type, ...]] = {
        str: (Text,),
        bytes: (Bytes,),
        list: (Array,),
        dict: (Record, Map),
    }
    fits: list[Node] = [b for b in union.branches if isinstance(b, kinds.get(type(value), ()))]
    if isinstance(value, dict):
        exact = [b for b in fits if isinstance(b, Record) and b.fields == value.keys()]
        fits = [*exact] or [b for b in fits if isinstance(b, Map)]
    if len(fits) == 1:
        return fits[0]
    return _all_text(value)


def _all_text(value: Any) -> Node:
    if isinstance(value, str):
        return ANY_TEXT
    if isinstance(value, list):
        return Array(Union(()))
    if isinstance(value, dict):
        return Map(ANY_TEXT, Union(()))
    return None
