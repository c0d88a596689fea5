"""The table of settings in docs/operations.md, made from schemas/settings.py.

`python -m deploy.operations_table` puts it there; a test compares the two.
"""

import inspect
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.settings import ENV_PREFIX, SECTIONS, Secret

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "operations.md"
_MARKED: Final = re.compile(r"(<!-- settings -->\n).*(<!-- end of settings -->)", re.DOTALL)


def table() -> str:
    """Return one Markdown table per section: variable, default, meaning."""
    return "\n\n".join(_section(name, kind) for name, kind in SECTIONS.items())


def _section(name: str, kind: type[msgspec.Struct]) -> str:
    notes = _notes(kind)
    title = (inspect.getdoc(kind) or "").rstrip(".")
    rows = [
        f"| `{ENV_PREFIX}{name.upper()}_{field.name.upper()}` | {_default(field.default)} "
        f"| {notes.get(field.name, '')} |"
        for field in msgspec.structs.fields(kind)
    ]
    head = f"### `[{name}]` {title}\n\n| variable | default | meaning |\n|---|---|---|\n"
    return head + "\n".join(rows)


def _notes(kind: type[msgspec.Struct]) -> dict[str, str]:
    # The comment behind a setting is its documentation: one place to keep up to date.
    source = inspect.getsource(kind)
    return dict(re.findall(r"^    (\w+): .*?  # (.*)$", source, re.MULTILINE))


def _default(value: Any) -> str:
    if isinstance(value, Secret):
        return "(secret)"
    return f"`{value}`" if value != "" else ""


if __name__ == "__main__":
    text = DOCUMENT.read_text()
    DOCUMENT.write_text(_MARKED.sub(lambda marks: f"{marks[1]}{table()}\n{marks[2]}", text))
