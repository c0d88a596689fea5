"""Receive feedloop's actions with nothing but confluent-kafka and the registry's client.

    pip install "confluent-kafka[avro,schemaregistry]"
    python subscribe.py localhost:9092 http://localhost:8081/apis/ccompat/v7

Delivery is at least once: the same action may come again after a crash of this program. Its
`action_id` (the problem) and `sequence` (the change of its state) tell a repeat.
"""

import sys
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC = "feedloop.actions"

Handler = Callable[[dict[str, Any]], bool]
"""Gets one action; returns whether to go on."""


def subscribe(
    bootstrap: str, registry: str, group: str, handle: Handler, topic: str = TOPIC
) -> None:
    """Call `handle` with each action, from the oldest that is kept, until it returns False."""
    decode = AvroDeserializer(SchemaRegistryClient({"url": registry}))
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",  # never see what a crashed stage took back
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    try:
        go_on = True
        while go_on:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                raise SystemExit(f"{topic}: {message.error()}")
            action = decode(message.value(), SerializationContext(topic, MessageField.VALUE))
            go_on = handle(action)
            consumer.commit(message)  # after the work: a crash repeats it, and loses nothing
    finally:
        consumer.close()


def show(action: dict[str, Any]) -> bool:
    """Print what happened, where, on what evidence; your own reaction goes here."""
    why = action["evidence"]
    print(
        f"{action['state']}: {action['kind']} for {action['tenant_id']} {action['key']}: "
        f"{why['metric']} is {why['observed']:.3f}, was {why['baseline']}, "
        f"n={why['n']}, e.g. {action['examples'][:3]}",
        flush=True,
    )
    return True


if __name__ == "__main__":
    subscribe(sys.argv[1], sys.argv[2], "my-first-subscriber", show)
