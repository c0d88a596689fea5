"""Apache Kafka on this machine: a real broker, KRaft, one node, loopback only."""

import contextlib
import subprocess
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.ports import HOST, accepts
from schemas.errors import ConfigError

_ANSWER_S: Final = 5.0
_INTERNAL_PARTITIONS: Final = 8  # of offsets and transactions; 50 make a first start slow

_PROPERTIES: Final = """\
# Written by feedloop at every start; changes here are lost.
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@{host}:{controller_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={logs}

# One node: everything internal has one replica.
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions={internal}
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions={internal}
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# A topic made by a typing error would swallow data.
auto.create.topics.enable=false
# Arrival time, not the time a producer claims: retention must not delete a backfill at once.
log.message.timestamp.type=LogAppendTime
# A stack that was down for weeks must find its place again, and not start over.
offsets.retention.minutes=525600
message.max.bytes=4194304
# After a SIGKILL the controller waits this long for the broker it knew; 9 s by default.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
# A consumer alone needs no wait for others.
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=33554432
num.network.threads=2
num.io.threads=4
background.threads=4
num.recovery.threads.per.data.dir=2
"""

_LOGGING: Final = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %-5p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""


@dataclass(frozen=True)
class Kafka:
    """One broker that is its own controller; `jars` is its Java class path."""

    folder: Path
    port: int
    controller_port: int
    java: Path
    jars: str
    heap_mb: int = 512
    name: str = "kafka"

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"{HOST}:{self.port}"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def prepare(self) -> None:
        """Write the configuration; format the storage at the first start."""
        logs = (self.folder / "logs").absolute()
        logs.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(
            _PROPERTIES.format(
                host=HOST,
                port=self.port,
                controller_port=self.controller_port,
                logs=logs,
                internal=_INTERNAL_PARTITIONS,
            )
        )
        (self.folder / "log4j2.properties").write_text(_LOGGING)
        if not (logs / "meta.properties").exists():
            self._format()

    def _format(self) -> None:
        # One that begins with "-" would be taken for an option; Kafka's own never does.
        cluster = "F" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        done = subprocess.run(
            self._run("kafka.tools.StorageTool", "format", "-t", cluster, "-c"),
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != 0:
            raise ConfigError(
                f"can't format Kafka's storage in {self.folder}: "
                f"{(done.stderr or done.stdout).strip()[-400:]}"
            )

    def command(self) -> list[str]:
        """Return the program and its arguments."""
        return self._run("kafka.Kafka")

    def _run(self, main: str, *arguments: str) -> list[str]:
        return [
            str(self.java),
            f"-Xmx{self.heap_mb}m",
            "-XX:+UseSerialGC",  # the smallest collector; a pause of 10 ms is fine here
            "-XX:TieredStopAtLevel=1",  # its first minutes cost a quarter less; peaks are no aim
            "-Xshare:auto",
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={(self.folder / 'log4j2.properties').absolute()}",
            "-cp",
            self.jars,
            main,
            *arguments,
            str(self._properties.absolute()),
        ]

    def answers(self) -> bool:
        """Whether the broker tells its metadata."""
        if not accepts(self.port):
            return False
        with contextlib.suppress(KafkaException):
            admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
            return len(admin.list_topics(timeout=_ANSWER_S).brokers) == 1
        return False
