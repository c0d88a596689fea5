"""Action-results as consumers write them; a result counts when the broker has it."""

from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

from producers.actions import Action, Done
from producers.connection import producer_config
from schemas.catalog import parsed
from schemas.codec import encode, frame
from schemas.dead_letters import dead_letter, dead_letter_body
from schemas.errors import BrokerDown, SkippableError
from schemas.registry import Registry
from schemas.settings import Settings
from schemas.topics import ACTION_RESULTS, DEAD_LETTERS

FLUSH_S: Final = 0.5
MOST_DETAIL: Final = 500  # characters

Record = dict[str, Any]


def result_record(
    action: Action, state: str, by: str, event_time: int, answer: Done | None = None
) -> Record:
    """Return the ActionResult; pure."""
    answer = Done() if answer is None else answer
    return {
        "action_id": action.action_id,
        "tenant_id": action.tenant_id,
        "state": state,
        "event_time": event_time,
        "by": by,
        "detail": None if answer.detail is None else answer.detail[:MOST_DETAIL],
        "new_model_version": answer.new_model_version,
        "new_prompt_version": answer.new_prompt_version,
        "sequence": action.sequence,
    }


class Results:
    """Writes to action-results; `send` returns when the broker has the record."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._prefix = settings.kafka.topic_prefix
        self._registry = registry
        self._producer = Producer(producer_config(settings))

    def send(self, record: Record, meanwhile: Callable[[], None]) -> None:
        """Write an ActionResult; `meanwhile` is called while the broker doesn't answer.

        Raises RegistryDown, ConfigError, BrokerDown (refused for good).
        """
        number = self._registry.id_of(ACTION_RESULTS)
        body = frame(number, encode(parsed("ActionResult"), record))
        self._write(ACTION_RESULTS.full(self._prefix), body, record["tenant_id"], meanwhile)

    def set_aside(
        self,
        by: str,
        source: tuple[str, int, int],
        error: SkippableError,
        now_ms: int,
        meanwhile: Callable[[], None],
    ) -> None:
        """Write the dead letter of a record that is no action; raises as `send` does."""
        letter = dead_letter(by, source, error, now_ms)
        body = dead_letter_body(letter, self._registry.id_of(DEAD_LETTERS))
        name = DEAD_LETTERS.full(self._prefix)
        self._write(name, body, letter["dead_letter_id"], meanwhile)

    def _write(self, topic: str, body: bytes, key: str, meanwhile: Callable[[], None]) -> None:
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failed.append(error)

        self._producer.produce(topic, body, key.encode(), on_delivery=delivered)
        while self._producer.flush(FLUSH_S):
            meanwhile()
        if failed:
            raise BrokerDown(f"{topic}: a result was not stored: {failed[0].str()}")
