"""ClickHouse on this machine: the real engine behind a small HTTP front, in its own process."""

import http.client
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.ports import HOST

_ANSWER_S: Final = 5.0


@dataclass(frozen=True)
class ClickHouse:
    """One front with its data in a folder."""

    folder: Path
    port: int
    host: str = HOST
    name: str = "clickhouse-server"  # "clickhouse" is the sink that writes to it

    def prepare(self) -> None:
        """Make the folder; the engine does the rest."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        path = str(self.folder.absolute())
        module = "deploy.local.front.server"
        return [sys.executable, "-m", module, "--path", path, "--port", str(self.port)]

    def answers(self) -> bool:
        """Whether it answers SELECT 1."""
        try:
            return self.run("SELECT 1") == b"1\n"
        except (OSError, http.client.HTTPException):
            return False

    def run(self, sql: str) -> bytes:
        """Run one statement and return its answer or error text, in TabSeparated.

        Raises OSError or HTTPException if the front doesn't answer.
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_ANSWER_S)
        try:
            connection.request("POST", "/", body=sql.encode())
            return connection.getresponse().read()
        finally:
            connection.close()
