"""feedloop redact: what redaction makes of a text, for people and for programs."""

import json
import os
import secrets
import sys
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from deploy.context import DEFAULT_DATA, DataDir, not_in_environment
from deploy.local import state
from deploy.redact_lines import answer, answer_lines
from deploy.redact_view import console, show, show_candidates
from schemas.settings import RedactSettings, Secret, load_settings
from stream_jobs.redact.build import build_redactor
from stream_jobs.redact.explain import Candidate
from stream_jobs.redact.keys import MIN_KEY_BYTES
from stream_jobs.redact.redactor import Redactor
from stream_jobs.redact.spans import Span


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
    explain: Annotated[
        bool, typer.Option("--explain", help="Say which check took or refused what, and why.")
    ] = False,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Own patterns, context words, allow lists (YAML)."),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose pseudonyms; they differ by tenant.")] = "demo",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Show what redaction finds in a text, and what it makes of it.

    With --json: {"text": redacted, "spans": [{"start", "end", "type", "layer"}]} for each line,
    offsets in code points of the input. A line that is no JSON string is answered by {"error",
    "line"}, told on standard error, and makes the exit code 1. Keys, rules and model are those of
    the stack in --data or of FEEDLOOP_REDACT_…; without a key, one is made and thrown away.
    """
    if text is None and not as_json:
        raise typer.BadParameter("give a TEXT, or - for standard input, or --json")
    redactor = build_redactor(_with_key(_settings(data, rules)))
    if not as_json:
        given = sys.stdin.buffer.read() if text == "-" else os.fsencode(str(text))
        _show(redactor, given.decode(errors="replace"), tenant, explain)
    elif text is None or text == "-":
        raise typer.Exit(_filter(redactor, tenant, explain))
    else:
        redacted, spans = redactor.redact_text(text, tenant)
        print(json.dumps(answer(redacted, spans) | _more(redactor, explain, text, spans)))


def _settings(data: Path, rules: Path | None) -> RedactSettings:
    stack = state.read(data)
    overrides = None if stack is None else not_in_environment(stack.overrides, os.environ)
    found = load_settings(overrides=overrides).redact
    return found if rules is None else msgspec.structs.replace(found, rules_file=str(rules))


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
    return msgspec.structs.replace(settings, keys=Secret(f"run:{key}"))


def _filter(redactor: Redactor, tenant: str, explain: bool) -> int:
    """Answer standard input; return the exit code. A reader that has gone ends it quietly."""
    try:
        failed = answer_lines(
            lambda texts: redactor.redact_texts(texts, tenant),
            lambda text, spans: _more(redactor, explain, text, spans),
            sys.stdin.buffer,
            sys.stdout,
        )
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing left to flush to
        return 1
    return int(failed > 0)


def _more(redactor: Redactor, explain: bool, text: str, spans: Sequence[Span]) -> dict[str, Any]:
    if not explain:
        return {}
    return {"explain": [asdict(one) for one in _explained(redactor, text, spans)]}


def _explained(redactor: Redactor, text: str, spans: Sequence[Span]) -> list[Candidate]:
    """Return what every check looked at, and what the names model took."""
    names = [
        Candidate(
            s.start, s.end, s.type, s.layer, "names", True, "the names model takes it for one"
        )
        for s in spans
        if s.layer == "names"
    ]
    return sorted([*redactor.explain(text), *names])


def _show(redactor: Redactor, text: str, tenant: str, explain: bool) -> None:
    out = console()
    redacted, spans = redactor.redact_text(text, tenant)
    show(out, text, redacted, spans)
    if explain:
        show_candidates(out, text, _explained(redactor, text, spans))
