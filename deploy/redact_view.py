"""What redaction makes of one text, for people: the result in colour, each find, each check."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stream_jobs.redact.explain import Candidate
from stream_jobs.redact.labels import label_pattern
from stream_jobs.redact.spans import Span

COLOURS: Final = {"secrets": "red", "patterns": "yellow", "names": "cyan", "guard": "magenta"}
"""The colour of each layer."""

_PIPE_WIDTH: Final = 200  # when the output is not a terminal, nothing is cut for its sake
_LONGEST: Final = 60  # characters of a value that a table shows


def console() -> Console:
    """Return where people read."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def show(out: Console, text: str, redacted: str, spans: Sequence[Span]) -> None:
    """Print the text with its finds marked, the result, and a table of the finds."""
    if not spans:
        out.print(Text(redacted), soft_wrap=True)
        out.print("Nothing found.", style="dim")
        return
    out.print(_marked(text, spans), soft_wrap=True)
    out.print(_result(redacted, spans), soft_wrap=True)
    table = _table("start", "end", "type", "layer", "value")
    for span in spans:
        value = _short(text[span.start : span.end])
        table.add_row(
            str(span.start), str(span.end), span.type, span.layer, value, style=COLOURS[span.layer]
        )
    out.print(table)


def show_candidates(out: Console, text: str, candidates: Sequence[Candidate]) -> None:
    """Print what was looked at, which check judged it, and why it was taken or refused."""
    if not candidates:
        out.print("No check had anything to look at.", style="dim")
        return
    table = _table("", "start", "end", "type", "check", "because", "value")
    for one in candidates:
        table.add_row(
            "taken" if one.accepted else "refused",
            *(str(one.start), str(one.end), one.type, one.check, one.reason),
            _short(text[one.start : one.end]),
            style=COLOURS[one.layer] if one.accepted else "dim",
        )
    out.print(table)


def _marked(text: str, spans: Sequence[Span]) -> Text:
    shown = Text(text)
    for span in spans:
        shown.stylize(f"{COLOURS[span.layer]} underline", span.start, span.end)
    return shown


def _result(redacted: str, spans: Sequence[Span]) -> Text:
    """Return the result with its labels in the colours of their layers."""
    shown = Text(redacted)
    colours = {span.type: COLOURS[span.layer] for span in spans}
    for match in label_pattern(frozenset(colours)).finditer(redacted):
        kind = match.group()[1:-1].partition(":")[0]
        shown.stylize(f"bold {colours.get(kind, 'dim')}", *match.span())
    return shown


def _short(value: str) -> Text:
    return Text(value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…")


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name in ("type", "check"))
    return table
