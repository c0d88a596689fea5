"""The HTTP server: `python -m deploy.local.front.server --path DIR --port N`, loopback only."""

import argparse
import asyncio
import json
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from deploy.local.front.engine import Engine, Result
from deploy.local.front.fault import (
    BAD_ARGUMENTS,
    READONLY,
    UNKNOWN_EXCEPTION,
    Fault,
    refused,
)
from deploy.local.front.request import (
    External,
    Request,
    build,
    compress,
    decompress,
    external,
    unsupported,
)
from deploy.local.ports import HOST

_MAX_BODY_BYTES: Final = 2 << 30
_MAX_URL_BYTES: Final = 1 << 20
_THREADS: Final = 8  # of readers and of writers each, so that long queries never hold up inserts
_SHUTDOWN_S: Final = 10.0
_MEDIA: Final = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "Native": "application/octet-stream",
}


@web.middleware
async def _never_silent(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception as error:  # noqa: BLE001 - the client must get an answer
        text = f"Code: {UNKNOWN_EXCEPTION}. DB::Exception: {type(error).__name__}: {error}"
        return web.Response(
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
            text=text + "\n",
            headers={"X-ClickHouse-Exception-Code": str(UNKNOWN_EXCEPTION)},
        )


class Front:
    """The handlers; statements run in threads, long readers apart from writers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._readers = ThreadPoolExecutor(_THREADS, "read")
        self._writers = ThreadPoolExecutor(_THREADS, "write")

    def app(self) -> web.Application:
        """Return the application with ClickHouse's paths."""
        app = web.Application(client_max_size=_MAX_BODY_BYTES, middlewares=[_never_silent])
        app.router.add_get("/ping", self.ok)
        app.router.add_get("/replicas_status", self.ok)
        app.router.add_get("/", self.handle)
        app.router.add_post("/", self.handle)
        return app

    async def ok(self, _: web.Request) -> web.Response:
        """Answer that the server lives."""
        return web.Response(text="Ok.\n")

    async def handle(self, http: web.Request) -> web.Response:
        """Run one statement."""
        if http.method in ("GET", "HEAD") and "query" not in http.query:
            return await self.ok(http)
        query_id = http.query.get("query_id") or str(uuid.uuid4())
        try:
            request = await _read(http)
            _check_method(http, request)
            started = time.monotonic()
            result = await self._run(request)
            return await self._answer(http, result, query_id, time.monotonic() - started)
        except Fault as fault:
            return self._refuse(fault, query_id)

    async def _run(self, request: Request) -> Result:
        pool = self._readers if request.statement.may_take_long else self._writers
        return await asyncio.get_running_loop().run_in_executor(pool, self._engine.run, request)

    async def _answer(
        self, http: web.Request, result: Result, query_id: str, elapsed_s: float
    ) -> web.Response:
        headers = self._headers(query_id)
        headers["X-ClickHouse-Summary"] = _summary(result, elapsed_s)
        if result.format is not None:
            headers["X-ClickHouse-Format"] = result.format
        media = _MEDIA.get(result.format or "", "application/octet-stream")
        headers["Content-Type"] = media if result.format else "text/plain; charset=UTF-8"
        body, encoding = result.body, ""
        if body and http.query.get("enable_http_compression") == "1":
            accepted = http.headers.get("Accept-Encoding", "")
            body, encoding = await asyncio.to_thread(compress, body, accepted)
        if encoding:
            headers["Content-Encoding"] = encoding
        return web.Response(body=body, headers=headers)

    def _refuse(self, fault: Fault, query_id: str) -> web.Response:
        headers = self._headers(query_id)
        headers["X-ClickHouse-Exception-Code"] = str(fault.code)
        text = str(fault)
        if "(version " not in text:
            text += f" (version {self._engine.version} (chDB))"
        return web.Response(status=fault.status, text=text + "\n", headers=headers)

    def _headers(self, query_id: str) -> dict[str, str]:
        return {
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Timezone": self._engine.timezone,
            "X-ClickHouse-Server-Display-Name": "feedloop-local",
        }


def _summary(result: Result, elapsed_s: float) -> str:
    return json.dumps(
        {
            "read_rows": str(result.read_rows),
            "read_bytes": str(result.read_bytes),
            "written_rows": str(result.written_rows),
            "written_bytes": str(result.written_bytes),
            "elapsed_ns": str(int(elapsed_s * 1e9)),
        }
    )


def _check_method(http: web.Request, request: Request) -> None:
    if http.method != "POST" and not request.statement.reads:
        raise refused(
            READONLY, "READONLY", "Cannot execute query in readonly mode: use POST to change data"
        )


async def _read(http: web.Request) -> Request:
    arguments = dict(http.query)
    if arguments.get("compress") == "1" or arguments.get("decompress") == "1":
        raise unsupported("ClickHouse's own compression (compress=1, decompress=1)")
    header_format = http.headers.get("X-ClickHouse-Format", "")
    if database := http.headers.get("X-ClickHouse-Database"):
        arguments.setdefault("database", database)
    try:
        if http.content_type == "multipart/form-data":
            externals = await _read_form(http, arguments)
            return build(arguments, b"", header_format, externals)
        body = decompress(await http.read(), http.headers.get("Content-Encoding", ""))
        return build(arguments, body, header_format)
    except Fault:
        raise
    except web.HTTPRequestEntityTooLarge:
        raise Fault(223, f"Code: 223. DB::Exception: Body over {_MAX_BODY_BYTES} bytes") from None
    except Exception as error:  # noqa: BLE001 - each decoder has errors of its own
        raise refused(
            BAD_ARGUMENTS, "BAD_ARGUMENTS", f"Cannot read the request: {type(error).__name__}"
        ) from None


async def _read_form(http: web.Request, arguments: dict[str, str]) -> tuple[External, ...]:
    """Add the fields of a form to `arguments`; return its files, which are external tables."""
    files: dict[str, bytes] = {}
    async for part in await http.multipart():
        name = getattr(part, "name", None)
        if name is None:
            continue
        body = bytes(await part.read(decode=True))  # type: ignore[union-attr]
        if getattr(part, "filename", None) is None:
            arguments[name] = body.decode()
        else:
            files[name] = body
    return tuple(external(name, rows, arguments) for name, rows in files.items())


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM; running statements get a few seconds to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="folder of the data")
    parser.add_argument("--port", type=int, required=True, help="loopback port")
    chosen = parser.parse_args(argv)
    chosen.path.mkdir(parents=True, exist_ok=True)
    engine = Engine(chosen.path)
    web.run_app(
        Front(engine).app(),
        host=HOST,
        port=chosen.port,
        print=None,
        access_log=None,
        shutdown_timeout=_SHUTDOWN_S,
        auto_decompress=False,
        max_line_size=_MAX_URL_BYTES,
        max_field_size=_MAX_URL_BYTES,
    )
    engine.close()


if __name__ == "__main__":
    main()
