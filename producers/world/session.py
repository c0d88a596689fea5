"""One session: its answers and everything people do with them, told to the truth as it happens.

House rules, so that what is true does not depend on how fast or in what order records travel:
1. A judgement comes at most 18 minutes after its answer, a late one at least 10 minutes after the
   join window has passed: none lies near a border.
2. Questions follow each other within 8 minutes, far inside the session gap.
3. A session keeps its versions from start to end.
4. Only negative and neutral judgements are taken back, so no session rule hangs on a retract.
5. Only judgements about answers still in the join's memory are sent twice.
"""

import uuid
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

from producers.world.model import MINUTE_MS, BadDocument, World
from producers.world.outcome import Conditions
from producers.world.texts import Talk, talk
from producers.world.truth import Status, Truth
from schemas.polarity import polarity

LEAD_MS: Final = 5_000  # of a session before its first answer: room for early signals
EARLY_MS: Final = 3_000  # at most this long before its answer
TRANSPORT_MS: Final = 2_000  # from event to arrival, at most
JUDGED_MS: Final = 18 * MINUTE_MS
TURN_MS: Final = 8 * MINUTE_MS
MAX_TURNS: Final = 8
ENOUGH: Final = 13  # records for an answer, everything that can follow it, and a session end
CONTEXT: Final = 6  # messages of the conversation that an inference carries

Fields = dict[str, Any]


class Timed(NamedTuple):
    """One record: when it arrives (ms), its type and its fields; `event_time` is in the fields."""

    arrival_ms: int
    kind: str  # inference, feedback, interaction
    fields: Fields


@dataclass
class Session:
    """Builds one session from `start_ms`; `events` are in no order. Late ones end by `end_ms`."""

    world: World
    rng: Random
    truth: Truth
    conditions: Conditions
    start_ms: int
    end_ms: int
    events: list[Timed] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng, segment = self.rng, self.conditions.segment
        self.who = {
            "session_id": f"s-{rng.getrandbits(48):012x}",
            "user_id": f"u-{rng.randrange(5_000):04}",
            "tenant_id": segment.tenant_id,
        }
        self.talk: Talk = talk(
            rng,
            self.world.habits.personal,
            shifted=self.conditions.shifted,
            document=self.conditions.document,
        )
        self._messages: list[dict[str, str]] = []
        self._kept = False  # the last answer got a positive signal
        self._ended = False

    def bare(self) -> list[Timed]:
        """Return a session of one answer that nobody reacted to."""
        return self._finish(self._answer(self.start_ms + LEAD_MS, first=True))

    def whole(self, room: int) -> list[Timed]:
        """Return a session of one or more answers with all that follows, at most `room` records.

        `room` is at least ENOUGH.
        """
        at_ms, again = self.start_ms + LEAD_MS, False
        for turn in range(MAX_TURNS):
            answer = self._answer(at_ms, first=turn == 0, again=again)
            again = self._react(answer)
            if not again and self.rng.random() >= self.world.habits.more_turns:
                break
            if len(self.events) + ENOUGH > room:
                break
            at_ms += self._delay(45_000, 5_000, TURN_MS)
        if self.rng.random() < self.world.habits.session_end:
            self._end(answer)
        return self._finish(answer)

    def _finish(self, last: Fields) -> list[Timed]:
        if not (self._kept or self._ended):
            self.truth.add_abandonment(last)
        for planted in self.talk.planted:
            self.truth.add_planted(planted)
        return self.events

    # --- answers ---

    def _answer(self, at_ms: int, *, first: bool, again: bool = False) -> Fields:
        rng, conditions = self.rng, self.conditions
        if not again:
            self._messages.append({"role": "user", "content": self.talk.question(first=first)})
        context = self._messages[-CONTEXT:]
        status = self._status()
        response = self.talk.answer() if status == "ok" else ""
        tokens_in = 180 + sum(len(m["content"]) for m in context) // 4
        tokens_out = max(1, round(len(response) / 4 * rng.uniform(0.9, 1.1))) if response else 0
        fields = {
            "inference_id": self._id(),
            **self.who,
            "event_time": at_ms,
            "model_version": conditions.segment.model_version,
            "prompt_version": conditions.prompt_version,
            "segment": conditions.segment.name,
            "status": status,
            "latency_ms": int(rng.lognormvariate(6.7, 0.45)) if status != "timeout" else 30_000,
            "input_tokens": tokens_in,
            "output_tokens": tokens_out,
            "cost_usd": round(tokens_in * 3e-6 + tokens_out * 15e-6, 6),
            "language": self.talk.language,
            "attributes": {"plan": rng.choice(("free", "pro", "team"))},
            "retrieved": self._retrieved(),
            "messages": context,
            "response": response,
        }
        if response:
            self._messages.append({"role": "assistant", "content": response})
        self._kept = False
        self.truth.add_inference(fields, self._window(at_ms))
        self._emit("inference", fields)
        return fields

    def _status(self) -> str:
        if self.rng.random() >= self.world.habits.failed:
            return "ok"
        return self.rng.choice(("error", "refused", "timeout"))

    def _retrieved(self) -> list[Fields]:
        special = {p.doc_id for p in self.world.problems if isinstance(p, BadDocument)}
        others = [d for d in self.talk.subject.documents if d not in special]
        chosen = self.rng.sample(others, 3)
        if self.conditions.document is not None:
            chosen[0] = self.conditions.document
        return [{"doc_id": d, "score": round(self.rng.uniform(0.4, 0.95), 3)} for d in chosen]

    # --- reactions ---

    def _react(self, answer: Fields) -> bool:
        """Let people react to `answer`; return whether they ask for another one."""
        if answer["status"] != "ok":
            return False
        habits, chance = self.world.habits, self.rng.random
        bad = chance() < self.conditions.negative
        side = -1 if bad else (0 if chance() < habits.neutral else 1)
        if chance() < habits.impression:
            self._interact(answer, "impression", 500)
        if chance() < habits.rated:
            self._judge(answer, side)
        if chance() < habits.remark:
            self._say(answer, {"kind": "comment", "comment": self.talk.remark(side)}, self._soon())
        if side > 0 and chance() < habits.copy:
            self._interact(answer, "copy", self._soon())
        if side > 0 and chance() < habits.click:
            target = f"https://help.example.com/{answer['retrieved'][0]['doc_id']}"
            self._interact(answer, "click", self._soon(), target=target)
        if chance() < habits.edit:
            edited = self.talk.edited(answer["response"])
            self._interact(answer, "edit", self._soon(), edited_text=edited)
        if chance() < habits.dwell:
            seconds = round(self.rng.lognormvariate(3, 0.8), 1)
            self._interact(answer, "dwell", self._soon(), value=seconds)
        if side < 0 and chance() < habits.regenerate:
            self._interact(answer, "regenerate", self._delay(4_000, 1_000, 5_000))
            return True
        return False

    def _judge(self, answer: Fields, side: int) -> None:
        """Send one explicit judgement: on time, late, early, twice, taken back, or astray."""
        habits, rng = self.world.habits, self.rng
        fields = self._judgement(side)
        late_ms = self.world.join_window_ms + rng.randrange(10 * MINUTE_MS, 40 * MINUTE_MS)
        fate = rng.random()
        if fate < habits.orphan:
            lost = {**answer, "inference_id": self._id()}
            self._say(lost, fields, self._soon(), "orphan")
        elif fate < habits.orphan + habits.late:
            if answer["event_time"] + late_ms <= self.end_ms:
                self._say(answer, fields, late_ms, "late")
        elif fate < habits.orphan + habits.late + habits.early:
            self.truth.early += 1
            self._say(answer, fields, -rng.randrange(200, EARLY_MS))
        else:
            said = self._say(answer, fields, self._soon())
            if rng.random() < habits.duplicate:
                self._again("feedback", said)
            elif side <= 0 and rng.random() < habits.retract:
                self._take_back(answer, said)

    def _judgement(self, side: int) -> Fields:
        form = self.rng.random()
        if side < 0 and form < 0.06:
            return {"kind": "correction", "correction": self.talk.correction()}
        if side == 0 or form < 0.2:
            return {"kind": "rating", "value": side * self.rng.choice((0.5, 1.0))}
        if form < 0.28:
            return {"kind": "comment", "value": float(side), "comment": self.talk.remark(side)}
        return {"kind": "thumbs", "value": float(side)}

    def _say(
        self, answer: Fields, said: Fields, delay_ms: int, status: Status = "matched"
    ) -> Fields:
        fields = {
            "event_id": self._id(),
            "inference_id": answer["inference_id"],
            **self.who,
            "event_time": answer["event_time"] + delay_ms,
            "author": "user",
            "source": "chat-ui",
            **said,
        }
        self._signal("feedback", fields, answer, status)
        return fields

    def _interact(self, answer: Fields, kind: str, delay_ms: int, **more: Any) -> None:
        fields = {
            "event_id": self._id(),
            "inference_id": answer["inference_id"],
            **self.who,
            "event_time": answer["event_time"] + delay_ms,
            "kind": kind,
            **more,
        }
        self._signal("interaction", fields, answer, "matched")

    def _signal(self, kind: str, fields: Fields, answer: Fields, status: Status) -> None:
        positive = polarity(fields["kind"], fields.get("value")) > 0
        if status == "matched" and positive:
            self._kept = True
        about = None if status == "orphan" else answer
        self.truth.add_signal(kind, fields, status, about, self._window(fields["event_time"]))
        self._emit(kind, fields)

    def _again(self, kind: str, fields: Fields) -> None:
        """Send the same signal once more, as a sender does that missed its receipt."""
        self.truth.add_duplicate(kind)
        wait_ms = self.rng.randrange(1_000, 5 * MINUTE_MS)
        self.events.append(Timed(self.events[-1].arrival_ms + wait_ms, kind, fields))

    def _take_back(self, answer: Fields, said: Fields) -> None:
        delay_ms = said["event_time"] - answer["event_time"] + self.rng.randrange(5_000, 90_000)
        self._say(answer, {"kind": "retract", "retracts": said["event_id"]}, delay_ms)
        self.truth.take_back(said, answer, self._window(said["event_time"]))

    def _end(self, last: Fields) -> None:
        self._ended = True
        self._interact(last, "session_end", self._delay(60_000, 10_000, 15 * MINUTE_MS))

    # --- small pieces ---

    def _emit(self, kind: str, fields: Fields) -> None:
        arrival_ms = fields["event_time"] + self.rng.randrange(TRANSPORT_MS)
        self.events.append(Timed(arrival_ms, kind, fields))

    def _soon(self) -> int:
        return self._delay(25_000, 1_000, JUDGED_MS)

    def _delay(self, median_ms: int, least_ms: int, most_ms: int) -> int:
        """Return a log-normal delay: people are mostly quick, sometimes very slow."""
        drawn = median_ms * self.rng.lognormvariate(0.0, 1.1)
        return int(min(max(drawn, least_ms), most_ms))

    def _window(self, event_time: int) -> int:
        return event_time // self.world.window_ms * self.world.window_ms

    def _id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
