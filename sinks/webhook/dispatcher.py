"""Posts each action to one URL (a `sinks.Sink`).

Delivery: at least once, in order within a tenant. A delivery that fails is tried again with
growing waits; after the last attempt its record becomes a dead letter and the next has its turn.
A process that dies after a post sends the batch again: `Idempotency-Key` tells a repeat. What lay
in the topic for longer than `max_age_hours` is not sent: nobody wants last month's alarms.
"""

import logging
import time
from functools import cached_property
from typing import Any, Final

import urllib3
from urllib3.exceptions import HTTPError

from schemas.errors import ConfigError, SinkDown, SkippableError
from schemas.killpoint import reach
from schemas.registry import Registry
from schemas.settings import Settings, WebhookSettings
from sinks import Batch
from sinks.dead_letters import DeadLetters
from sinks.decode import Refusal
from sinks.intents import Source
from sinks.webhook.bodies import TEMPLATES, action_of, body
from sinks.webhook.signature import headers

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 300.0
HOUR_MS: Final = 3_600_000

log = logging.getLogger(__name__)


class Webhook:
    """One endpoint; the store is its receiver."""

    name = "webhook"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.webhook
        _check(self._settings)
        self._all = settings
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=self._settings.timeout_s), retries=False
        )
        self._done: dict[Source, int] = {}  # last offset that is settled
        self._failed: dict[Source, int] = {}  # attempts on the next one

    def open(self) -> None:
        """Do nothing: the first delivery shows whether the receiver is there."""

    def assigned(self, source: Source, *, known: bool) -> int:  # noqa: ARG002
        """Return 0: the committed intent alone says where to go on."""
        return 0

    def topic_ids(self, topic: str) -> set[str]:  # noqa: ARG002
        """Return nothing: a receiver keeps no account of topics."""
        return set()

    def note_topic(self, topic: str, topic_id: str) -> None:
        """Do nothing: the receiver wants actions, from whichever topic."""

    def write(self, batch: Batch) -> None:
        """Post each action; return when all are received or given up. Raises SinkDown."""
        for row in batch.rows.to_pylist():
            offset = row["_offset"]
            if offset > self._done.get(batch.source, -1):
                if self._wanted(row):
                    self._deliver(batch.source, offset, row)
                self._done[batch.source] = offset
                self._failed.pop(batch.source, None)

    def revoked(self, source: Source) -> None:
        """Forget the partition; its next owner repeats what was promised."""
        self._done.pop(source, None)
        self._failed.pop(source, None)

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()

    @cached_property
    def _letters(self) -> DeadLetters:
        registry = Registry(self._all.registry, self._all.kafka.topic_prefix)
        return DeadLetters(self.name, self._all, registry)

    def _wanted(self, row: dict[str, Any]) -> bool:
        kinds = [kind.strip() for kind in self._settings.kinds.split(",") if kind.strip()]
        age_ms = time.time() * 1000 - row["_arrived_at"].timestamp() * 1000
        fresh = age_ms <= self._settings.max_age_hours * HOUR_MS
        return fresh and (not kinds or row["kind"] in kinds)

    def _deliver(self, source: Source, offset: int, row: dict[str, Any]) -> None:
        failed = self._failed.get(source, 0)
        problem, retry_after_s = "", 0.0
        if failed < self._settings.attempts:
            problem, retry_after_s = self._post(row)
            reach("webhook.after_post")
            if not problem:
                return
            failed += 1
            self._failed[source] = failed
        if failed < self._settings.attempts:
            wait_s = max(retry_after_s, FIRST_WAIT_S * 2 ** (failed - 1))
            raise SinkDown(
                f"webhook: {problem} (attempt {failed} of {self._settings.attempts})",
                min(wait_s, LONGEST_WAIT_S),
            )
        error = SkippableError(
            "undeliverable", f"{problem or 'no answer'} after {failed} attempts; mend the receiver"
        )
        arrived_ms = int(row["_arrived_at"].timestamp() * 1000)
        self._letters.write(source, [Refusal(offset, arrived_ms, None, error)])
        log.error("webhook: gave up action %s: %s", row["action_id"], problem)

    def _post(self, row: dict[str, Any]) -> tuple[str, float]:
        """Return what went wrong ("" if nothing) and how long the receiver wants to be left."""
        s = self._settings
        action = action_of(row)
        content = body(s.template, action)
        made = headers(
            action, content, int(time.time()), secret=s.secret.value, token=s.token.value
        )
        try:
            answer = self._http.request(
                "POST", s.url, body=content, headers=made, redirect=False, preload_content=False
            )
            answer.release_conn()
        except HTTPError as error:
            return f"no answer ({type(error).__name__})", 0.0
        if 200 <= answer.status < 300:
            return "", 0.0
        wait = answer.headers.get("Retry-After", "")
        return f"answered {answer.status}", float(wait) if wait.isdecimal() else 0.0


def _check(settings: WebhookSettings) -> None:
    if not settings.url.startswith(("http://", "https://")):
        raise ConfigError(
            "webhook.url is empty or no http address: set FEEDLOOP_WEBHOOK_URL, and "
            "FEEDLOOP_WEBHOOK_SECRET to sign what is sent"
        )
    if settings.template not in TEMPLATES:
        raise ConfigError(
            f"webhook.template is {settings.template!r}; expected one of {', '.join(TEMPLATES)}"
        )
