"""Tables for a terminal: columns that must stay whole are never cut."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

_PIPE_WIDTH: Final = 200  # when the output is not a terminal, nothing is cut for its sake


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, whole: Sequence[str] = ()
) -> None:
    """Print `rows` under `columns`; those named in `whole` are not wrapped. None shows as empty."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, no_wrap=name in whole, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, _PIPE_WIDTH))
    console.print(table, markup=False)
