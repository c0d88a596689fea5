"""The simulated product's world: what users ask, which facts are true, and how both change; pure.

Every subject has one fact that a right answer states. The world drifts in three ways: a document
goes stale (its fact changes at the source, the index still holds the old text), a policy changes
(a fact that stands in the prompt), a new subject appears (a fact that no model was trained on).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

DAYS: Final = 182
AREAS: Final = ("orders", "returns", "shipping", "billing", "account", "devices")

Source = Literal["document", "prompt", "model"]
"""Where the product's knowledge of a subject comes from, and so what mends it."""


@dataclass(frozen=True)
class Subject:
    """Something that users of one area of the product ask about.

    `things` are the words of its questions. From `since` on people ask about it.
    """

    area: str
    name: str
    source: Source
    things: tuple[str, ...]
    since: int = 0

    @property
    def doc_id(self) -> str:
        """Return the document that holds its fact, if a document does."""
        return f"kb-{self.name}"


@dataclass(frozen=True)
class Change:
    """On day `day` something about a subject changes; `kind` names what."""

    day: int
    kind: Literal["stale document", "changed policy", "new topic"]
    subject: str


SUBJECTS: Final = (
    Subject("orders", "tracking", "document", ("tracking page", "parcel status", "courier map")),
    Subject("orders", "cancelling", "document", ("cancel button", "cancellation", "order stop")),
    Subject("orders", "bulk", "prompt", ("bulk order", "wholesale basket", "volume quote")),
    Subject("orders", "gifts", "document", ("gift wrapping", "greeting card", "gift receipt")),
    Subject("orders", "lockers", "model", ("pickup locker", "locker code", "locker door"), 150),
    Subject("returns", "window", "prompt", ("return window", "return deadline", "return period")),
    Subject("returns", "label", "document", ("return label", "label printer", "label barcode")),
    Subject("returns", "exchange", "document", ("exchange", "other size", "swap of colours")),
    Subject("returns", "condition", "document", ("opened box", "missing packaging", "worn item")),
    Subject("shipping", "fees", "prompt", ("shipping fee", "delivery charge", "postage")),
    Subject("shipping", "abroad", "document", ("customs form", "import duty", "foreign address")),
    Subject("shipping", "speed", "document", ("express service", "delivery day", "evening slot")),
    Subject("shipping", "damage", "document", ("crushed carton", "transport damage", "wet parcel")),
    Subject("billing", "invoice", "document", ("invoice copy", "VAT number", "billing address")),
    Subject("billing", "refunds", "prompt", ("refund", "money back", "credit note")),
    Subject("billing", "cards", "document", ("declined card", "new credit card", "card check")),
    Subject("billing", "vouchers", "document", ("voucher", "discount code", "gift balance")),
    Subject("account", "password", "document", ("password reset", "sign-in link", "locked login")),
    Subject("account", "privacy", "document", ("data export", "erasure request", "cookie choice")),
    Subject("account", "family", "prompt", ("family account", "second user", "child profile")),
    Subject("account", "mails", "document", ("newsletter", "notification mail", "mail frequency")),
    Subject("account", "passkeys", "model", ("passkey", "security key", "fingerprint login"), 107),
    Subject("devices", "setup", "document", ("first setup", "pairing mode", "quick start")),
    Subject("devices", "battery", "document", ("battery life", "charging time", "power saving")),
    Subject("devices", "warranty", "prompt", ("warranty", "repair claim", "guarantee card")),
    Subject("devices", "firmware", "document", ("firmware", "update error", "version number")),
    Subject("devices", "solar", "model", ("solar panel", "inverter", "roof kit"), 62),
)
BY_NAME: Final = {subject.name: subject for subject in SUBJECTS}

CHANGES: Final = (
    Change(33, "stale document", "tracking"),
    Change(48, "changed policy", "window"),
    Change(62, "new topic", "solar"),
    Change(77, "stale document", "invoice"),
    Change(92, "changed policy", "fees"),
    Change(107, "new topic", "passkeys"),
    Change(122, "stale document", "setup"),
    Change(137, "changed policy", "refunds"),
    Change(150, "new topic", "lockers"),
)


@dataclass(frozen=True)
class World:
    """The facts of every day."""

    changes: Sequence[Change] = CHANGES

    def edition(self, subject: Subject, day: int) -> int:
        """Return how often the fact of `subject` has changed until `day`."""
        return sum(change.subject == subject.name and change.day <= day for change in self.changes)

    def fact(self, subject: Subject, day: int) -> str:
        """Return the words that a right answer about `subject` holds on `day`."""
        return fact(subject, self.edition(subject, day))

    def asked(self, area: str, day: int) -> list[Subject]:
        """Return what people of `area` ask about on `day`."""
        return [s for s in SUBJECTS if s.area == area and s.since <= day]


def fact(subject: Subject, edition: int) -> str:
    """Return the words of a fact: a number that changes with every edition."""
    number = Random(f"{subject.name}:{edition}").randrange(10, 99)
    return f"{subject.things[0]} rule {number}-{edition}"
