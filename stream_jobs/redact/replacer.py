"""What is written in place of each found value, by the policy and with the current key."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from stream_jobs.redact.folding import fold
from stream_jobs.redact.keys import Keys
from stream_jobs.redact.labels import partial_label, plain_label
from stream_jobs.redact.policy import Policy
from stream_jobs.redact.pseudonyms import pseudonym
from stream_jobs.redact.spans import Span


@dataclass(frozen=True, slots=True)
class Replacer:
    """Replaces values. Immutable."""

    keys: Keys
    policy: Policy

    def value(self, kind: str, value: str, tenant: str) -> str:
        """Return what replaces `value` of `kind`."""
        treatment = self.policy.of(kind)
        if treatment == "label":
            return plain_label(kind)
        if treatment == "partial":
            return partial_label(kind, fold(value).text)
        if treatment == "drop":
            return ""
        return pseudonym(kind, value, tenant, self.keys.current)

    def values(self, text: str, spans: Sequence[Span], tenant: str) -> list[str]:
        """Return what replaces each of `spans` in `text`."""
        made: dict[tuple[str, str], str] = {}  # a text often holds a value more than once
        values = []
        for span in spans:
            place = (span.type, text[span.start : span.end])
            if place not in made:
                made[place] = self.value(*place, tenant)
            values.append(made[place])
        return values

    def apply(self, text: str, spans: Sequence[Span], tenant: str) -> str:
        """Return `text` with all `spans` (in order, not overlapping) replaced."""
        if not spans:
            return text
        pieces = [text[: spans[0].start]]
        for value, (span, following) in zip(
            self.values(text, spans, tenant),
            pairwise((*spans, Span(len(text), len(text), "", "guard"))),
            strict=True,
        ):
            pieces += (value, text[span.end : following.start])
        return "".join(pieces)

    def drops(self, spans: Sequence[Span]) -> bool:
        """Whether any of `spans` leaves nothing behind, so that its neighbours meet."""
        return self.policy.drops and any(self.policy.of(span.type) == "drop" for span in spans)
