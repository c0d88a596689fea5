"""An HTTP request as ClickHouse reads it: arguments, settings, parameters, text. Pure."""

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import lz4.frame
from backports import zstd

from deploy.local.front.fault import NOT_IMPLEMENTED, Fault, refused
from deploy.local.front.statement import Statement, parse

PARAMETER: Final = "param_"
_NOT_SETTINGS: Final = frozenset(
    (
        "query",
        "database",
        "default_format",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "close_session",
        "user",
        "password",
        "quota_key",
        "role",
        "compress",
        "decompress",
        "enable_http_compression",
        "buffer_size",
        "stacktrace",
        "wait_end_of_query",
        "client_protocol_version",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
    )
)
"""Arguments of the interface itself; every other one is a setting of the engine."""


@dataclass(frozen=True)
class External:
    """A table that comes with a query and goes with it."""

    name: str
    structure: str  # "a Int32, b String"
    format: str
    rows: bytes


@dataclass(frozen=True)
class Request:
    """One statement and everything it runs under."""

    statement: Statement
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    database: str = ""
    default_format: str = "TabSeparated"
    session_id: str = ""
    session_timeout_s: float = 60.0
    session_check: bool = False
    externals: tuple[External, ...] = ()


def build(
    arguments: Mapping[str, str],
    body: bytes,
    header_format: str = "",
    externals: tuple[External, ...] = (),
) -> Request:
    """Return the request with `arguments` of the URL or form and the decoded `body`.

    The text is the argument `query`, a line end, and the body, as in ClickHouse, so that an
    INSERT may be in the URL and its rows in the body.
    """
    query = arguments.get("query", "").encode()
    text = b"\n".join(part for part in (query, body) if part)
    named = {external.name for external in externals}
    return Request(
        statement=parse(text),
        settings={k: v for k, v in arguments.items() if _is_setting(k, named)},
        parameters={
            k.removeprefix(PARAMETER): v for k, v in arguments.items() if k.startswith(PARAMETER)
        },
        database=arguments.get("database", ""),
        default_format=arguments.get("default_format") or header_format or "TabSeparated",
        session_id=arguments.get("session_id", ""),
        session_timeout_s=float(arguments.get("session_timeout") or 60),
        session_check=arguments.get("session_check") == "1",
        externals=externals,
    )


def _is_setting(name: str, externals: set[str]) -> bool:
    if name in _NOT_SETTINGS or name.startswith(PARAMETER):
        return False
    table, _, part = name.rpartition("_")
    return not (table in externals and part in ("format", "structure", "types"))


def external(name: str, rows: bytes, arguments: Mapping[str, str]) -> External:
    """Return the external table `name`; its columns come as a structure or as bare types."""
    types = arguments.get(f"{name}_types", "")
    numbered = ", ".join(f"_{i} {kind}" for i, kind in enumerate(_split(types), 1))
    return External(
        name,
        arguments.get(f"{name}_structure") or numbered,
        arguments.get(f"{name}_format") or "TabSeparated",
        rows,
    )


def _split(types: str) -> list[str]:
    """Split "Int32, Array(Tuple(a, b))" at its outer commas."""
    parts, depth = [""], 0
    for sign in types:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def decompress(body: bytes, encoding: str) -> bytes:
    """Return the body without its Content-Encoding; raises Fault for one we don't know."""
    match encoding.lower():
        case "" | "identity":
            return body
        case "zstd":
            return zstd.decompress(body)
        case "lz4":
            return bytes(lz4.frame.decompress(body))
        case "gzip" | "x-gzip":
            return gzip.decompress(body)
        case "deflate":
            return zlib.decompress(body)
    raise unsupported(f"Content-Encoding {encoding}")


def compress(body: bytes, accepted: str) -> tuple[bytes, str]:
    """Return `body` under the first encoding of ours that Accept-Encoding names, and its name."""
    names = {part.partition(";")[0].strip().lower() for part in accepted.split(",")}
    if "zstd" in names:
        return zstd.compress(body), "zstd"
    if "lz4" in names:
        return bytes(lz4.frame.compress(body)), "lz4"
    if "gzip" in names:
        return gzip.compress(body, compresslevel=1), "gzip"
    if "deflate" in names:
        return zlib.compress(body, level=1), "deflate"
    return body, ""


def unsupported(what: str) -> Fault:
    """Return the error for a feature of ClickHouse that the local front doesn't have."""
    return refused(
        NOT_IMPLEMENTED,
        "NOT_IMPLEMENTED",
        f"{what} is not supported by the local ClickHouse front; use zstd, lz4, gzip or deflate",
    )
