"""What a stage says of an unexpected error without quoting a record: where it was, and its type.

The words of an exception often hold the value that it stumbled over, and the first stage reads
values that nobody may see. Words stay where they can't hold one: our own errors, and those of
connections and files.
"""

import logging
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Final

from confluent_kafka import KafkaException

from schemas.errors import FeedloopError

HARMLESS: Final = (FeedloopError, KafkaException, OSError)
WITHHELD: Final = "(its words are withheld: they may quote a record)"

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def name_of(error: BaseException) -> str:
    """Return the type of `error`, with its words if they can't quote a record."""
    if isinstance(error, HARMLESS):
        return f"{type(error).__name__}: {error}"
    return f"{type(error).__module__}.{type(error).__qualname__}"


def trace_of(error: BaseException) -> str:
    """Return the traceback of `error` and of what led to it, without words that may quote."""
    parts = []
    for one in reversed(list(_chain(error))):
        words = "" if isinstance(one, HARMLESS) else f" {WITHHELD}"
        frames = "".join(traceback.format_tb(one.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{name_of(one)}{words}\n")
    return "\nwhich led to:\n\n".join(parts)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        hidden = following.__suppress_context__
        following = following.__cause__ or (None if hidden else following.__context__)


class QuietFormatter(logging.Formatter):
    """Formats log records of other libraries; exceptions in them lose their words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with exceptions among the arguments shown by their type."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                name_of(one) if isinstance(one, BaseException) else one for one in record.args
            )
        return super().format(record)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the name is logging's
        """Return the traceback without words."""
        return "" if ei[1] is None else trace_of(ei[1])
