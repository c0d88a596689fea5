"""What users ask and how they react, one session at a time; pure and seeded.

The same day and number give the same question, patience and luck for every team, so teams differ
only by what their products know.
"""

import uuid
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from deploy.experiment.product import Product
from deploy.experiment.world import AREAS, Subject, World

DAY_MS: Final = 86_400_000

RATED: Final = 0.35
BLAMED: Final = 0.85
"""Of rated wrong answers so many get a thumb down …"""
GRUMBLED: Final = 0.04
"""… and of rated right ones."""
COMMENTED: Final = 0.3
CORRECTED: Final = 0.35
MISTAKEN: Final = 0.1
"""Of the corrections so many help nobody."""
COPIED: Final = 0.15
REGENERATED: Final = 0.2
SESSION_END: Final = 0.4
FILLERS: Final = 12
"""Documents of an area that are about everything and nothing."""

_QUESTIONS: Final = (
    "What should I know about the {thing}?",
    "How does the {thing} work in my case?",
    "I have a problem with the {thing}, what can I do?",
    "Please explain the {thing} to me.",
    "Who decides about the {thing}, and how long does it take?",
    "The {thing} is not what I expected. What are my options?",
)
_COMPLAINTS: Final = (
    "What it says about the {thing} is wrong.",
    "Not true any more, the {thing} works differently.",
    "It has no idea about the {thing}.",
    "Outdated answer about the {thing}.",
)
_USELESS: Final = ("No!", "Please read my question.", "I want to talk to a person.")

Event = tuple[int, str, dict[str, Any]]
"""When it arrives (ms), its type, its fields."""


@dataclass(frozen=True)
class Asked:
    """One answered question: what it was about, and whether the answer was right."""

    inference_id: str
    subject: Subject
    right: bool


@dataclass
class Day:
    """All that happened with one team's product on one day."""

    events: list[Event] = field(default_factory=list)
    answers: list[Asked] = field(default_factory=list)


@dataclass(frozen=True)
class People:
    """The users of one product; `sessions` a day."""

    seed: int
    world: World
    start_ms: int
    sessions: int

    def day(self, team: str, product: Product, day: int) -> Day:
        """Return what users of `team` see and say on `day`, in the order of arrival."""
        found = Day()
        for number in range(self.sessions):
            _Session(self, team, product, day, number, found).play()
        found.events.sort(key=lambda event: event[0])
        return found


class _Session:
    """One user, one question."""

    def __init__(
        self, people: People, team: str, product: Product, day: int, number: int, found: Day
    ) -> None:
        self._rng = Random(f"{people.seed}:{day}:{number}")
        self._people, self._product, self._day = people, product, day
        self._found = found
        self._at = people.start_ms + day * DAY_MS + int((number + 0.5) * DAY_MS / people.sessions)
        self._who = {
            "session_id": f"{team}-{day}-{number}",
            "user_id": f"u-{self._rng.randrange(2_000)}",
            "tenant_id": team,
        }
        self._ids = Random(f"{people.seed}:{team}:{day}:{number}")

    def play(self) -> None:
        """Ask, look at the answer, react."""
        rng, world = self._rng, self._people.world
        area = rng.choice(AREAS)
        subject = rng.choice(world.asked(area, self._day))
        thing = rng.choice(subject.things)
        right = rng.random() < self._product.right(subject, world, self._day)
        answer = self._answer(area, subject, thing)
        self._found.answers.append(Asked(answer["inference_id"], subject, right))
        self._add("inference", answer, 0)
        self._react(answer, subject, thing, right)

    def _answer(self, area: str, subject: Subject, thing: str) -> dict[str, Any]:
        rng = self._rng
        question = rng.choice(_QUESTIONS).format(thing=thing)
        words = 30 + rng.randrange(60)
        return {
            "inference_id": self._id(),
            **self._who,
            "event_time": self._at,
            "model_version": self._product.model_version,
            "prompt_version": self._product.prompt_version,
            "segment": area,
            "status": "ok",
            "latency_ms": int(rng.lognormvariate(6.7, 0.4)),
            "input_tokens": 200 + len(question) // 4,
            "output_tokens": words,
            "language": "en",
            "retrieved": self._retrieved(area, subject),
            "messages": [{"role": "user", "content": question}],
            "response": f"About the {thing}: " + "as our records say, " * (words // 20),
        }

    def _retrieved(self, area: str, subject: Subject) -> list[dict[str, Any]]:
        """Return three documents: the subject's own, if it has one, and others of the area."""
        world = self._people.world
        own = [s.doc_id for s in world.asked(area, 0) if s.source == "document" and s != subject]
        others = own + [f"kb-{area}-{number:02}" for number in range(FILLERS)]
        chosen = self._rng.sample(others, 3)
        if subject.source == "document":
            chosen = [subject.doc_id, *chosen[:2]]
        return [{"doc_id": d, "score": round(self._rng.uniform(0.4, 0.95), 3)} for d in chosen]

    def _react(self, answer: dict[str, Any], subject: Subject, thing: str, right: bool) -> None:
        rng = self._rng
        # Drawn in any case, so that two teams' users have the same luck in the same session.
        rated, cross, comments, corrects, copies, again, ends = (rng.random() for _ in range(7))
        if rated < RATED:
            down = cross < (GRUMBLED if right else BLAMED)
            self._signal("feedback", answer, {"kind": "thumbs", "value": -1.0 if down else 1.0})
            if down and comments < COMMENTED:
                text = rng.choice(_COMPLAINTS).format(thing=thing)
                self._signal("feedback", answer, {"kind": "comment", "comment": text})
            if down and not right and corrects < CORRECTED:
                text = self._correction(subject, thing)
                self._signal("feedback", answer, {"kind": "correction", "correction": text})
        if right and copies < COPIED:
            self._signal("interaction", answer, {"kind": "copy"})
        if not right and again < REGENERATED:
            self._signal("interaction", answer, {"kind": "regenerate"})
        if ends < SESSION_END:
            self._signal("interaction", answer, {"kind": "session_end"})

    def _correction(self, subject: Subject, thing: str) -> str:
        if self._rng.random() < MISTAKEN:
            return self._rng.choice(_USELESS)
        true = self._people.world.fact(subject, self._day)
        return f"The {thing} is now by {true}."

    def _signal(self, kind: str, answer: dict[str, Any], said: dict[str, Any]) -> None:
        delay_ms = int(min(max(30_000 * self._rng.lognormvariate(0, 1), 2_000), 1_200_000))
        fields = {
            "event_id": self._id(),
            "inference_id": answer["inference_id"],
            **self._who,
            "event_time": self._at + delay_ms,
            **said,
        }
        if kind == "feedback":
            fields = {**fields, "author": "user", "source": "chat"}
        self._add(kind, fields, delay_ms)

    def _add(self, kind: str, fields: dict[str, Any], delay_ms: int) -> None:
        self._found.events.append((self._at + delay_ms, kind, fields))

    def _id(self) -> str:
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))
