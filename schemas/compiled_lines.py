"""What the makers of a reader's and a writer's source share: a walk over a parsed schema; pure."""

from collections.abc import Iterator
from itertools import count
from typing import Any


class NotCompilable(Exception):
    """The schema has a kind of value that only fastavro reads or writes."""


class Lines:
    """Finds the lines for a value: those of the method that has the name of its kind (`_long`).

    A method gets the schema, the variable that the value is or goes into, and the indentation.
    """

    def __init__(self) -> None:
        self._named: dict[str, Any] = {}
        self._numbers = count()

    def value(self, schema: Any, variable: str, pad: str) -> Iterator[str]:
        """Yield the lines of one value. Raises NotCompilable."""
        kind, schema = self._kind(schema)
        make = getattr(self, f"_{kind}", None)
        if make is None:
            raise NotCompilable(kind)
        lines: Iterator[str] = make(schema, variable, pad)
        return lines

    def _kind(self, schema: Any) -> tuple[str, Any]:
        """Return the kind of a schema, and what its name stands for."""
        if isinstance(schema, list):
            return "union", schema
        schema = self._named.get(schema, schema) if isinstance(schema, str) else schema
        if isinstance(schema, str):
            return schema, schema
        if "name" in schema:
            self._named[schema["name"]] = schema
        return schema["type"], schema

    def _new(self) -> str:
        return f"v{next(self._numbers)}"
