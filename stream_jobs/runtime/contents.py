"""Looks up what actions carry: complaints, documents, answers to review, a snapshot to train on.

Texts in the hot store are redacted already. An answer comes within `wait_s`: a store that is away
is tried again until then, and what can't be had is named in `missing`.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from string import Template
from typing import Any, Final

import clickhouse_connect
import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from schemas.errors import SinkDown
from schemas.settings import Settings, clickhouse_config
from stream_jobs.act.contents import (
    MOST_TEXT,
    Request,
    document,
    review_item,
    review_queue,
    worst,
)
from stream_jobs.runtime.dataset import expire, snapshot
from stream_jobs.stage import ContentsKey

AGAIN_S: Final = 0.2
MOST_CLUSTERS: Final = 5
MOST_QUERIES: Final = 5
SPAN: Final = (
    "tenant_id = {tenant:String} AND event_time >= fromUnixTimestamp64Milli({from_ms:Int64}) "
    "AND event_time <= fromUnixTimestamp64Milli({to_ms:Int64})"
)
NOT_RETRACTED: Final = (
    "event_id NOT IN (SELECT retracts FROM signals WHERE tenant_id = {tenant:String} "
    "AND kind = 'retract')"
)
COMPLAINTS: Final = (
    "SELECT inference_id, if(notEmpty(ifNull(correction, '')), 'correction', 'comment') AS said, "
    "if(said = 'correction', correction, comment) AS text FROM signals "
    "WHERE $span AND polarity = -1 AND $not_retracted AND notEmpty(ifNull(text, '')) $where "
    "ORDER BY event_time DESC, event_id LIMIT 1000"
)
DOCUMENTS: Final = (
    "SELECT arrayJoin(arrayDistinct(doc_ids)) AS doc_id, count() AS n, "
    "countIf(polarity = -1) AS k, groupArrayIf(8)(inference_id, polarity = -1) AS examples "
    "FROM signals WHERE $span AND rated AND $not_retracted $where "
    "GROUP BY doc_id HAVING k > 0 ORDER BY k DESC, doc_id LIMIT 200"
)
PROMPTS: Final = (
    "SELECT inference_id, messages FROM inferences WHERE tenant_id = {tenant:String} "
    "AND inference_id IN {ids:Array(String)}"
)
RATED_ANSWERS: Final = (
    "SELECT inference_id, countIf(rated AND polarity = -1) AS negative, "
    "countIf(rated AND polarity = 1) AS positive, "
    "countIf(kind IN ('regenerate', 'abandonment', 'edit')) AS implicit, "
    "max(notEmpty(ifNull(comment, '')) OR notEmpty(ifNull(correction, ''))) AS words "
    "FROM signals WHERE $span AND notEmpty(inference_id) AND $not_retracted $where "
    "GROUP BY inference_id HAVING negative + implicit > 0 "
    "ORDER BY min2(negative, positive) DESC, negative + implicit DESC, inference_id LIMIT 500"
)
FAILED_ANSWERS: Final = (
    "SELECT inference_id FROM inferences WHERE $span AND status IN ('refused', 'error') $where "
    "ORDER BY event_time DESC, inference_id LIMIT 50"
)

Part = Callable[[Client, Request], Any]


class ContentsStores:
    """The stores behind a decide worker; one thread at a time a call of `find`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wait_s = settings.decide.contents_wait_ms / 1000

    def warm_up(self) -> None:
        """Load what takes seconds to load, beside the work, before the first action wants it."""
        load = partial(import_module, "stream_jobs.embed.clusters")
        threading.Thread(target=load, name="feedloop-warm-up", daemon=True).start()

    def find(self, keys: Sequence[ContentsKey]) -> Mapping[ContentsKey, dict[str, Any] | None]:
        """Return the parts of each request that could be had in time; never raises for a store."""
        return {key: self._find(msgspec.json.decode(key.request, type=Request)) for key in keys}

    def _find(self, request: Request) -> dict[str, Any]:
        found: dict[str, Any] = {"missing": []}
        until = time.monotonic() + 0.8 * self._wait_s
        for part in request.parts:
            try:
                found[part] = self._patiently(part, request, until)
            except SinkDown as error:
                found["missing"].append(f"{part}: {error}")
        return found

    def _patiently(self, part: str, request: Request, until: float) -> Any:
        while True:
            try:
                return self._part(part, request)
            except SinkDown:
                if time.monotonic() + AGAIN_S >= until:
                    raise
                time.sleep(AGAIN_S)

    def _part(self, part: str, request: Request) -> Any:
        if part == "dataset":
            root = Path(self._settings.parquet.path)
            dataset = snapshot(root, request)
            expire(root, self._settings.parquet.snapshot_days)
            return dataset
        where = self._settings.clickhouse
        try:
            client = self._connect()
            try:
                return PARTS[part](client, request)
            finally:
                client.close()
        except (ClickHouseError, HTTPError, OSError) as error:
            raise SinkDown(
                f"ClickHouse at {where.host}:{where.port} gave no answer ({type(error).__name__})"
            ) from None

    def _connect(self) -> Client:
        return clickhouse_connect.get_client(
            **clickhouse_config(self._settings.clickhouse),
            connect_timeout=max(1, round(self._wait_s)),
            send_receive_timeout=max(1, round(self._wait_s)),
            autogenerate_session_id=False,
            query_retries=0,
        )


def _rows(client: Client, query: str, request: Request, **more: Any) -> Sequence[Sequence[Any]]:
    where = "".join(f" AND {name} = {{{name}:String}}" for name in sorted(request.where))
    parameters = {
        "tenant": request.tenant_id,
        "from_ms": request.from_ms,
        "to_ms": request.to_ms,
        **request.where,
        **more,
    }
    text = Template(query).substitute(span=SPAN, not_retracted=NOT_RETRACTED, where=where)
    rows: Sequence[Sequence[Any]] = client.query(text, parameters=parameters).result_rows
    return rows


def _clusters(client: Client, request: Request) -> list[dict[str, Any]]:
    rows = _rows(client, COMPLAINTS, request)
    if not rows:
        return []
    from stream_jobs.embed.clusters import clusters  # noqa: PLC0415 - see `warm_up`

    return [
        {
            "size": one.size,
            "terms": list(one.terms),
            "comments": [
                {"inference_id": inference_id, "kind": kind, "text": text[:MOST_TEXT]}
                for inference_id, kind, text in (rows[i] for i in one.representatives)
            ],
        }
        for one in clusters([row[2] for row in rows], MOST_CLUSTERS)
    ]


def _documents(client: Client, request: Request) -> list[dict[str, Any]]:
    rows = _rows(client, DOCUMENTS, request)
    if request.documents:
        rows = [row for row in rows if row[0] in request.documents]
    examples = {row[0]: list(row[3]) for row in rows}
    chosen = worst([document(doc, int(k), int(n)) for doc, n, k, _ in rows])
    wanted = sorted({i for one in chosen for i in examples[one["doc_id"]]})
    rows = _rows(client, PROMPTS, request, ids=wanted) if wanted else []
    prompts = {row[0]: row[1] for row in rows}
    for one in chosen:
        asked = [_question(prompts[i]) for i in examples[one["doc_id"]] if i in prompts]
        one["queries"] = list(dict.fromkeys(q[:MOST_TEXT] for q in asked if q))[:MOST_QUERIES]
    return chosen


def _question(messages: Sequence[Any]) -> str:
    """Return what the person asked last, as it was redacted."""
    pairs = [tuple(m.values()) if isinstance(m, dict) else tuple(m) for m in messages]
    return next((str(content) for role, content in reversed(pairs) if role == "user"), "")


def _queue(client: Client, request: Request) -> list[dict[str, Any]]:
    rated = [
        review_item(
            row[0],
            negative=int(row[1]),
            positive=int(row[2]),
            implicit=int(row[3]),
            words=bool(row[4]),
            failed=False,
        )
        for row in _rows(client, RATED_ANSWERS, request)
    ]
    failed = [
        review_item(row[0], negative=0, positive=0, implicit=0, words=False, failed=True)
        for row in _rows(client, FAILED_ANSWERS, request)
    ]
    return review_queue([*rated, *failed])


PARTS: Final[dict[str, Part]] = {
    "clusters": _clusters,
    "documents": _documents,
    "queue": _queue,
}
