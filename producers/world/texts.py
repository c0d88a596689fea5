"""Questions, answers and remarks of a conversation, drawn from the topics' phrases."""

from dataclasses import dataclass, field
from random import Random

from producers.world.personal import Planted, plant
from producers.world.topics import (
    CLOSINGS,
    COMPLAINTS,
    CORRECTIONS,
    ENGLISH,
    FOLLOW_UPS,
    GERMAN,
    OPENINGS,
    PRAISE,
    Subject,
)


@dataclass
class Talk:
    """One conversation: its subject, language and words; `planted` collects personal data."""

    rng: Random
    personal: float  # probability of personal data in a text
    subject: Subject
    language: str
    planted: list[Planted] = field(default_factory=list)
    _words: tuple[str, str] = ("", "")  # what the last question was about

    def question(self, *, first: bool) -> str:
        """Return what the user asks: a whole question, or a follow-up."""
        rng = self.rng
        if self.language == "de":
            asked = f"{self._asked()} {self._asked()}"
            return self._with_personal(asked)
        if not first and rng.random() < 0.6:
            follow_up = rng.choice(FOLLOW_UPS)
            asked = follow_up + (self._asked() if follow_up.endswith(" ") else "")
        else:
            asked = rng.choice(OPENINGS) + self._asked() + rng.choice(CLOSINGS)
        return self._with_personal(asked)

    def answer(self) -> str:
        """Return what the model answers."""
        some = self.rng.sample(self.subject.answers, self.rng.choice((1, 1, 2)))
        return self._with_personal("\n\n".join(map(self._fill, some)), 0.2)

    def remark(self, side: int) -> str:
        """Return a comment: a complaint if `side` is negative, else praise."""
        return self._with_personal(self.rng.choice(COMPLAINTS if side < 0 else PRAISE))

    def correction(self) -> str:
        """Return what a user says the answer should have been."""
        return self._with_personal(self.rng.choice(CORRECTIONS))

    def edited(self, answer: str) -> str:
        """Return `answer` as a user left it: a sentence dropped, another added."""
        sentences = answer.split(". ")
        kept = sentences[: max(1, len(sentences) - 1)]
        return self._with_personal(". ".join(kept) + ". " + self.rng.choice(CORRECTIONS))

    def _asked(self) -> str:
        self._words = (self.rng.choice(self.subject.things), self.rng.choice(self.subject.details))
        return self._fill(self.rng.choice(self.subject.questions))

    def _fill(self, phrase: str) -> str:
        thing, detail = self._words
        return phrase.replace("{thing}", thing).replace("{detail}", detail)

    def _with_personal(self, text: str, share: float = 1.0) -> str:
        if self.rng.random() >= self.personal * share:
            return text
        sentence, planted = plant(self.rng)
        self.planted.append(planted)
        return f"{text} {sentence}"


def subject_of(rng: Random, document: str | None) -> Subject:
    """Return a topic at random, or the one that `document` belongs to."""
    if document is not None:
        return next(s for s in ENGLISH if document in s.documents)
    return rng.choice(ENGLISH)


def talk(rng: Random, personal: float, *, shifted: bool, document: str | None) -> Talk:
    """Return a new conversation; `shifted`: long and in German; `document`: about its topic."""
    if shifted:
        return Talk(rng, personal, GERMAN, "de")
    return Talk(rng, personal, subject_of(rng, document), "en")
