"""The chDB engine: a connection for each request, or one that stays for each session.

A connection has its own settings, current database and temporary tables, like a session of a
server, and connections run at the same time; to open one costs about a millisecond.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import chdb

from deploy.local.front.fault import (
    SESSION_IS_LOCKED,
    SESSION_NOT_FOUND,
    SYNTAX_ERROR,
    UNKNOWN_SETTING,
    from_engine,
    refused,
)
from deploy.local.front.request import External, Request
from schemas.killpoint import reach

_NAME: Final = re.compile(r"^[A-Za-z_]\w*$")
_MAX_SESSION_S: Final = 3600.0


@dataclass(frozen=True)
class Result:
    """What a statement gave; `format` is None if it gives no rows."""

    body: bytes = b""
    format: str | None = None
    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0


@dataclass
class _Session:
    connection: Any
    lock: threading.Lock = field(default_factory=threading.Lock)
    expires: float = 0.0


class Engine:
    """The engine on the folder `path`; its methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._keep = chdb.connect(self._path)  # the engine stays open as long as one is
        self._sessions: dict[str, _Session] = {}
        self._guard = threading.Lock()
        told = self._keep.query("SELECT version(), timezone()", "TSV").bytes().decode().split()
        self.version, self.timezone = told

    def run(self, request: Request) -> Result:
        """Run the statement of `request`; raises Fault with what the engine says."""
        if request.statement.several:
            raise refused(SYNTAX_ERROR, "SYNTAX_ERROR", "Multi-statements are not allowed")
        try:
            with self._connection(request) as connection:
                return _run(connection, request)
        except RuntimeError as error:  # ChdbError is one too
            raise from_engine(str(error)) from None

    def close(self) -> None:
        """Close every connection, so that the engine writes what it holds."""
        with self._guard:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()
        self._keep.close()

    @contextmanager
    def _connection(self, request: Request) -> Iterator[Any]:
        if request.session_id:
            with self._session(request) as connection, _overlaid(connection, request):
                yield connection
            return
        connection = chdb.connect(self._path)
        try:
            _apply(connection, request)
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _session(self, request: Request) -> Iterator[Any]:
        session = self._find_session(request)
        try:
            yield session.connection
        finally:
            session.expires = time.monotonic() + min(request.session_timeout_s, _MAX_SESSION_S)
            session.lock.release()

    def _find_session(self, request: Request) -> _Session:
        """Return the session, locked; a session runs one statement at a time, as in ClickHouse."""
        with self._guard:
            self._forget_expired()
            session = self._sessions.get(request.session_id)
            if session is None:
                if request.session_check:
                    raise refused(SESSION_NOT_FOUND, "SESSION_NOT_FOUND", "Session not found")
                session = _Session(chdb.connect(self._path))
                self._sessions[request.session_id] = session
            if not session.lock.acquire(blocking=False):
                raise refused(
                    SESSION_IS_LOCKED, "SESSION_IS_LOCKED", "Session is locked by another query"
                )
            return session

    def _forget_expired(self) -> None:
        now = time.monotonic()
        for name, session in list(self._sessions.items()):
            if session.expires < now and session.lock.acquire(blocking=False):
                session.connection.close()
                del self._sessions[name]


def _run(connection: Any, request: Request) -> Result:
    for table in request.externals:
        _create_external(connection, table)
    try:
        if request.statement.rows is not None:
            return _insert(connection, request)
        return _query(connection, request)
    finally:
        for table in request.externals:
            connection.query(f"DROP TEMPORARY TABLE IF EXISTS {_identifier(table.name)}")


def _insert(connection: Any, request: Request) -> Result:
    statement = request.statement
    assert statement.rows is not None
    written = _send(connection, statement.sql.decode(), statement.format or "", statement.rows)
    reach("front.after_insert")
    return Result(written_rows=written.rows_written, written_bytes=written.bytes_written)


def _send(connection: Any, sql: str, form: str, rows: bytes) -> Any:
    with connection.send_insert(sql, form) as insert:
        if rows:
            insert.append(rows)
        reach("front.mid_insert")
        return insert.finish()


def _query(connection: Any, request: Request) -> Result:
    statement = request.statement
    form = statement.format or request.default_format
    answer = connection.query(
        statement.sql.decode(errors="surrogateescape"), form, params=dict(request.parameters)
    )
    return Result(
        answer.bytes(),
        form if statement.reads else None,
        read_rows=answer.storage_rows_read(),
        read_bytes=answer.storage_bytes_read(),
    )


def _create_external(connection: Any, table: External) -> None:
    name = _identifier(table.name)
    connection.query(f"CREATE TEMPORARY TABLE {name} ({table.structure}) ENGINE = Memory")
    _send(connection, f"INSERT INTO {name}", table.format, table.rows)


def _apply(connection: Any, request: Request) -> None:
    if request.database:
        connection.query(f"USE {_identifier(request.database)}")
    _set(connection, request.settings)


def _set(connection: Any, settings: Mapping[str, str]) -> None:
    if settings:
        pairs = (f"{_setting(name)} = {_text(value)}" for name, value in settings.items())
        connection.query("SET " + ", ".join(pairs))


@contextmanager
def _overlaid(connection: Any, request: Request) -> Iterator[None]:
    """Apply settings and database to this statement only; what it sets itself stays."""
    before = _current(connection, request.settings)
    _apply(connection, request)
    try:
        yield
    finally:
        _set(connection, before)


def _current(connection: Any, names: Mapping[str, str]) -> dict[str, str]:
    return {
        name: connection.query(f"SELECT toString(getSetting({_text(_setting(name))}))", "RawBLOB")
        .bytes()
        .decode()
        for name in names
    }


def _setting(name: str) -> str:
    if not _NAME.match(name):
        raise refused(UNKNOWN_SETTING, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
    return name


def _identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
