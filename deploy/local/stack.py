"""The parts of the local stack as data: three servers, then every stage and sink."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from deploy.local.clickhouse import ClickHouse
from deploy.local.java import find_java
from deploy.local.kafka import Kafka
from deploy.local.layout import Layout
from deploy.local.maven import default_cache, fetch_jars
from deploy.local.part import FATAL_EXIT, Part, lives, works
from deploy.local.ports import HOST
from deploy.local.registry import Registry
from deploy.local.server import Server
from deploy.local.supervisor import Setup
from schemas.settings import ParquetSettings, Settings, environ_of

SERVERS: Final = ("kafka", "registry", "clickhouse-server")
SERVER_PORTS: Final = {
    "kafka": "kafka",
    "registry": "registry",
    "clickhouse": "clickhouse-server",
    "kafka_controller": "kafka",
}
"""Each port of a server and who listens there."""

_COPY: Final = "-"  # between the name of a worker and the number of its copy

SERVER_LAYER: Final = 0
WORKER_LAYER: Final = 1
_SERVER_GRACE_S: Final = 20.0
_WORKER_GRACE_S: Final = 15.0  # to finish a transaction or a batch


def copies_of(name: str, copies: int) -> list[str]:
    """Return the parts that run `copies` of worker `name`: `name`, then `name-2` and so on."""
    return [name, *(f"{name}{_COPY}{number}" for number in range(2, copies + 1))]


def worker_of(part: str) -> str | None:
    """Return the worker that the part of that name runs; None if it is a server."""
    return None if part in SERVERS else part.partition(_COPY)[0]


def port_names(workers: Sequence[str]) -> tuple[str, ...]:
    """Return every port of a stack with the parts `workers`; chosen once and remembered."""
    return (*SERVER_PORTS, *(f"worker_{name}" for name in workers))


@dataclass(frozen=True)
class Stack:
    """Everything a supervisor needs."""

    parts: Sequence[Part]
    setups: Mapping[str, Setup]
    overrides: Mapping[str, Mapping[str, Any]]


def _set_up(name: str, settings: Settings) -> None:
    """Make topics, schemas or tables; the imports take a second that the servers need anyway."""
    from deploy.local.setup import SETUPS  # noqa: PLC0415

    SETUPS[name](settings)


def cache_of(settings: Settings) -> Path:
    """Return the folder of the downloaded jars."""
    chosen = settings.local.cache_dir
    return Path(chosen).expanduser() if chosen else default_cache()


def overrides_of(layout: Layout, ports: Mapping[str, int], base: Settings) -> dict[str, Any]:
    """Return {section: {setting: value}} of what this stack decides, for all of its clients.

    Names (prefix, database) are those of `base`, so that later commands find the same things.
    """
    overrides: dict[str, dict[str, Any]] = {
        "kafka": {
            "bootstrap": f"{HOST}:{ports['kafka']}",
            "security_protocol": "PLAINTEXT",
            "sasl_mechanism": "",
            "ssl_ca_location": "",
            "replication": 1,
            "topic_prefix": base.kafka.topic_prefix,
        },
        "registry": {"url": Registry.url_at(ports["registry"]), "username": ""},
        "clickhouse": {
            "host": HOST,
            "port": ports["clickhouse"],
            "secure": False,
            "username": "default",
            "database": base.clickhouse.database,
        },
    }
    own_path = base.parquet.path != ParquetSettings().path
    overrides["parquet"] = {"path": base.parquet.path if own_path else str(layout.parquet)}
    if not (base.redact.keys or base.redact.keys_file):
        overrides["redact"] = {"keys_file": str(layout.keys)}
    return overrides


def build(
    layout: Layout,
    ports: Mapping[str, int],
    settings: Settings,
    overrides: Mapping[str, Mapping[str, Any]],
    workers: Sequence[str],
) -> Stack:
    """Return the stack in `layout`; `settings` already hold its `overrides`.

    `workers` are names of parts as `copies_of` gives them.
    Raises ConfigError if there is no Java that can run it.
    """
    servers = _servers(layout, ports, settings)
    environ = environ_of(settings)
    return Stack(
        parts=[
            *(_server_part(server, layout) for server in servers),
            *(_worker_part(name, ports[f"worker_{name}"], layout, environ) for name in workers),
        ],
        setups={server.name: partial(_set_up, server.name, settings) for server in servers},
        overrides=overrides,
    )


def _servers(layout: Layout, ports: Mapping[str, int], settings: Settings) -> list[Server]:
    java = find_java()
    jars = fetch_jars(cache_of(settings), print)
    kafka = Kafka(
        folder=layout.data / "kafka",
        port=ports["kafka"],
        controller_port=ports["kafka_controller"],
        java=java,
        jars=jars.kafka,
        heap_mb=settings.local.kafka_heap_mb,
    )
    registry = Registry(
        folder=layout.data / "registry",
        port=ports["registry"],
        java=java,
        jars=jars.registry,
        heap_mb=settings.local.registry_heap_mb,
    )
    clickhouse = ClickHouse(layout.data / "clickhouse", ports["clickhouse"])
    # Kafka last: it formats its storage before its first start, meanwhile the others start.
    return [registry, clickhouse, kafka]


def _server_part(server: Server, layout: Layout) -> Part:
    return Part(
        name=server.name,
        command=server.command(),
        log=layout.logs / f"{server.name}.log",
        ready=server.answers,
        layer=SERVER_LAYER,
        grace_s=_SERVER_GRACE_S,
        adopt=True,
        prepare=server.prepare,
    )


def _worker_part(name: str, port: int, layout: Layout, environ: Mapping[str, str]) -> Part:
    worker = worker_of(name) or name
    return Part(
        name=name,
        command=[sys.executable, "-m", "deploy.cli", "worker", worker],
        log=layout.logs / f"{name}.log",
        ready=partial(works, port),
        healthy=partial(lives, port),
        environ={**environ, "FEEDLOOP_HEALTH_PORT": str(port), "FEEDLOOP_STAGE_SLOT": name},
        layer=WORKER_LAYER,
        grace_s=_WORKER_GRACE_S,
        fatal_exit=FATAL_EXIT,
        health_port=port,
    )
