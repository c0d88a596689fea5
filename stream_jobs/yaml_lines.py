"""YAML that remembers its lines: readers for each kind of value, mistakes gathered, not raised."""

from collections.abc import Iterator
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from schemas.errors import ConfigError


class Problems:
    """The mistakes of one file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lines: list[tuple[int, str]] = []

    @property
    def count(self) -> int:
        """How many there are so far."""
        return len(self._lines)

    def add(self, line: int, found: str, expected: str) -> None:
        """Note one; `line` counts from 1."""
        self._lines.append((line, f"{self.name}:{line}: {found}; expected {expected}"))

    def parse(self, text: str, expected: str) -> "Located | None":
        """Return the mapping that is the whole file; None (and a mistake) if it is none.

        `expected` says what the file should hold.
        """
        try:
            data = YAML(typ="rt").load(text)
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            self.add(mark.line + 1 if mark else 1, f"not YAML: {_brief(error)}", "valid YAML")
            return None
        if not isinstance(data, CommentedMap):
            self.add(1, "no mapping", expected)
            return None
        return Located(data, self, 1)

    def raise_if_any(self) -> None:
        """Raise ConfigError with all mistakes in the order of their lines."""
        if self._lines:
            raise ConfigError("\n".join(text for _, text in sorted(self._lines)))


def _brief(error: YAMLError) -> str:
    return str(getattr(error, "problem", None) or type(error).__name__)


class Located:
    """A mapping of the file; each reader returns a harmless value where it found a mistake."""

    def __init__(self, data: CommentedMap, problems: Problems, line: int) -> None:
        self.data = data
        self.problems = problems
        self.line = line

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[str]:
        return iter([str(key) for key in self.data])

    def wrong(self, key: str, found: str, expected: str) -> None:
        """Note a mistake at `key`, or at the mapping if it isn't there."""
        self.problems.add(self.line_of(key), f"{key}: {found}", expected)

    def line_of(self, key: str) -> int:
        """Return the line of `key`, counted from 1; that of the mapping if it isn't there."""
        position = self.data.lc.data or {}
        return int(position[key][0]) + 1 if key in position else self.line

    def only(self, known: set[str]) -> None:
        """Note every key that isn't known."""
        for key in self.data:
            if key not in known:
                self.wrong(str(key), "unknown", "one of " + ", ".join(sorted(known)))

    def text(self, key: str) -> str:
        """Return a string that must be there."""
        value = self.data.get(key)
        if not isinstance(value, str) or not value.strip():
            self.wrong(key, "missing or no text" if value is None else "no text", "a text")
            return ""
        return str(value)

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        """Return one of `known`."""
        value = self.data.get(key)
        if value not in known:
            self.wrong(key, f"{value!r}" if key in self.data else "missing", _one_of(known))
            return ""
        return str(value)

    def choices(
        self, key: str, known: tuple[str, ...], default: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return a list of distinct values of `known`."""
        value = self.data.get(key, list(default))
        if not isinstance(value, list) or len(set(map(str, value))) != len(value):
            self.wrong(key, "no list of distinct values", f"some of {', '.join(known)}")
            return default
        for one in value:
            if one not in known:
                self.wrong(key, f"{one!r}", _one_of(known))
        return tuple(str(one) for one in value)

    def number(self, key: str, default: float, least: float) -> float:
        """Return a number of at least `least`."""
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
            self.wrong(key, f"{value!r}", f"a number of at least {least}")
            return default
        return float(value)

    def texts(self, key: str) -> list[tuple[int, str]]:
        """Return the texts in the list under `key`, each with its line; empty if it isn't there."""
        value = self.data.get(key, CommentedSeq())
        if not isinstance(value, CommentedSeq):
            self.wrong(key, "no list", "a list of texts")
            return []
        found = []
        for index, one in enumerate(value):
            line = int(value.lc.data[index][0]) + 1
            if isinstance(one, str) and one.strip():
                found.append((line, str(one)))
            else:
                self.problems.add(line, f"{key}: {one!r}", "a text (in quotes, if it is a number)")
        return found

    def strings(self, key: str) -> dict[str, str]:
        """Return a mapping as texts; empty if it isn't there."""
        inner = self.mapping(key) if key in self.data else None
        return {} if inner is None else {name: str(inner.data[name]) for name in inner}

    def mapping(self, key: str) -> "Located | None":
        """Return the mapping under `key`."""
        value = self.data.get(key)
        if not isinstance(value, CommentedMap):
            self.wrong(key, "missing" if value is None else "no mapping", "a mapping")
            return None
        return Located(value, self.problems, self.line_of(key))

    def items(self, key: str) -> list["Located"]:
        """Return the mappings in the list under `key`."""
        value = self.data.get(key)
        if not isinstance(value, CommentedSeq) or not value:
            self.wrong(key, "missing, empty or no list", "a list of mappings")
            return []
        found = []
        for index, one in enumerate(value):
            line = int(value.lc.data[index][0]) + 1
            if isinstance(one, CommentedMap):
                found.append(Located(one, self.problems, line))
            else:
                self.problems.add(line, f"{key}: no mapping", "a mapping")
        return found

    def struct(self, kind: type[Any], without: tuple[str, ...]) -> Any | None:
        """Return this mapping as a struct; None (and a mistake per wrong value) if it isn't.

        Keys in `without` are left alone: they are no fields, or no numbers.
        """
        fields = {f.name: f for f in msgspec.structs.fields(kind) if f.name not in without}
        before = self.problems.count
        self.only({*fields, *without})
        values: dict[str, Any] = {}
        for name, field in fields.items():
            if name in self.data:
                values[name] = self._positive(name, field.type)
            elif field.required:
                self.wrong(name, "missing", "a number")
        return kind(**values) if self.problems.count == before else None

    def _positive(self, name: str, kind: Any) -> Any:
        value = self.data[name]
        if isinstance(value, float):
            value = float(value)  # a subclass that remembers how it was written
        try:
            number = msgspec.convert(value, kind)
        except msgspec.ValidationError:
            number = None
        if number is None or isinstance(value, bool) or number <= 0:
            whole = "a whole number" if kind is int else "a number"
            self.wrong(name, f"{value!r}", f"{whole} above 0")
            return 1
        return number


def _one_of(known: tuple[str, ...]) -> str:
    return "one of " + ", ".join(known)
