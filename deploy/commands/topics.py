"""feedloop topics apply | list: the Kafka topics as they should be, and as they are."""

from collections.abc import Iterable
from typing import Final

import msgspec
import typer

from deploy.context import DEFAULT_DATA, AsJson, DataDir, settings_for
from deploy.tables import print_table
from deploy.topic_plan import Step
from deploy.topics import apply_topics, list_topics

_HOUR_MS: Final = 3_600_000


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    topics = typer.Typer(no_args_is_help=True, help="Create and check the Kafka topics.")
    topics.command("apply")(apply)
    topics.command("list")(show)
    app.add_typer(topics, name="topics")


def apply(data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Create missing topics and correct their configuration; safe to run again.

    Nothing is deleted, shortened or repartitioned. Topics that are joined by partition number must
    have equal partition counts, else this fails and says how to mend it.
    """
    _print(apply_topics(settings_for(data)), as_json, "created", "corrected")


def show(data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Show each topic, and what `apply` would do; changes nothing."""
    _print(list_topics(settings_for(data)), as_json, "missing", "to correct")


def _print(steps: Iterable[Step], as_json: bool, create: str, change: str) -> None:
    states = [(s, create if s.create else change if s.changes else "as wanted") for s in steps]
    if as_json:
        rows = [
            {"topic": s.name, "partitions": s.partitions, "state": state, "notes": s.notes}
            for s, state in states
        ]
        print(msgspec.json.encode({"topics": rows}).decode())
        return
    columns = ("topic", "partitions", "kept", "key", "written by", "state")
    print_table(columns, [(*_columns(step), state) for step, state in states], whole=("topic",))
    for step, _ in states:
        for note in step.notes:
            print(f"{step.name}: {note}")


def _columns(step: Step) -> tuple[object, ...]:
    topic = step.topic
    kept = "compacted" if topic.compacted else f"{topic.retention_ms // _HOUR_MS} h"
    return step.name, step.partitions, kept, topic.key, topic.writer
