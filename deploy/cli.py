"""The feedloop command: each subcommand lives in deploy/commands and is loaded when asked for."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import typer

from schemas.errors import FeedloopError

COMMANDS: Final = {
    "up": "Start Kafka, the registry, ClickHouse and every stage on this machine.",
    "down": "Stop what `up` started; all data stays.",
    "status": "Show each part, its address, lag and commit age.",
    "send": "Send events from a file, one JSON object a line.",
    "simulate": "Make seeded product traffic with known answers.",
    "drain": "Wait until all that was accepted is in both stores.",
    "query": "Ask ClickHouse a question in SQL.",
    "search": "Find prompts, comments and corrections by what they are about.",
    "rules": "Check rules, and try them on what was counted before.",
    "reference": "Take and compare what drift is measured against.",
    "actions": "Show the action events, or follow them.",
    "embed": "Fit the model that says what prompts are about.",
    "redact": "Show what redaction finds in a text and what it makes of it.",
    "replay": "Send dead letters again, read from their source.",
    "recover": "Show why a stage or sink can't go on; go on without what is lost.",
    "demo": "See the whole loop at work in a few minutes.",
    "worker": "Run one stage or sink in this process.",
    "topics": "Create and check the Kafka topics.",
    "schemas": "Register and check the Avro schemas.",
    "config": "Show every setting, its value and where it comes from.",
}
"""Each command and the line that the overview shows for it, in the order of first use."""

ABOUT: Final = (
    "Feedback on AI answers, joined, redacted, counted and acted on. "
    "First steps: feedloop up --detach, then feedloop demo or feedloop send FILE."
)
INTERRUPTED: Final = 130  # what a shell reports for a program ended by Ctrl-C


def build(argv: Sequence[str]) -> typer.Typer:
    """Return the command line with the command that `argv` names, or an overview of all."""
    app = typer.Typer(
        help=ABOUT,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=ABOUT)(_root)
    if argv and argv[0] in COMMANDS:
        import_module(f"deploy.commands.{argv[0]}").register(app)
    else:
        for name, line in COMMANDS.items():
            app.command(name, help=line)(_root)
    return app


def _root() -> None:
    """Do nothing: the overview only names its commands."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed with a message, 2 wrong usage, 130 Ctrl-C."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        build(args)(args=args, prog_name="feedloop")
    except FeedloopError as error:
        print(f"feedloop: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
