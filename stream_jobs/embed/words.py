"""A text as the embedders read it: stand-ins of redacted values by their type, nothing else."""

import re
from typing import Final

_LABEL: Final = re.compile(r"<([A-Z][A-Z0-9_]{1,39})(?::[a-z0-9_:]{1,40})?>")

_COMMON: Final = (
    "a about after all also am an and any are as at be been but by can could did do does don "
    "for from get had has have he her hers him his how i if in into is it its just me more "
    "most my no not of on one or our out over she should so some such than that the their "
    "them then there these they this those to too up us very was we were what when where "
    "which who why will with would you your der die das und ist nicht ein eine ich sie es zu "
    "den mit auf für von im dem des le la les de et est un une je vous il que qui pas pour "
    "dans el los las y en por con para se lo"
)

STOP_WORDS: Final = frozenset(_COMMON.split())
"""Words that carry no subject; of the languages whose patterns redaction knows best."""


def readable(text: str) -> str:
    """Return `text` with each stand-in `<EMAIL_ADDRESS:k1:…>` as the word `email_address`."""
    return _LABEL.sub(lambda found: f" {found.group(1).lower()} ", text)
