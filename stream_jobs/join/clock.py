"""How long the join remembers: a record is live while it is young in event time or in arrival.

Event time alone would throw a backfill of last week away at once, beside live traffic; arrival
alone would forget a slow stream's last hour. Both clocks only move forward and are in the
checkpoint, so that a restart forgets exactly what was forgotten before.
"""

from dataclasses import dataclass

from stream_jobs.join.watermark import NEVER


@dataclass
class Clock:
    """Largest event time and arrival time of a partition, and of its inferences; ms."""

    window_ms: int
    hold_ms: int
    event_ms: int = NEVER
    arrival_ms: int = NEVER
    inference_event_ms: int = NEVER
    inference_arrival_ms: int = NEVER

    def saw(self, event_time: int, arrival: int) -> None:
        """Take a record of any topic."""
        self.event_ms = max(self.event_ms, event_time)
        self.arrival_ms = max(self.arrival_ms, arrival)

    def saw_inference(self, event_time: int, arrival: int) -> None:
        """Take an inference (after `saw`)."""
        self.inference_event_ms = max(self.inference_event_ms, event_time)
        self.inference_arrival_ms = max(self.inference_arrival_ms, arrival)

    def live(self, event_time: int, arrival: int) -> bool:
        """Whether a record of that age is still remembered."""
        return (
            event_time >= self.event_ms - self.window_ms
            or arrival >= self.arrival_ms - self.hold_ms
        )
