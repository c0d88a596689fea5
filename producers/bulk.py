"""Sends many events and waits for them: for files and simulated traffic, not for services.

Unlike the client it pushes back: `send` waits for room, `finish` until Kafka has everything. Each
gives up only when nothing at all was delivered for `timeout_s`, and says how far it came.
"""

import time
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from producers.connection import check_topics, producer_config, schema_ids
from producers.envelope import Envelope
from schemas.errors import BrokerDown, FatalError
from schemas.registry import Registry
from schemas.settings import Settings

POLL_EVERY: Final = 256  # events between two looks at delivery reports
QUIET: Final = {"log_level": 0}  # what librdkafka would log, our errors say


class Bulk:
    """A producer with back pressure; `sent`, `delivered`, `failed` count events. One thread only.

    The constructor raises RegistryDown, BrokerDown or ConfigError if it can't start.
    """

    def __init__(self, settings: Settings, timeout_s: float = 30.0) -> None:
        self.sent = 0
        self.delivered = 0
        self.failed = 0
        self._first_error = ""
        self._settings = settings
        self._prefix = settings.kafka.topic_prefix
        self._timeout_s = timeout_s
        self._producer = Producer({**producer_config(settings), **QUIET})
        check_topics(self._producer, settings, timeout_s)
        self._ids = schema_ids(Registry(settings.registry, self._prefix))

    def send(self, envelope: Envelope) -> None:
        """Queue one event, waiting for room. Raises BrokerDown, FatalError."""
        topic = envelope.topic.full(self._prefix)
        self.send_raw(topic, envelope.framed(self._ids), key=envelope.key)

    def send_raw(self, topic: str, value: bytes | None, **more: Any) -> None:
        """Queue bytes for `topic` (its full name); `more` is what Producer.produce takes."""
        deadline = time.monotonic() + self._timeout_s
        while not self._produce(topic, value, more):
            before = self.delivered
            self._producer.poll(0.05)
            if self.delivered > before:
                deadline = time.monotonic() + self._timeout_s
            elif time.monotonic() > deadline:
                raise self._down()
        self.sent += 1
        if self.sent % POLL_EVERY == 0:
            self._producer.poll(0)

    def poll(self) -> None:
        """Take delivery reports; for callers that pause between events."""
        self._producer.poll(0)

    def finish(self) -> None:
        """Wait until everything is delivered. Raises BrokerDown, FatalError if that can't be."""
        deadline = time.monotonic() + self._timeout_s
        while len(self._producer):
            before = self.delivered + self.failed
            self._producer.flush(0.2)
            if self.delivered + self.failed > before:
                deadline = time.monotonic() + self._timeout_s
            elif time.monotonic() > deadline:
                raise self._down()
        if self.failed:
            raise FatalError(
                f"Kafka refused {self.failed} of {self.sent} events, {self.delivered} were "
                f"delivered; the first reason: {self._first_error}"
            )

    def _produce(self, topic: str, value: bytes | None, more: dict[str, Any]) -> bool:
        try:
            self._producer.produce(topic, value, on_delivery=self._count, **more)
        except BufferError:
            return False
        except KafkaException as error:
            raise FatalError(
                f"Kafka refuses to take events after {self.delivered} delivered ones: "
                f"{error.args[0].str()}"
            ) from None
        return True

    def _count(self, error: KafkaError | None, _message: Any) -> None:
        if error is None:
            self.delivered += 1
        else:
            self.failed += 1
            self._first_error = self._first_error or error.str()

    def _down(self) -> BrokerDown:
        self._producer.purge()
        return BrokerDown(
            f"Kafka at {self._settings.kafka.bootstrap} took nothing for {self._timeout_s:g} s: "
            f"{self.delivered} of {self.sent} events were delivered. When it is back, send the "
            "same again: a signal that comes twice is counted once"
        )
