"""feedloop redact: what redaction makes of a text, for people and for programs."""

import json
import os
import secrets
import sys
from base64 import b64encode
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO, Final

import typer
from rich.console import Console
from rich.text import Text

from deploy.context import DEFAULT_DATA, DataDir, not_in_environment
from deploy.local import state
from deploy.tables import print_table
from schemas.settings import RedactSettings, Secret, load_settings
from stream_jobs.redact.build import build_redactor
from stream_jobs.redact.keys import MIN_KEY_BYTES
from stream_jobs.redact.labels import LABEL
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.spans import Span

CHUNK_BYTES: Final = 1 << 16
COLOURS: Final = {"secrets": "red", "patterns": "yellow", "names": "cyan", "guard": "magenta"}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("redact")(run)


def run(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="A text; - reads standard input.")
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Read one JSON string a line, answer one JSON object a line."),
    ] = False,
    tenant: Annotated[str, typer.Option(help="Whose pseudonyms; they differ by tenant.")] = "demo",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show what redaction finds in a text, and what it makes of it.

    With --json: {"text": redacted, "spans": [{"start", "end", "type", "layer"}]} for each line,
    offsets in code points of the input; a line that is no JSON string gives {"error"} and exit
    code 1. Keys and model are those of the stack in --data or of FEEDLOOP_REDACT_…; without any,
    the pseudonyms are made with a key that is thrown away.
    """
    if text is None and not as_json:
        raise typer.BadParameter("give a TEXT, or - for standard input, or --json")
    redactor = build_redactor(_with_key(_settings(data)))
    if not as_json:
        _show(redactor, sys.stdin.read() if text == "-" else str(text), tenant)
    elif text is None or text == "-":
        raise typer.Exit(_answer_lines(redactor, tenant, sys.stdin.buffer))
    else:
        print(json.dumps(_answer(*redactor.redact_text(text, tenant))))


def _settings(data: Any) -> RedactSettings:
    stack = state.read(data)
    overrides = None if stack is None else not_in_environment(stack.overrides, os.environ)
    return load_settings(overrides=overrides).redact


def _with_key(settings: RedactSettings) -> RedactSettings:
    """Return `settings`, with a key for this run alone if they have none."""
    if settings.keys or settings.keys_file:
        return settings
    print(
        "feedloop: no redaction key is set, so these pseudonyms are of this run only "
        "(FEEDLOOP_REDACT_KEYS or FEEDLOOP_REDACT_KEYS_FILE gives lasting ones)",
        file=sys.stderr,
    )
    key = b64encode(secrets.token_bytes(MIN_KEY_BYTES)).decode()
    return RedactSettings(
        keys=Secret(f"run:{key}"),
        spacy_model=settings.spacy_model,
        max_text_chars=settings.max_text_chars,
    )


def _answer_lines(redactor: Redactor, tenant: str, source: BinaryIO) -> int:
    """Answer each line of `source`; return 1 if any was no JSON string, else 0."""
    failed = 0
    for lines in _ready_lines(source):
        texts = [_text_of(line) for line in lines]
        good = [text for text in texts if text is not None]
        results = iter(redactor.redact_texts(good, tenant))
        for text in texts:
            failed |= text is None
            known = {"error": "not a JSON string"} if text is None else _answer(*next(results))
            print(json.dumps(known))
        sys.stdout.flush()
    return int(failed)


def _ready_lines(source: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the lines of `source` as they come: a caller may wait for each answer."""
    rest = b""
    while chunk := os.read(source.fileno(), CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _text_of(line: bytes) -> str | None:
    try:
        value = json.loads(line)
    except ValueError:  # UnicodeDecodeError too
        return None
    return value if isinstance(value, str) else None


def _answer(redacted: str, spans: list[Span]) -> dict[str, Any]:
    return {"text": redacted, "spans": [span._asdict() for span in spans]}


def _show(redactor: Redactor, text: str, tenant: str) -> None:
    redacted, spans = redactor.redact_text(text, tenant)
    console = Console()
    console.print(_coloured(redacted, spans), soft_wrap=True)
    if not spans:
        console.print("Nothing found.", style="dim")
        return
    rows = [(s.start, s.end, s.type, s.layer, text[s.start : s.end]) for s in spans]
    print_table(("start", "end", "type", "layer", "value"), rows, whole=("type", "layer"))


def _coloured(redacted: str, spans: list[Span]) -> Text:
    """Return the result with its new labels in the colours of their layers."""
    shown = Text(redacted)
    colours = {span.type: COLOURS[span.layer] for span in spans}
    for match in LABEL.finditer(redacted):
        kind = match.group()[1:-1].partition(":")[0]
        shown.stylize(f"bold {colours.get(kind, 'dim')}", *match.span())
    return shown
