"""The promises of redaction, checked against what was measured."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Bounds:
    """What was measured, by name, and which promises it broke."""

    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def note(self, name: str, value: float) -> None:
        """Keep a figure."""
        self.figures[name] = round(value, 4)

    def least(self, name: str, value: float, bound: float) -> str:
        """Keep a figure that must not be below `bound`; return how it stands to it."""
        return self._judge(name, value, value >= bound, f"at least {bound:,.6g}")

    def most(self, name: str, value: float, bound: float) -> str:
        """Keep a figure that must not be above `bound`; return how it stands to it."""
        return self._judge(name, value, value <= bound, f"at most {bound:,.6g}")

    def _judge(self, name: str, value: float, good: bool, promise: str) -> str:
        self.note(name, value)
        if not good:
            self.broken.append(f"{name}: {value:,.6g}, promised {promise}")
        return f"{'ok' if good else 'BROKEN'} ({promise})"
