"""Webhooks to a real HTTP server: what is sent, how it is signed, what becomes of failures."""

import inspect
import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.commands.up import EVERY, _names
from examples.verify_webhook import verify
from schemas.catalog import definition, parsed
from schemas.codec import decode, encode, frame
from schemas.errors import ConfigError, SinkDown
from schemas.settings import Secret, Settings, WebhookSettings
from schemas.writer_schema import WriterSchema
from sinks import Batch
from sinks.decode import decode_rows
from sinks.intents import Source
from sinks.tables import ACTIONS_TABLE
from sinks.webhook.dispatcher import Webhook
from tests.conformance import samples
from tests.receiver import Receiver, receiving

SECRET = "s3cret"
SOURCE = Source("feedloop.actions", "id", 0)
WRITER = WriterSchema(1, json.dumps(definition("Action")))


def batch(*actions: dict[str, Any], arrived_s: float | None = None) -> Batch:
    arrived = int((time.time() if arrived_s is None else arrived_s) * 1000)
    bodies = [frame(1, encode(parsed("Action"), action)) for action in actions]
    raws = [(offset, arrived, body) for offset, body in enumerate(bodies)]
    rows, refused = decode_rows(ACTIONS_TABLE, 0, list(raws), lambda _: WRITER)
    assert refused == []
    return Batch(ACTIONS_TABLE, SOURCE, 0, len(raws) - 1, rows)


def webhook(url: str, **over: Any) -> Webhook:
    return Webhook(Settings(webhook=WebhookSettings(url=url, secret=Secret(SECRET), **over)))


def test_the_body_is_the_action_and_its_signature_holds() -> None:
    sent = [samples.action(0), samples.action(1)]
    with receiving(Receiver()) as receiver:
        webhook(receiver.url, token=Secret("t0ken")).write(batch(*sent))
    for action, (headers, body) in zip(sent, receiver.got, strict=True):
        whole = decode(parsed("Action"), encode(parsed("Action"), action))
        assert json.loads(body) == whole
        assert verify(SECRET, headers, body)
        assert not verify(SECRET, headers, body + b" ")
        assert not verify("other", headers, body)
        assert not verify(SECRET, headers, body, now_s=time.time() + 301)
        assert headers["Authorization"] == "Bearer t0ken"
    assert receiver.keys() == ["a-0:0", "a-1:0"]


@pytest.mark.parametrize("answer", [500, 503, 429, 404, 302])
def test_a_refusal_is_tried_again_with_growing_waits_and_nothing_twice(answer: int) -> None:
    with receiving(Receiver(answers=[200, answer, answer])) as receiver:
        sink, whole = webhook(receiver.url), batch(*map(samples.action, range(3)))
        waits = []
        for _ in range(2):
            with pytest.raises(SinkDown, match=rf"answered {answer} \(attempt") as caught:
                sink.write(whole)
            waits.append(caught.value.retry_after_s)
        sink.write(whole)
    assert receiver.keys() == ["a-0:0", "a-1:0", "a-1:0", "a-1:0", "a-2:0"]
    assert waits == [1, 2]


def test_the_receiver_says_how_long_it_wants_to_be_left() -> None:
    with (
        receiving(Receiver(answers=[429], retry_after="42")) as receiver,
        pytest.raises(SinkDown) as caught,
    ):
        webhook(receiver.url).write(batch(samples.action(0)))
    assert caught.value.retry_after_s == 42


def test_a_receiver_that_is_slow_or_away_counts_as_a_failure() -> None:
    with receiving(Receiver(answers=[3.0])) as receiver, pytest.raises(SinkDown, match="no answer"):
        webhook(receiver.url, timeout_s=0.2).write(batch(samples.action(0)))
    with pytest.raises(SinkDown, match="no answer"):
        webhook(receiver.url, timeout_s=0.2).write(batch(samples.action(0)))


def test_what_is_old_or_of_another_kind_is_not_sent() -> None:
    with receiving(Receiver()) as receiver:
        week_ago = time.time() - 7 * 86_400
        webhook(receiver.url).write(batch(samples.action(0), arrived_s=week_ago))
        some = webhook(receiver.url, kinds="alert, review")
        some.write(batch(samples.action(1), {**samples.action(2), "kind": "review"}))
    assert receiver.keys() == ["a-2:0"]


def test_slack_gets_a_message_in_which_no_word_of_a_user_calls_anybody() -> None:
    comment = {"inference_id": "i", "kind": "comment", "text": "<!channel> bad & slow"}
    action = samples.action(0)
    action["contents"]["clusters"][0]["comments"] = [comment]
    with receiving(Receiver()) as receiver:
        webhook(receiver.url, template="slack").write(batch(action))
    [(_, body)] = receiver.got
    message = json.loads(body)
    assert message["text"] == "opened: rollback for acme (segment web)"
    [attachment] = message["attachments"]
    assert attachment["color"] == "#d62728"
    assert "negative_rate 0.5, n=9" in attachment["text"]
    assert "> &lt;!channel&gt; bad &amp; slow" in attachment["text"]


def test_github_gets_an_event_within_its_limits() -> None:
    with receiving(Receiver()) as receiver:
        webhook(receiver.url, template="github").write(batch(samples.action(1)))
    event = json.loads(receiver.got[0][1])
    assert event["event_type"] == "feedloop_rollback"
    assert len(event["client_payload"]) <= 10
    assert event["client_payload"]["effect"]["verdict"] == "helped"


@pytest.mark.parametrize(
    ("over", "said"), [({"url": ""}, "FEEDLOOP_WEBHOOK_URL"), ({"template": "xml"}, "json, slack")]
)
def test_a_worker_that_is_not_configured_says_what_to_set(over: dict[str, str], said: str) -> None:
    settings = msgspec.structs.replace(WebhookSettings(url="http://x/"), **over)
    with pytest.raises(ConfigError, match=said):
        Webhook(Settings(webhook=settings))


def test_the_page_shows_the_check_as_it_is() -> None:
    page = Path(__file__).parents[2] / "docs" / "actions.md"
    assert inspect.getsource(verify) in page.read_text()


def test_up_runs_the_worker_only_where_a_url_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "webhook" not in _names(EVERY)
    assert _names("decide,webhook") == ("decide", "webhook")
    monkeypatch.setenv("FEEDLOOP_WEBHOOK_URL", "http://127.0.0.1:1/")
    assert _names(EVERY)[-1] == "webhook"
    assert "webhook" not in _names("redact,join"), "who names workers gets those"
