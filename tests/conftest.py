"""Real parts for the tests: one broker, registry and ClickHouse a session, each started when asked.

Their data lies in a temporary folder; they end with the session, and the system ends them if the
session is killed.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from deploy.local.clickhouse import ClickHouse
from deploy.local.java import find_java
from deploy.local.kafka import Kafka
from deploy.local.maven import Jars, default_cache, fetch_jars
from deploy.local.ports import free_port
from deploy.local.registry import Registry
from schemas.settings import (
    ClickHouseSettings,
    KafkaSettings,
    ParquetSettings,
    RegistrySettings,
    Settings,
)
from tests.running import running

# A stack of a test finds no names, unless the test is about them: the model takes seconds to load.
os.environ.setdefault("FEEDLOOP_REDACT_SPACY_MODEL", "none")

# The same examples every time; FEEDLOOP_HYPOTHESIS=explore looks for new ones.
hypothesis_settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis_settings.register_profile("explore", max_examples=2_000, deadline=None)
hypothesis_settings.load_profile(os.environ.get("FEEDLOOP_HYPOTHESIS", "ci"))


@pytest.fixture(scope="session")
def parts_folder() -> Iterator[Path]:
    """A folder for the data of the servers."""
    folder = Path(tempfile.mkdtemp(prefix="feedloop-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def jars() -> Jars:
    """The jars of Kafka and the registry, downloaded at the first use on this machine."""
    return fetch_jars(default_cache(), print)


@pytest.fixture(scope="session")
def broker(parts_folder: Path, jars: Jars) -> Iterator[Kafka]:
    """A real Kafka broker; `.bootstrap` is its address."""
    port = free_port()
    kafka = Kafka(
        folder=parts_folder / "kafka",
        port=port,
        controller_port=free_port({port}),
        java=find_java(),
        jars=jars.kafka,
    )
    with running(kafka):
        yield kafka


@pytest.fixture(scope="session")
def registry(parts_folder: Path, jars: Jars) -> Iterator[Registry]:
    """A real schema registry; `.url` is its address."""
    server = Registry(parts_folder / "registry", free_port(), find_java(), jars.registry)
    with running(server):
        yield server


@pytest.fixture(scope="session")
def clickhouse(parts_folder: Path) -> Iterator[ClickHouse]:
    """The real ClickHouse engine behind its HTTP front; `.host` and `.port` are its address."""
    server = ClickHouse(parts_folder / "clickhouse", free_port())
    with running(server):
        yield server


@pytest.fixture
def settings(
    broker: Kafka, registry: Registry, clickhouse: ClickHouse, tmp_path: Path
) -> Iterator[Settings]:
    """Settings for the real parts, with a topic prefix and a database of this test alone.

    The database is there, the topics and schemas aren't.
    """
    name = f"t{uuid.uuid4().hex[:8]}"
    clickhouse.run(f"CREATE DATABASE {name}")
    yield Settings(
        kafka=KafkaSettings(bootstrap=broker.bootstrap, topic_prefix=f"{name}."),
        registry=RegistrySettings(url=registry.url),
        clickhouse=ClickHouseSettings(host=clickhouse.host, port=clickhouse.port, database=name),
        parquet=ParquetSettings(path=str(tmp_path / "parquet")),
    )
    clickhouse.run(f"DROP DATABASE {name}")
