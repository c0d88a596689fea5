"""feedloop schemas check | register | list | release: the Avro schemas and the registry."""

import sys

import msgspec
import typer

from deploy import compatibility
from deploy.context import DEFAULT_DATA, AsJson, DataDir, settings_for
from deploy.tables import print_table
from schemas.catalog import FILES
from schemas.registry import Registry
from schemas.topics import TOPICS


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    schemas = typer.Typer(no_args_is_help=True, help="Register and check the Avro schemas.")
    schemas.command("check")(check)
    schemas.command("register")(register_all)
    schemas.command("list")(show)
    schemas.command("release")(release)
    app.add_typer(schemas, name="schemas")


def check() -> None:
    """Compare the schemas with every released version; needs no registry, no stack.

    Exit code 1 if an old reader couldn't read new records or a new reader old ones; each line
    names the record and field and says how to mend it.
    """
    problems = compatibility.check()
    for line in problems:
        print(line, file=sys.stderr)
    if problems:
        raise typer.Exit(1)
    missing = sorted(set(FILES) - set(compatibility.released()))
    if missing:
        print(
            f"never released: {', '.join(missing)}; run `feedloop schemas release`",
            file=sys.stderr,
        )
        raise typer.Exit(1)
    print(f"{len(FILES)} schemas are compatible with every released version")


def release() -> None:
    """Write each changed schema as its next released version, which later changes must respect."""
    for path in compatibility.release():
        print(f"released {path.name}")


def register_all(data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Register every schema in the registry under FULL_TRANSITIVE; safe to run again."""
    settings = settings_for(data)
    ids = Registry(settings.registry, settings.kafka.topic_prefix).register_all()
    _print(settings.kafka.topic_prefix, ids, as_json)


def show(as_json: AsJson = False) -> None:
    """Show the record, key and writer of each topic, and the released versions of the record."""
    versions = {name: list(known) for name, known in compatibility.released().items()}
    rows = [
        {
            "topic": t.name,
            "record": t.schema,
            "key": t.key,
            "writer": t.writer,
            "released": versions.get(t.schema, []),
        }
        for t in TOPICS
        if t.schema
    ]
    if as_json:
        print(msgspec.json.encode({"schemas": rows}).decode())
        return
    print_table(list(rows[0]), [[_text(value) for value in row.values()] for row in rows])


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _print(prefix: str, ids: dict[str, int], as_json: bool) -> None:
    subjects = {f"{prefix}{name}-value": number for name, number in ids.items()}
    if as_json:
        print(msgspec.json.encode(subjects).decode())
    else:
        print_table(("subject", "schema id"), subjects.items())
