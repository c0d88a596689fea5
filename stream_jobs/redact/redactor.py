"""Redaction of texts, ids and whole records; pure, given the keys and the model.

Fails closed: a text that is too long, or on which a recogniser or the model fails, is replaced
whole by a label that gives the reason. The failure's own words are dropped, for they may quote
the text; its type is counted.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from schemas.settings import RedactSettings
from stream_jobs.redact.email import ENCODED_EMAIL, PLAIN_EMAIL
from stream_jobs.redact.explain import Candidate, explain
from stream_jobs.redact.keys import Keys
from stream_jobs.redact.labels import UNSCANNED, is_label, label_pattern, unscanned_label
from stream_jobs.redact.names import NameFinder
from stream_jobs.redact.own import NO_EXTRAS, Extras
from stream_jobs.redact.patched import Patched
from stream_jobs.redact.policy import Policy, parse_treatments
from stream_jobs.redact.pseudonyms import pseudonym
from stream_jobs.redact.replacer import Replacer
from stream_jobs.redact.scan import Scan, Scanner
from stream_jobs.redact.spans import Span
from stream_jobs.redact.treatment import Plan, Text
from stream_jobs.redact.walk import Walk

TOO_LONG: Final = "too_long"
RECOGNISER_FAILED: Final = "recogniser_failed"
MODEL_FAILED: Final = "model_failed"
UNSETTLED: Final = "unsettled"
REPLACEMENT_FAILED: Final = "replacement_failed"

MAX_ROUNDS: Final = 8
"""How often a text is read anew, for names or after a drop, before it is given up."""

Found = list[Span] | str
"""The spans of a text, or the reason why it could not be scanned."""


class Redactor:
    """Redacts with one set of keys and, if given, one model of names.

    Safe to share by threads if the model is.
    """

    def __init__(
        self,
        config: RedactSettings,
        keys: Keys,
        names: NameFinder | None = None,
        extras: Extras = NO_EXTRAS,
        policy: Policy | None = None,
    ) -> None:
        """Without a `policy` that of `config.treatments` is taken."""
        self._max_chars = config.max_text_chars
        self._keys = keys
        self._names = names
        self._policy = policy or Policy(parse_treatments(config.treatments))
        self._labels = label_pattern(self._policy.own_types)
        self._replacer = Replacer(keys, self._policy)
        self._ids_replacer = Replacer(keys, Policy())
        self._scanner = Scanner(extras=extras, labels=self._labels, kept=self._policy.kept)
        self._ids = Scanner((PLAIN_EMAIL, ENCODED_EMAIL))

    def redact_records(
        self, plan: Plan, records: list[dict[str, Any]], tenants: Sequence[str] | None = None
    ) -> list[tuple[dict[str, Any], Counter[str]]]:
        """Return each record, redacted *in place*, and how many spans of each type it held.

        `tenants` gives the tenant of each record; without it, it is the record's own `tenant_id`.
        A text that could not be scanned counts as `UNSCANNED:<reason>`, pseudonyms of whole
        fields count under their type.
        """
        owners = [str(r.get("tenant_id", "")) for r in records] if tenants is None else tenants
        walks: list[Walk] = []
        for record, tenant in zip(records, owners, strict=True):
            walk = Walk(partial(self._settle, tenant))
            walk.visit([record], 0, plan.root)
            walks.append(walk)
        slots = [slot for walk in walks for slot in walk.slots]
        found = self._find([slot.text for slot in slots], [slot.key for slot in slots])
        at = 0
        for walk, tenant in zip(walks, owners, strict=True):
            texts = []
            for slot in walk.slots:
                if found[at]:
                    text, settled = self._settled(slot.text, found[at], tenant, slot.key)
                    walk.counts.update(_types(settled))
                    texts.append(text)
                else:
                    texts.append(slot.text)
                at += 1
            walk.finish(texts)
        return [(record, walk.counts) for record, walk in zip(records, walks, strict=True)]

    def redact_text(self, text: str, tenant: str) -> tuple[str, list[Span]]:
        """Return `text` redacted, and the spans that were replaced.

        Spans are in order, don't overlap, and count code points of the input.
        """
        return self.redact_texts([text], tenant)[0]

    def redact_texts(self, texts: Sequence[str], tenant: str) -> list[tuple[str, list[Span]]]:
        """Return what `redact_text` returns, for many texts at once."""
        results = []
        for text, found in zip(texts, self._find(texts, [""] * len(texts)), strict=True):
            redacted, settled = self._settled(text, found, tenant)
            results.append((redacted, settled if isinstance(settled, list) else [_whole(text)]))
        return results

    def redact_id(self, value: str, tenant: str) -> str:
        """Return a join key: as it is, but with any e-mail address in it as its pseudonym.

        Equal ids of a tenant stay equal, so joins still find each other.
        """
        return self._id(value, tenant)[0]

    def _id(self, value: str, tenant: str) -> tuple[str, Found]:
        if value.isascii() and "@" not in value and "%40" not in value:
            return value, []
        found: Found
        try:
            found = self._spans(Scan(value), self._ids)
        except Exception:  # noqa: BLE001 - whatever failed, the value must not pass
            found = RECOGNISER_FAILED
        if isinstance(found, str):
            return unscanned_label(found), found
        return self._ids_replacer.apply(value, found, tenant), found

    def _settle(self, tenant: str, value: str, node: Text) -> tuple[str | None, Sequence[str]]:
        if node.treatment == "keep":
            kept, found = self._id(value, tenant)
            return kept, _types(found)
        if node.treatment == "drop":
            return (None if node.nullable else ""), ()
        if not value or is_label(value):
            return value, ()
        return pseudonym(node.kind, value, tenant, self._keys.current), (node.kind,)

    def explain(self, text: str, key: str = "") -> list[Candidate]:
        """Return what the pattern layers looked at in `text`, and why each was taken or not.

        `key` is the map key or field name that the text stands under. Raises what a recogniser
        raises.
        """
        return explain(text, self._scanner, key)

    def _find(self, texts: Sequence[str], keys: Sequence[str]) -> list[Found]:
        """Return what is to be replaced in each text, which stands under its key, by all layers."""
        found: list[Found] = [TOO_LONG] * len(texts)
        scans: dict[int, Scan] = {}
        for i, (text, key) in enumerate(zip(texts, keys, strict=True)):
            if len(text) <= self._max_chars:
                try:
                    scans[i] = self._scanner.start(text, key)
                    self._scanner.exhaust(scans[i])
                    found[i] = scans[i].spans()
                except Exception:  # noqa: BLE001 - fails closed; its words may quote the text
                    scans.pop(i, None)
                    found[i] = RECOGNISER_FAILED
        if self._names is not None:
            self._find_names(self._names, scans, found)
        return found

    def _find_names(self, names: NameFinder, scans: dict[int, Scan], found: list[Found]) -> None:
        """Cut names out until neither the model nor the patterns find any more.

        Nearly all texts are done in two rounds; one that isn't after MAX_ROUNDS is given up.
        """
        pending = {i: scan for i, scan in scans.items() if scan.rest.strip()}
        for _ in range(MAX_ROUNDS):
            if not pending:
                return
            again: dict[int, Scan] = {}
            results = _ask(names, [scan.rest for scan in pending.values()])
            for (i, scan), spans in zip(pending.items(), results, strict=True):
                if spans is None:
                    found[i] = MODEL_FAILED
                elif scan.cut(span for span in spans if self._wanted(span, scan.rest)):
                    again[i] = scan
            pending = self._rescan(again, found)
        for i in pending:
            found[i] = UNSETTLED

    def _wanted(self, span: Span, text: str) -> bool:
        """Whether a name is to go; not if it, or the word that it is a part of, is allowed."""
        kept = span.type in self._policy.kept
        return not kept and not self._scanner.allowed.has_word(text, span.start, span.end)

    def _rescan(self, scans: dict[int, Scan], found: list[Found]) -> dict[int, Scan]:
        still: dict[int, Scan] = {}
        for i, scan in scans.items():
            try:
                found[i] = self._spans(scan, self._scanner)
                still[i] = scan
            except Exception:  # noqa: BLE001 - fails closed; its words may quote the text
                found[i] = RECOGNISER_FAILED
        return still

    @staticmethod
    def _spans(scan: Scan, scanner: Scanner) -> list[Span]:
        scanner.exhaust(scan)
        return scan.spans()

    def _settled(self, text: str, found: Found, tenant: str, key: str = "") -> tuple[str, Found]:
        """Return `text` with what was `found` replaced, and all that was found in the end."""
        try:
            return self._replaced(text, found, tenant, key)
        except Exception:  # noqa: BLE001 - fails closed; its words may quote the text
            return unscanned_label(REPLACEMENT_FAILED), REPLACEMENT_FAILED

    def _replaced(self, text: str, found: Found, tenant: str, key: str) -> tuple[str, Found]:
        if isinstance(found, str):
            return unscanned_label(found), found
        if not self._replacer.drops(found):
            return self._replacer.apply(text, found, tenant), found
        return self._exhausted(text, found, tenant, key)

    def _exhausted(self, text: str, found: Found, tenant: str, key: str) -> tuple[str, Found]:
        """Redact until nothing is found: what a drop brings together may be a value itself."""
        patched = Patched.whole(text)
        for _ in range(MAX_ROUNDS):
            if isinstance(found, str):
                return unscanned_label(found), found
            if not found:
                return patched.text, list(patched.spans)
            patched = patched.replace(found, self._replacer.values(patched.text, found, tenant))
            [found] = self._find([patched.text], [key])
        return unscanned_label(UNSETTLED), UNSETTLED


def _ask(names: NameFinder, texts: list[str]) -> list[list[Span] | None]:
    """Return the names in each text; None where the model fails on that text alone too."""
    try:
        return list(names.find(texts))
    except Exception:  # noqa: BLE001 - one text must not cost the whole batch
        return [_ask_alone(names, text) for text in texts]


def _ask_alone(names: NameFinder, text: str) -> list[Span] | None:
    try:
        return names.find([text])[0]
    except Exception:  # noqa: BLE001 - fails closed; its words may quote the text
        return None


def _types(found: Found) -> Sequence[str]:
    if not found:
        return ()
    return [s.type for s in found] if isinstance(found, list) else [f"{UNSCANNED}:{found}"]


def _whole(text: str) -> Span:
    return Span(0, len(text), UNSCANNED, "guard")
