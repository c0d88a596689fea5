"""Health of one process over HTTP: GET /health answers 200 or 503 with what it knows, as JSON.

A process makes one `Health`, tells it how it is (`update`), and, if it has a port, serves it from
a thread of its own, so that a stuck event loop shows as an old commit and not as silence.
"""

import json
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

STATES: Final = ("starting", "running", "waiting", "stopping")
"""`running`: does its work; `waiting`: a broker, registry or store is away, it tries again."""


class Health:
    """What a process says of itself; safe to call from any thread.

    Unhealthy, each time for longer than `commit_age_limit_s`: it has work (`lag` > 0) and doesn't
    commit; or it says nothing at all (`update`), so that what it said last tells nothing. One that
    waits for a broker, registry or store is healthy as long as it says so: starting it anew would
    not bring them back. Neither running nor waiting is unhealthy at once.
    """

    def __init__(self, name: str, commit_age_limit_s: float = 60.0) -> None:
        self._lock = threading.Lock()
        self._fields: dict[str, Any] = {"name": name, "state": "starting", "lag": 0}
        self._committed = self._said = time.monotonic()
        self._limit = commit_age_limit_s
        self._away: dict[str, str] = {}
        self._server: ThreadingHTTPServer | None = None

    def update(self, **fields: Any) -> None:
        """Set `state` (one of STATES), `lag` (records), `detail` or any other JSON field."""
        with self._lock:
            self._fields.update(fields)
            self._said = time.monotonic()

    def waits(self, what: str, why: str) -> None:
        """Note that `what` is away, once more at each try; `detail` says `why` until `goes_on`."""
        with self._lock:
            self._away[what] = why
            self._said = time.monotonic()

    def goes_on(self, what: str) -> None:
        """Note that `what` answers."""
        with self._lock:
            self._away.pop(what, None)
            self._said = time.monotonic()

    def committed(self) -> None:
        """Note that a commit was just made (or that there was nothing to commit)."""
        with self._lock:
            self._committed = time.monotonic()

    def report(self) -> dict[str, Any]:
        """Return all fields with `commit_age_s` and `healthy`."""
        with self._lock:
            now = time.monotonic()
            age = now - self._committed
            fields = {**self._fields, "commit_age_s": round(age, 3)}
            if self._away and fields["state"] != "stopping":
                fields |= {"state": "waiting", "detail": "; ".join(self._away.values())}
            state = fields["state"]
            stuck = state != "waiting" and bool(fields["lag"]) and age > self._limit
            silent = now - self._said > self._limit
            healthy = state in ("running", "waiting") and not stuck and not silent
            return {**fields, "healthy": healthy}

    def serve(self, port: int, host: str = "127.0.0.1") -> int:
        """Serve on `host`:`port` (0: any free port) until the process ends; return the port."""
        health = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                report = health.report()
                body = json.dumps(report).encode()
                good = report["healthy"] and self.path == "/health"
                self.send_response(HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing per request."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()
        return int(self._server.server_address[1])
