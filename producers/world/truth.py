"""What is true of simulated traffic: what a loop that works must find, exactly.

All of it is about distinct records as sent, before any drain. `abandonments` are what the session
rule gives once every gap has passed (or a flush has decided); they come on top of the signals.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from producers.world.personal import Planted
from schemas.ids import abandonment_id
from schemas.polarity import is_rated, polarity

Status = Literal["matched", "late", "orphan"]


class WindowKey(NamedTuple):
    """One window and key of the sums; orphans have no model, prompt or segment."""

    window_start: int  # ms
    tenant_id: str
    model_version: str = ""
    prompt_version: str = ""
    segment: str = ""


class Expected(NamedTuple):
    """An action that must come: any one of `kinds`, about this segment, naming `names`."""

    problem: str  # prompt_regression, bad_document, input_shift
    kinds: tuple[str, ...]
    tenant_id: str
    segment: str
    names: dict[str, str]  # e.g. {"prompt_version": "p2"}, {"doc_id": "kb-returns-02"}
    from_ms: int  # event time at which the problem begins


@dataclass
class Truth:
    """Complete when the traffic it belongs to has been read to its end."""

    seed: int
    start_ms: int
    sent: Counter[str] = field(default_factory=Counter)  # records by type, duplicates too
    inferences: int = 0
    statuses: dict[str, Status] = field(default_factory=dict)  # event_id of each distinct signal
    kinds: Counter[str] = field(default_factory=Counter)  # distinct signals by kind
    duplicates: int = 0
    early: int = 0  # dated before their inference; matched all the same
    retracted: set[str] = field(default_factory=set)  # event_ids taken back
    abandonments: set[str] = field(default_factory=set)  # event_ids of the derived interactions
    planted: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    windows: defaultdict[WindowKey, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    rated_by_prompt: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    negative_by_prompt: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rated_by_doc: Counter[str] = field(default_factory=Counter)
    negative_by_doc: Counter[str] = field(default_factory=Counter)
    expected_actions: list[Expected] = field(default_factory=list)

    @property
    def events(self) -> int:
        """Return how many records were sent."""
        return sum(self.sent.values())

    @property
    def signals(self) -> int:
        """Return how many distinct signals were sent (abandonments are derived, not sent)."""
        return len(self.statuses)

    @property
    def enriched(self) -> int:
        """Return how many enriched records there must be: signals and abandonments."""
        return len(self.statuses) + len(self.abandonments)

    def count(self, status: Status) -> int:
        """Return how many distinct signals end as `status`, abandonments left out."""
        return sum(found == status for found in self.statuses.values())

    def add_inference(self, fields: dict[str, Any], window_start: int) -> None:
        """Take an inference."""
        self.sent["inference"] += 1
        self.inferences += 1
        counts = self.windows[key_of(window_start, fields)]
        counts["inferences"] += 1
        failure = {"error": "errors", "refused": "refusals", "timeout": "timeouts"}
        if fields["status"] in failure:
            counts[failure[fields["status"]]] += 1

    def add_signal(
        self,
        kind: str,
        fields: dict[str, Any],
        status: Status,
        about: dict[str, Any] | None,
        window_start: int,
    ) -> None:
        """Take a distinct signal of type `kind`; `about` is its inference, None for an orphan."""
        self.sent[kind] += 1
        self.kinds[fields["kind"]] += 1
        self.statuses[fields["event_id"]] = status
        counts = self.windows[key_of(window_start, about, fields["tenant_id"])]
        counts["orphans" if status == "orphan" else status] += 1
        self._judge(kind, fields, about, counts, 1)

    def take_back(self, fields: dict[str, Any], about: dict[str, Any], window_start: int) -> None:
        """Undo the judgement of an earlier explicit signal, in its own window."""
        self.retracted.add(fields["event_id"])
        counts = self.windows[key_of(window_start, about)]
        self._judge("feedback", fields, about, counts, -1)

    def add_duplicate(self, kind: str) -> None:
        """Take a signal that was sent before."""
        self.sent[kind] += 1
        self.duplicates += 1

    def add_abandonment(self, inference: dict[str, Any]) -> None:
        """Take the last inference of an abandoned session."""
        ids = (inference["tenant_id"], inference["session_id"], inference["inference_id"])
        self.abandonments.add(abandonment_id(*ids))

    def add_planted(self, planted: Planted) -> None:
        """Take a piece of personal data that lies in some text."""
        self.planted[planted[0]].add(planted[1])

    def _judge(
        self,
        kind: str,
        fields: dict[str, Any],
        about: dict[str, Any] | None,
        counts: Counter[str],
        sign: int,
    ) -> None:
        value = fields.get("value")
        if kind != "feedback" or not is_rated(fields["kind"], value):
            return
        side = polarity(fields["kind"], value)
        counts[("neutral", "positive", "negative")[side]] += sign
        if about is None:
            return
        key = (about["tenant_id"], about["segment"], about["prompt_version"])
        self.rated_by_prompt[key] += sign
        self.negative_by_prompt[key] += sign * (side < 0)
        for document in about["retrieved"]:
            self.rated_by_doc[document["doc_id"]] += sign
            self.negative_by_doc[document["doc_id"]] += sign * (side < 0)

    def to_json(self) -> dict[str, Any]:
        """Return the truth as plain JSON values; sets are sorted lists, windows a list of rows."""
        return {
            "seed": self.seed,
            "start_ms": self.start_ms,
            "events": self.events,
            "sent": dict(self.sent),
            "inferences": self.inferences,
            "signals": self.signals,
            "enriched": self.enriched,
            "matched": self.count("matched"),
            "late": self.count("late"),
            "orphans": self.count("orphan"),
            "duplicates": self.duplicates,
            "early": self.early,
            "kinds": dict(self.kinds),
            "retracted": sorted(self.retracted),
            "abandonments": sorted(self.abandonments),
            "statuses": self.statuses,
            "planted": {kind: sorted(values) for kind, values in sorted(self.planted.items())},
            "prompts": _rates(self.rated_by_prompt, self.negative_by_prompt),
            "documents": _rates(self.rated_by_doc, self.negative_by_doc),
            "windows": [
                {**key._asdict(), **{name: n for name, n in counts.items() if n}}
                for key, counts in sorted(self.windows.items())
            ],
            "expected_actions": [expected._asdict() for expected in self.expected_actions],
        }


def key_of(window_start: int, about: dict[str, Any] | None, tenant_id: str = "") -> WindowKey:
    """Return the key under which an inference, or a signal about it, is counted."""
    if about is None:
        return WindowKey(window_start, tenant_id)
    return WindowKey(
        window_start,
        about["tenant_id"],
        about["model_version"],
        about["prompt_version"],
        about["segment"],
    )


def _rates(rated: Counter[Any], negative: Counter[Any]) -> list[dict[str, Any]]:
    return [{"key": key, "rated": n, "negative": negative[key]} for key, n in sorted(rated.items())]
