"""Which ports a stack uses: the given, else those of its last start, else free ones."""

from collections.abc import Collection, Mapping

import psutil

from deploy.local.ports import HOST, free_port, is_free
from schemas.errors import ConfigError

OPTIONS: Mapping[str, str] = {
    "kafka": "--kafka-port",
    "registry": "--registry-port",
    "clickhouse": "--clickhouse-port",
}
"""The ports that clients know, and the option that sets each; all others may change."""


def choose_ports(
    names: Collection[str],
    given: Mapping[str, int],
    remembered: Mapping[str, int],
    in_use_by_us: Collection[str],
) -> dict[str, int]:
    """Return a port for each of `names`; ports in `in_use_by_us` are taken by our own parts.

    Raises ConfigError, naming who holds it, if a port that clients know is taken.
    """
    ports: dict[str, int] = {}
    for name in names:
        wanted = given.get(name) or remembered.get(name)
        if wanted is not None and (name in in_use_by_us or is_free(wanted)):
            ports[name] = wanted
        elif wanted is not None and name in OPTIONS:
            raise _taken(name, wanted)
        else:
            used = {*ports.values(), *given.values(), *remembered.values()}
            ports[name] = free_port(used)
    return ports


def _taken(name: str, port: int) -> ConfigError:
    return ConfigError(
        f"port {port} for {name} is taken{_holder(port)}: stop that program, or choose another "
        f"port with {OPTIONS[name]}"
    )


def _holder(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
        for one in connections:
            listens = one.status == psutil.CONN_LISTEN and one.pid
            if listens and one.laddr and one.laddr.port == port:
                process = psutil.Process(one.pid)
                return f" on {HOST} by {process.name()} (pid {one.pid})"
    except psutil.Error:  # not ours to see; the message does without
        pass
    return f" on {HOST}"
