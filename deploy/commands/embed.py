"""feedloop embed fit | show: the model that says what prompts are about."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from deploy.context import DEFAULT_DATA, DataDir, settings_for
from deploy.hot_store import ask, connect
from deploy.tables import print_table
from schemas.errors import ConfigError

MOST_PROMPTS: Final = 20_000

_PROMPTS: Final = """
SELECT arrayLast(m -> m.role = 'user', messages).content AS prompt
FROM inferences
WHERE prompt != '' {where}
ORDER BY cityHash64(inference_id) LIMIT {most}
"""

_TIME: Final = "UTC, e.g. 2026-11-01 or 2026-11-01T08:30."

Model = Annotated[Path, typer.Argument(metavar="FILE", help="A topic model (.npz).")]
Tenant = Annotated[str, typer.Option(metavar="TENANT", help="Only this tenant's prompts.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    embed = typer.Typer(no_args_is_help=True, help="What prompts are about: topic models.")
    embed.command("fit")(fit)
    embed.command("show")(show)
    app.add_typer(embed, name="embed")


def fit(
    file: Model,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help=_TIME)] = "",
    end: Annotated[str, typer.Option("--to", metavar="TIME", help=_TIME)] = "",
    tenant: Tenant = "",
    topics: Annotated[int, typer.Option(min=2, max=200, help="How many topics.")] = 16,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Fit a topic model on the stored (redacted) prompts of a period, and write it to FILE.

    Give the file to the redact stage by FEEDLOOP_REDACT_TOPIC_MODEL and restart it: from then on
    each inference says its topic, and `drift` rules can watch the feature `topic`. The same
    prompts give the same model.
    """
    from stream_jobs.embed.topics import TopicModel  # noqa: PLC0415 - scikit-learn takes a second

    where = "".join(
        f" AND {column} {sign} {_quoted(value)}"
        for column, sign, value in (
            ("event_time", ">=", start),
            ("event_time", "<", end),
            ("tenant_id", "=", tenant),
        )
        if value
    )
    sql = _PROMPTS.format(where=where, most=MOST_PROMPTS)
    prompts = [row[0] for row in ask(connect(settings_for(data)), sql)[1]]
    if not prompts:
        raise ConfigError("there is no prompt in that period: see `feedloop query` for what is")
    model = TopicModel.fit(prompts, topics)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(model.to_bytes())
    _show(model, prompts)
    typer.echo(f"fitted on {len(prompts)} prompts; FEEDLOOP_REDACT_TOPIC_MODEL={file.resolve()}")


def show(file: Model) -> None:
    """Show the topics of a model."""
    from stream_jobs.embed.topics import load_topics  # noqa: PLC0415 - scikit-learn takes a second

    _show(load_topics(file), ())


def _show(model: Any, prompts: Sequence[str]) -> None:
    labels = model.label(prompts)
    rows = [
        (
            name,
            labels.count(name),
            next((p for p, t in zip(prompts, labels, strict=True) if t == name), "")[:80],
        )
        for name in (*model.names, "other")
    ]
    columns = ("topic", "prompts", "for example") if prompts else ("topic",)
    print_table(columns, [row[: len(columns)] for row in rows], whole=("topic",))


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
