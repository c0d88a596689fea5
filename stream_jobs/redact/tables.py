"""Tables inside texts: the header cell above a value, in Markdown, CSV, tab-separated and HTML.

A table is a block of lines with the same number of the same delimiter, or the rows of an HTML
`<table>`; its first row is the header if its cells look like names of columns.
"""

import re
from bisect import bisect_right
from functools import lru_cache
from typing import Final, NamedTuple

DELIMITERS: Final = "|\t;,"
MAX_HEADER_CHARACTERS: Final = 40

_RULE: Final = re.compile(r"[\s|:+=-]+")
_HEADER_CELL: Final = re.compile(r"[^\W\d][^\n\d]{0,39}")
_ROW_PARTS: Final = re.compile(r"(?i)<(?P<tag>table|tr|th|td)\b[^<>]{0,200}>")


class Cell(NamedTuple):
    """A cell that starts at `start`, and the header above it (empty: there is none)."""

    start: int
    header: str


def header_of(text: str, at: int) -> str:
    """Return the header of the table cell that `text[at]` lies in, or nothing."""
    if "\n" not in text and "<" not in text:
        return ""
    cells = _cells(text)
    place = bisect_right(cells, at, key=lambda cell: cell.start) - 1
    return cells[place].header if place >= 0 else ""


@lru_cache(maxsize=2)
def _cells(text: str) -> tuple[Cell, ...]:
    """Return every place in `text` at which the header above changes, in order."""
    cells = _html_cells(text) if "<t" in text.lower() else []
    if "\n" in text:
        cells += _line_cells(text)
    return tuple(sorted(cells))


def _line_cells(text: str) -> list[Cell]:
    cells: list[Cell] = []
    header: list[str] = []
    before: tuple[str, int] | None = None
    start = 0
    for line in text.split("\n"):
        kind = _kind(line)
        if kind is None or kind != before:
            header = _header(line, kind) if kind else []
            before = kind
            if cells and cells[-1].header:
                cells.append(Cell(start, ""))
        elif header and not _RULE.fullmatch(line):
            at = start
            for cell, name in zip(_split(line, kind[0]), header, strict=False):
                cells.append(Cell(at, name))
                at += len(cell) + 1
        start += len(line) + 1
    return cells


def _kind(line: str) -> tuple[str, int] | None:
    """Return the delimiter of `line` and how often it has it."""
    for delimiter in DELIMITERS:
        if delimiter in line:
            return delimiter, len(_split(line, delimiter)) - 1
    return None


def _split(line: str, delimiter: str) -> list[str]:
    """Return the cells of `line`; a delimiter inside double quotes divides none."""
    if '"' not in line:
        return line.split(delimiter)
    cells = [""]
    for i, part in enumerate(line.split('"')):
        pieces = [part] if i % 2 else part.split(delimiter)
        cells[-1] += ('"' if i else "") + pieces[0]
        cells.extend(pieces[1:])
    return cells


def _header(line: str, kind: tuple[str, int]) -> list[str]:
    """Return the names of the columns, or nothing if `line` doesn't look like a header."""
    names = [cell.strip(" \"'*`\r") for cell in _split(line, kind[0])]
    inner = names[1:-1] if kind[0] == "|" and not names[0] and not names[-1] else names
    if all(len(n) <= MAX_HEADER_CHARACTERS and _HEADER_CELL.fullmatch(n) for n in inner if n):
        return names
    return []


def _html_cells(text: str) -> list[Cell]:
    cells: list[Cell] = []
    header: list[str] = []
    column = 0
    for match in _ROW_PARTS.finditer(text):
        tag = match.group("tag").lower()
        if tag == "table":
            header, column = [], 0
        elif tag == "tr":
            column = 0
        elif tag == "th":
            header = [] if column == 0 else header
            end = text.find("<", match.end(), match.end() + 2 * MAX_HEADER_CHARACTERS)
            header.append(text[match.end() : end] if end >= 0 else "")
            column += 1
        else:
            name = header[column] if column < len(header) else ""
            cells.append(Cell(match.end(), name))
            column += 1
    if cells:
        end = text.lower().rfind("</t")
        cells.append(Cell(max(end, cells[-1].start), ""))
    return cells
