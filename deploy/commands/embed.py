"""feedloop embed fit | show: the model that says what prompts are about."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.context import DEFAULT_DATA, DataDir, settings_for
from deploy.hot_store import connect
from deploy.moments import period_of
from deploy.tables import print_table

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
    since: Annotated[
        str, typer.Option("--from", metavar="WHEN", help="7d, or an ISO 8601 time.")
    ] = "1970-01-01",
    until: Annotated[str, typer.Option("--to", metavar="WHEN", help="Its end; 0s is now.")] = "0s",
    tenant: Tenant = "",
    topics: Annotated[int, typer.Option(min=2, max=200, help="How many topics.")] = 16,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Fit a topic model on the stored (redacted) prompts of a period, and write it to FILE.

    Give the file to the redact stage by FEEDLOOP_REDACT_TOPIC_MODEL and restart it: from then on
    each inference says its topic, and `drift` rules can watch the feature `topic`. The same
    prompts give the same model.
    """
    from deploy.search.topic_fit import fit_topics  # noqa: PLC0415 - scikit-learn takes a second

    from_ms, to_ms = period_of(since, until, time.time_ns() // 1_000_000)
    model, prompts = fit_topics(connect(settings_for(data)), from_ms, to_ms, topics, tenant)
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
