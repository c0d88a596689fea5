"""Our check and the real registry agree on what a compatible change is."""

import copy
import json

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from deploy.local.registry import Registry
from schemas.catalog import definition
from schemas.compatibility import breaks
from schemas.errors import RegistryDown, UndecodableRecord
from schemas.registry import Registry as Client
from schemas.settings import Settings
from tests.unit.test_schemas_compatibility import CASES, Case

pytestmark = pytest.mark.broker

NOBODYS = 2_000_000_000  # an id
STRICTER_THAN_AVRO = {
    "millis become micros",  # readable, and wrong by a factor of 1,000
    "a unit is lost",
    "an enum loses symbol and default",  # the registry looks at each direction's own default
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_registry_judges_as_we_do(case: Case, registry: Registry) -> None:
    client = SchemaRegistryClient({"url": registry.url})
    subject = f"compatibility-{case.name.replace(' ', '-')}"
    old = definition("Inference")
    new = copy.deepcopy(old)
    case.change(new)
    client.set_compatibility(subject, "FULL_TRANSITIVE")
    client.register_schema(subject, Schema(json.dumps(old), "AVRO"))

    refused = _code(client, subject, new) == 409

    ours = bool(breaks(old, new))
    assert ours >= refused, "we let something through that the registry refuses"
    assert ours == refused or case.name in STRICTER_THAN_AVRO


def _code(client: SchemaRegistryClient, subject: str, schema: dict) -> int:
    try:
        client.register_schema(subject, Schema(json.dumps(schema), "AVRO"))
    except SchemaRegistryError as error:
        return error.http_status_code
    return 200


def test_a_registry_that_lost_what_it_held_is_waited_for(settings: Settings) -> None:
    """Else everything that arrives meanwhile would be set aside as of an unknown schema."""
    client = Client(settings.registry, settings.kafka.topic_prefix)
    with pytest.raises(RegistryDown, match="lost what it held"):
        client.schema(NOBODYS)
    client.register_all()
    with pytest.raises(UndecodableRecord, match="register the writer's schema"):
        client.schema(NOBODYS)
