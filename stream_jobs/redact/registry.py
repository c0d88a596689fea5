"""Every recogniser, once, in the order of the layers."""

from typing import Final

from stream_jobs.redact.accounts import ACCOUNTS
from stream_jobs.redact.assignments import ASSIGNMENTS
from stream_jobs.redact.birth import BIRTH
from stream_jobs.redact.email import EMAILS
from stream_jobs.redact.financial import FINANCIAL
from stream_jobs.redact.national import NATIONAL
from stream_jobs.redact.network import NETWORK
from stream_jobs.redact.phones import PHONES
from stream_jobs.redact.places import PLACES
from stream_jobs.redact.recogniser import Recogniser
from stream_jobs.redact.secrets import SECRETS

RECOGNISERS: Final[tuple[Recogniser, ...]] = (
    *SECRETS,
    *ASSIGNMENTS,
    *EMAILS,
    *FINANCIAL,
    *NATIONAL,
    *BIRTH,
    *NETWORK,
    *PHONES,
    *PLACES,
    *ACCOUNTS,
)
