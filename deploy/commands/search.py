"""feedloop search: find prompts, comments and corrections by what they are about."""

from dataclasses import asdict
from typing import Annotated, Final

import msgspec
import typer
from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.context import DEFAULT_DATA, AsJson, DataDir, settings_for
from deploy.hot_store import connect
from deploy.tables import print_table
from schemas.errors import SinkDown

_COLUMNS: Final = ("near", "kind", "times", "last", "tenant", "prompt", "text", "inference_id")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("search")(run)


def run(
    question: Annotated[str, typer.Argument(metavar="TEXT", help="What to look for.")],
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="prompt, comment, correction, edited_text; may be repeated. Default: all."
        ),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Only this tenant.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many texts.")] = 10,
    refit: Annotated[
        bool, typer.Option("--refit", help="Fit the embedder anew on today's texts first.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Find texts that people wrote by what they are about, not only by their words.

    Texts that have no vector yet get one first; the first search on a store fits the embedder
    (hashed n-grams, TF-IDF, SVD; nothing is downloaded). FEEDLOOP_EMBED_MODEL names another one.
    Only redacted texts are searched, and of what you look for only the vector leaves this process.
    """
    from deploy.search.search import (  # noqa: PLC0415 - scikit-learn takes a second
        embedder_for,
        fit,
        refresh,
        search,
    )
    from deploy.search.vectors import KINDS, VectorStore  # noqa: PLC0415

    kinds = kind or list(KINDS)
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r}; known: {', '.join(KINDS)}", param_hint="--kind")
    settings = settings_for(data)
    try:
        store = VectorStore(connect(settings), settings.clickhouse)
        embedder = fit(store, KINDS) if refit else embedder_for(store, settings.embed.model, KINDS)
        told = refresh(store, embedder, kinds, _tell)
        hits = search(store, embedder, question, kinds, tenant, limit)
    except ClickHouseError as error:
        raise SinkDown(f"ClickHouse: {error}; see `feedloop status`") from error
    if told:
        typer.echo("", err=True)
    if as_json:
        rows = [asdict(hit) for hit in hits]
        print(msgspec.json.encode({"embedder": embedder.version, "hits": rows}).decode())
        return
    print_table(
        _COLUMNS,
        [
            (
                f"{hit.nearness:.2f}",
                hit.kind,
                hit.times,
                f"{hit.last:%Y-%m-%d %H:%M}",
                hit.tenant_id,
                hit.prompt_version,
                hit.text,
                hit.inference_id,
            )
            for hit in hits
        ],
        whole=("near", "kind", "last", "inference_id"),
    )


def _tell(done: int) -> None:
    typer.echo(f"\r{done} texts embedded", nl=False, err=True)
