"""What an application imports: the client that sends events, and handlers of actions. Light."""

from producers.actions import Action, Declined, Done
from producers.client import FeedbackClient
from producers.courier import Delivery
from producers.envelope import Envelope
from producers.handler import Handler, Retry, on_action
from producers.handlers import run_handlers
from producers.overflow import Overflow
from producers.tally import Stats

__all__ = [
    "Action",
    "Declined",
    "Delivery",
    "Done",
    "Envelope",
    "FeedbackClient",
    "Handler",
    "Overflow",
    "Retry",
    "Stats",
    "on_action",
    "run_handlers",
]
