"""Last words of a stage: where and what, never a value."""

import io
import logging

from confluent_kafka import KafkaError, KafkaException

from schemas.errors import BrokerDown
from stream_jobs.last_words import QuietFormatter, trace_of

CANARY = "jane@example.com"


def failing(first: Exception, then: Exception | None = None) -> Exception:
    try:
        raise first  # noqa: TRY301
    except Exception as error:  # noqa: BLE001 - whatever was given
        if then is None:
            return error
        try:
            raise then from error  # noqa: TRY301
        except Exception as following:  # noqa: BLE001
            return following


def test_words_that_may_quote_are_withheld_through_the_whole_chain() -> None:
    told = trace_of(failing(KeyError(CANARY), ValueError(f"no {CANARY}")))
    assert CANARY not in told
    assert "builtins.KeyError (its words are withheld" in told
    assert "builtins.ValueError (its words are withheld" in told
    assert "in failing" in told  # where it was


def test_words_of_connections_and_our_own_stay() -> None:
    told = trace_of(failing(KafkaException(KafkaError(-195)), BrokerDown("no broker at x:9092")))
    assert "BrokerDown: no broker at x:9092" in told
    assert "KafkaException: " in told
    assert "withheld" not in told


def test_a_log_line_shows_an_exception_by_its_type() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(QuietFormatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("quiet")
    logger.addHandler(handler)
    error = failing(ValueError(CANARY))
    logger.error("crashed: %r of %s", error, "agent", exc_info=error)
    told = stream.getvalue()
    assert CANARY not in told
    assert told.startswith("ERROR crashed: 'builtins.ValueError' of agent\n")
    assert "in failing" in told
