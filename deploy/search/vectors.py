"""The vectors in the hot store: which texts have none yet, and which lie near a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from schemas.settings import ClickHouseSettings
from stream_jobs.embed.embedder import Vectors

KINDS: Final = ("prompt", "comment", "correction", "edited_text")

_TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS embedders {cluster}
        (version String, fitted_at DateTime64(3, 'UTC'), content String)
    ENGINE = {replicated}ReplacingMergeTree ORDER BY version
    """,
    """
    CREATE TABLE IF NOT EXISTS vectors {cluster}
        (version LowCardinality(String), text_hash UInt64, vector Array(Float32))
    ENGINE = {replicated}ReplacingMergeTree ORDER BY (version, text_hash)
    """,
)
"""A repeat of a row is the same row: whichever stays after a merge is right."""

_TEXTS: Final = """
    SELECT tenant_id, event_time, 'prompt' AS kind, inference_id, prompt_version, model_version,
        arrayLast(m -> m.role = 'user', messages).content AS text
    FROM inferences
    UNION ALL
    SELECT tenant_id, event_time, what.1 AS kind, inference_id, prompt_version, model_version,
        assumeNotNull(what.2) AS text
    FROM signals
    ARRAY JOIN
        [('comment', comment), ('correction', correction), ('edited_text', edited_text)] AS what
    WHERE what.2 != ''
"""
_MISSING: Final = f"""
    SELECT text FROM ({_TEXTS})
    WHERE text != '' AND has({{kinds:Array(String)}}, kind)
    AND cityHash64(text) NOT IN (SELECT text_hash FROM vectors WHERE version = {{version:String}})
    GROUP BY text ORDER BY max(event_time) DESC LIMIT {{most:UInt64}}
"""  # noqa: S608 - constants; values are bound by the server
_NEAREST: Final = f"""
    SELECT text, any(kind), count() AS times, max(event_time) AS last, any(tenant_id),
        any(inference_id), any(prompt_version), any(model_version), any(nearness)
    FROM ({_TEXTS}) AS texts
    INNER JOIN (
        SELECT text_hash, any(dotProduct(vector, {{asked:Array(Float32)}})) AS nearness
        FROM vectors WHERE version = {{version:String}} GROUP BY text_hash
    ) AS near ON near.text_hash = cityHash64(texts.text)
    WHERE has({{kinds:Array(String)}}, kind)
        AND ({{tenant:String}} = '' OR tenant_id = {{tenant:String}})
    GROUP BY text
    ORDER BY any(nearness) DESC, last DESC LIMIT {{most:UInt64}}
"""  # noqa: S608


@dataclass(frozen=True)
class Hit:
    """A text near the question. `nearness` is a cosine, 1 is the same; `times` it was written."""

    nearness: float
    kind: str
    text: str
    times: int
    last: datetime
    tenant_id: str
    inference_id: str
    prompt_version: str
    model_version: str


class VectorStore:
    """Texts and their vectors in one ClickHouse database. Raises clickhouse_connect's errors."""

    def __init__(self, client: Client, settings: ClickHouseSettings) -> None:
        self._client = client
        for statement in _TABLES:
            client.command(
                statement.format(
                    cluster=f"ON CLUSTER `{settings.cluster}`" if settings.cluster else "",
                    replicated="Replicated" if settings.cluster else "",
                )
            )

    def latest_embedder(self) -> bytes | None:
        """Return the file of the embedder that was fitted last."""
        sql = "SELECT content FROM embedders ORDER BY fitted_at DESC LIMIT 1"
        rows = self._client.query(sql, column_formats={"content": "bytes"}).result_rows
        return bytes(rows[0][0]) if rows else None

    def add_embedder(self, version: str, fitted_at: datetime, content: bytes) -> None:
        """Keep an embedder; its version is of its content, so a repeat is the same."""
        self._client.insert(
            "embedders", [(version, fitted_at, content)], ("version", "fitted_at", "content")
        )

    def missing(self, version: str, kinds: Sequence[str], most: int) -> list[str]:
        """Return distinct texts that have no vector of this version, the latest first."""
        given = {"version": version, "kinds": list(kinds), "most": most}
        return [row[0] for row in self._client.query(_MISSING, given).result_rows]

    def add(self, version: str, texts: Sequence[str], vectors: Vectors) -> None:
        """Store the vector of each text."""
        hashes = self._client.query(
            "SELECT arrayMap(t -> cityHash64(t), {texts:Array(String)})", {"texts": list(texts)}
        ).result_rows[0][0]
        rows: list[Any] = [
            (version, number, vector.tolist())
            for number, vector in zip(hashes, vectors, strict=True)
        ]
        self._client.insert("vectors", rows, ("version", "text_hash", "vector"))

    def nearest(
        self, version: str, asked: Vectors, kinds: Sequence[str], tenant: str, most: int
    ) -> list[Hit]:
        """Return the texts whose vectors lie nearest to `asked`, shape (dimensions,)."""
        given = {
            "version": version,
            "asked": asked.tolist(),
            "kinds": list(kinds),
            "tenant": tenant,
            "most": most,
        }
        return [
            Hit(float(near), kind, text, times, last, tenant_id, inference_id, prompt, model)
            for text, kind, times, last, tenant_id, inference_id, prompt, model, near in (
                self._client.query(_NEAREST, given).result_rows
            )
        ]
