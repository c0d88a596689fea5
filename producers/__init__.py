"""What an application imports: the client that sends events. Light: no faust, no numpy."""

from producers.client import FeedbackClient
from producers.courier import Delivery
from producers.envelope import Envelope
from producers.overflow import Overflow
from producers.tally import Stats

__all__ = ["Delivery", "Envelope", "FeedbackClient", "Overflow", "Stats"]
