"""Schema registry client (any registry with the Confluent API); the only I/O in this room."""

import json
import time
import warnings
from typing import Any, Final

from authlib.deprecate import AuthlibDeprecationWarning

from schemas.catalog import definition
from schemas.errors import ConfigError, RegistryDown, UndecodableRecord
from schemas.settings import RegistrySettings
from schemas.topics import RAW, TOPICS, Topic
from schemas.writer_schema import WriterSchema

with warnings.catch_warnings():  # a part of the client tells every program of its own affairs
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
    from confluent_kafka.schema_registry.error import SchemaRegistryError

COMPATIBILITY: Final = "FULL_TRANSITIVE"
UNKNOWN_TTL_S: Final = 10.0  # how long "no such id" is believed


class Registry:
    """Ids of our schemas, and the schemas behind other writers' ids; caches both."""

    def __init__(self, settings: RegistrySettings, prefix: str = "feedloop.") -> None:
        config: dict[str, Any] = {"url": settings.url, "timeout": 10}
        if settings.username:
            config["basic.auth.user.info"] = f"{settings.username}:{settings.password.value}"
        self._client = SchemaRegistryClient(config)
        self._url = settings.url
        self._prefix = prefix
        self._known: dict[int, WriterSchema] = {}
        self._unknown_until: dict[int, float] = {}

    def register_all(self) -> dict[str, int]:
        """Register the schema of every topic; return {topic name without prefix: schema id}.

        Raises ConfigError if the registry refuses one as incompatible, RegistryDown.
        """
        return {topic.name: self.register(topic) for topic in TOPICS if topic.schema}

    def register(self, topic: Topic) -> int:
        """Register the schema of `topic` under FULL_TRANSITIVE; return its id. Idempotent."""
        assert topic.schema is not None
        subject = f"{topic.full(self._prefix)}-value"
        schema = Schema(json.dumps(definition(topic.schema)), "AVRO")
        try:
            if self._compatibility(subject) != COMPATIBILITY:
                self._client.set_compatibility(subject, COMPATIBILITY)
            return int(self._client.register_schema(subject, schema))
        except SchemaRegistryError as error:
            if error.http_status_code in (409, 422):
                raise ConfigError(
                    f"the registry refuses schema {topic.schema} for {subject}: "
                    f"{error.error_message}. Added fields need a default; no field may change "
                    "its type or go away"
                ) from None
            raise self._down(error) from error
        except Exception as error:  # the client lets httpx and OS errors through
            raise self._down(error) from error

    def _compatibility(self, subject: str) -> str | None:
        try:
            return str(self._client.get_compatibility(subject))
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                return None
            raise

    def id_of(self, topic: Topic) -> int:
        """Return the id under which our schema of `topic` is registered, registering if needed."""
        return self.register(topic)

    def schema(self, number: int) -> WriterSchema:
        """Return the schema with id `number`.

        Raises UndecodableRecord("unknown_schema") if the registry has none, RegistryDown if it
        doesn't answer.
        """
        found = self._known.get(number)
        if found is not None:
            return found
        if self._unknown_until.get(number, 0.0) > time.monotonic():
            raise _unknown(number)
        try:
            text = self._client.get_schema(number).schema_str
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                self._check_not_lost(number)
                self._unknown_until[number] = time.monotonic() + UNKNOWN_TTL_S
                raise _unknown(number) from None
            raise self._down(error) from error
        except Exception as error:  # the client lets httpx and OS errors through
            raise self._down(error) from error
        if text is None:
            raise _unknown(number)
        self._known[number] = WriterSchema(number, text)
        return self._known[number]

    def _check_not_lost(self, number: int) -> None:
        """Raise RegistryDown if not even our own schemas, registered by every start, are there."""
        subject = f"{RAW[0].full(self._prefix)}-value"
        try:
            self._client.get_versions(subject)
        except SchemaRegistryError as error:
            if error.http_status_code != 404:
                raise self._down(error) from error
            raise RegistryDown(
                f"schema registry {self._url} has neither schema id {number} nor {subject}: it "
                "lost what it held, or is another one. Give it its storage back (ids must stay "
                "the same); records wait until then"
            ) from None
        except Exception as error:  # the client lets httpx and OS errors through
            raise self._down(error) from error

    def _down(self, error: Exception) -> RegistryDown:
        return RegistryDown(
            f"schema registry {self._url} doesn't answer: {type(error).__name__}: {error}"
        )


def _unknown(number: int) -> UndecodableRecord:
    return UndecodableRecord(
        "unknown_schema",
        f"the registry has no schema with id {number}; register the writer's schema, then replay",
    )
