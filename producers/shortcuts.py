"""One method for each thing a person can do with an answer, in front of two general ones."""

from abc import ABC, abstractmethod
from typing import Any, TypedDict, Unpack

from producers import signals
from schemas.records import Author


class Who(TypedDict, total=False):
    """What every signal may carry beside its kind."""

    event_id: str
    user_id: str | None
    tenant_id: str
    event_time: int


class Spoken(Who, total=False):
    """What explicit feedback may carry besides."""

    author: Author
    source: str


class Shortcuts(ABC):
    """Each method sends one signal about `inference_id` in `session_id`; returns its event_id.

    All raise InvalidRecord at once if the event is not valid, and never wait for the network.
    """

    @abstractmethod
    def feedback(self, **fields: Any) -> str:
        """Send one explicit signal."""

    @abstractmethod
    def interaction(self, **fields: Any) -> str:
        """Send one implicit signal."""

    def thumbs(self, inference_id: str, session_id: str, *, up: bool, **who: Unpack[Spoken]) -> str:
        """Send a thumb up or down."""
        return self._say(inference_id, session_id, signals.thumbs(up=up), who)

    def rating(
        self, inference_id: str, session_id: str, value: float, **who: Unpack[Spoken]
    ) -> str:
        """Send a rating from -1 (bad) to 1 (good)."""
        return self._say(inference_id, session_id, signals.rating(value), who)

    def stars(
        self, inference_id: str, session_id: str, given: int, of: int = 5, **who: Unpack[Spoken]
    ) -> str:
        """Send a rating of `given` stars out of `of`; ValueError if that can't be."""
        return self._say(inference_id, session_id, signals.stars(given, of), who)

    def label(
        self,
        inference_id: str,
        session_id: str,
        text: str,
        value: float | None = None,
        **who: Unpack[Spoken],
    ) -> str:
        """Send a label; with a value it counts as a rating."""
        return self._say(inference_id, session_id, signals.label(text, value), who)

    def comment(
        self,
        inference_id: str,
        session_id: str,
        text: str,
        value: float | None = None,
        **who: Unpack[Spoken],
    ) -> str:
        """Send a comment in words; with a value it counts as a rating."""
        return self._say(inference_id, session_id, signals.comment(text, value), who)

    def correction(
        self, inference_id: str, session_id: str, text: str, **who: Unpack[Spoken]
    ) -> str:
        """Send what the answer should have been."""
        return self._say(inference_id, session_id, signals.correction(text), who)

    def retract(
        self, inference_id: str, session_id: str, signal_id: str, **who: Unpack[Spoken]
    ) -> str:
        """Take back the signal (its event_id) `signal_id`."""
        return self._say(inference_id, session_id, signals.retract(signal_id), who)

    def copy(self, inference_id: str, session_id: str, **who: Unpack[Who]) -> str:
        """Send a copy to the clipboard."""
        return self._do(inference_id, session_id, signals.copy(), who)

    def edit(self, inference_id: str, session_id: str, edited_text: str, **who: Unpack[Who]) -> str:
        """Send the whole answer as the person left it."""
        return self._do(inference_id, session_id, signals.edit(edited_text), who)

    def click(
        self, inference_id: str, session_id: str, target: str | None = None, **who: Unpack[Who]
    ) -> str:
        """Send a click on something in the answer."""
        return self._do(inference_id, session_id, signals.click(target), who)

    def dwell(self, inference_id: str, session_id: str, seconds: float, **who: Unpack[Who]) -> str:
        """Send how long a person stayed with the answer."""
        return self._do(inference_id, session_id, signals.dwell(seconds), who)

    def regenerate(self, inference_id: str, session_id: str, **who: Unpack[Who]) -> str:
        """Send a request for another answer to the same question."""
        return self._do(inference_id, session_id, signals.regenerate(), who)

    def impression(self, inference_id: str, session_id: str, **who: Unpack[Who]) -> str:
        """Send that the answer was shown."""
        return self._do(inference_id, session_id, signals.impression(), who)

    def session_end(self, session_id: str, **who: Unpack[Who]) -> str:
        """Send that the person ended the session: it is not abandoned."""
        return self._do(None, session_id, signals.session_end(), who)

    def _say(self, inference_id: str, session_id: str, fields: signals.Fields, who: Spoken) -> str:
        return self.feedback(inference_id=inference_id, session_id=session_id, **fields, **who)

    def _do(
        self, inference_id: str | None, session_id: str, fields: signals.Fields, who: Who
    ) -> str:
        return self.interaction(inference_id=inference_id, session_id=session_id, **fields, **who)
