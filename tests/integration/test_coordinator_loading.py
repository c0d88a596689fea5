"""Asking for a group's offsets on a broker that is only just up must not kill the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.java import find_java
from deploy.local.kafka import Kafka
from deploy.local.maven import Jars
from deploy.local.ports import free_port
from deploy.topics import apply_topics
from schemas.settings import KafkaSettings, Settings
from tests.conftest import running

pytestmark = pytest.mark.broker

ASK = """
import sys
from deploy.offsets import Offsets
from schemas.errors import BrokerDown
from schemas.settings import KafkaSettings, Settings
settings = Settings(kafka=KafkaSettings(bootstrap=sys.argv[1]))
good = 0
while good < 10:
    offsets = Offsets(settings)
    for worker in ("redact", "join", "decide", "clickhouse", "parquet"):
        try:
            assert offsets.committed(worker) == {}
            good += 1
        except BrokerDown:
            pass
"""


def test_groups_are_asked_while_their_coordinator_loads(tmp_path: Path, jars: Jars) -> None:
    """The first question makes the broker create the topic of all groups' offsets."""
    port = free_port()
    kafka = Kafka(tmp_path / "kafka", port, free_port({port}), find_java(), jars.kafka)
    for _ in running(kafka):
        apply_topics(Settings(kafka=KafkaSettings(bootstrap=kafka.bootstrap)))
        command = [sys.executable, "-c", ASK, kafka.bootstrap]
        asking = [subprocess.Popen(command) for _ in range(3)]
        assert [process.wait(120) for process in asking] == [0, 0, 0]
