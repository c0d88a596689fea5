"""The schema registry on this machine: Apicurio with the Confluent API, its data in a file."""

import http.client
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.ports import HOST

API: Final = "/apis/ccompat/v7"
_ANSWER_S: Final = 5.0


@dataclass(frozen=True)
class Registry:
    """One registry; `jars` is its Java class path."""

    folder: Path
    port: int
    java: Path
    jars: str
    heap_mb: int = 256
    name: str = "registry"

    @property
    def url(self) -> str:
        """The address for clients of the Confluent API."""
        return self.url_at(self.port)

    @staticmethod
    def url_at(port: int) -> str:
        """Return the address of a registry on `port`."""
        return f"http://{HOST}:{port}{API}"

    def prepare(self) -> None:
        """Make the folder; the registry makes its tables itself."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        # Both must name the file: with only one of them ids are forgotten at a restart.
        database = f"jdbc:h2:file:{self.folder.absolute()}/registry"
        return [
            str(self.java),
            f"-Xmx{self.heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",  # starts faster; it has little to do afterwards
            "-Xshare:auto",
            f"-Dquarkus.http.host={HOST}",
            f"-Dquarkus.http.port={self.port}",
            f"-Dregistry.datasource.url={database}",
            f"-Dquarkus.datasource.jdbc.url={database}",
            "-Dquarkus.log.level=WARN",
            "-cp",
            self.jars,
            "io.quarkus.runner.GeneratedMain",
        ]

    def answers(self) -> bool:
        """Whether the registry lists its subjects."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_ANSWER_S)
        try:
            connection.request("GET", f"{API}/subjects")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
