"""What Kafka, the registry and ClickHouse have in common when they run on this machine."""

from pathlib import Path
from typing import Protocol


class Server(Protocol):
    """One server with its data in a folder; knows how to start it, not when."""

    @property
    def name(self) -> str:
        """Its name in status and logs: kafka, registry, clickhouse-server."""

    @property
    def port(self) -> int:
        """The loopback port that clients use."""

    @property
    def folder(self) -> Path:
        """Where its data lies."""

    def prepare(self) -> None:
        """Write its configuration and format its storage if that isn't done; idempotent.

        Raises ConfigError if it can't.
        """

    def command(self) -> list[str]:
        """Return the program and its arguments."""

    def answers(self) -> bool:
        """Whether it serves clients now, asked by its real protocol; never raises."""
