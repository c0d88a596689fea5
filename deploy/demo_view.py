"""What the demo shows while it runs: a live picture on a terminal, plain lines elsewhere."""

import time
from dataclasses import dataclass, field
from typing import Any, Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.action_lines import STYLES, evidence

_PLAIN_EVERY_S: Final = 10.0
_SHOWN_ACTIONS: Final = 6
_SHOWN_EXAMPLES: Final = 2
_SHOWN_SHARES: Final = 2


@dataclass
class Picture:
    """What is known at a moment. `prompts`: (tenant, segment, prompt version, rated, negative)."""

    total: int
    sent: int = 0
    stored: int = 0
    joined: int = 0
    orphans: int = 0
    redactions: int = 0
    prompts: list[tuple[str, str, str, int, int]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def line(self) -> str:
        """The traffic in one line."""
        rate = f"{self.joined / self.stored:.1%}" if self.stored else "–"
        return (
            f"sent {self.sent:,} of {self.total:,}   signals stored {self.stored:,}   "
            f"joined {rate}   orphans {self.orphans:,}   redactions {self.redactions:,}"
        )


class View:
    """Shows a `Picture` again and again; use it in a `with` block. Each action is shown once."""

    def __init__(self, console: Console, picture: Picture) -> None:
        self._console = console
        self._picture = picture
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._told = 0
        self._next_line_s = 0.0

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.refresh(last=True)
        if self._live:
            self._live.stop()

    def refresh(self, *, last: bool = False) -> None:
        """Show what is new."""
        if self._live:
            self._live.update(render(self._picture), refresh=True)
            return
        for action in self._picture.actions[self._told :]:
            self._say(action_text(action))
        self._told = len(self._picture.actions)
        if last or time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + _PLAIN_EVERY_S
            self._say(Text(self._picture.line))

    def _say(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def render(picture: Picture) -> RenderableType:
    """Return the whole picture."""
    shown = picture.actions[-_SHOWN_ACTIONS:]
    found = Group(*map(action_text, shown)) if shown else Text("nothing yet", "dim")
    return Group(
        Panel(_traffic(picture), title="traffic", title_align="left"),
        Panel(_prompts(picture), title="negative rate by prompt version", title_align="left"),
        Panel(found, title=f"actions ({len(picture.actions)})", title_align="left"),
    )


def _traffic(picture: Picture) -> Table:
    table = Table.grid(expand=True)
    table.add_row(ProgressBar(max(picture.total, 1), picture.sent))
    table.add_row(picture.line)
    return table


def _prompts(picture: Picture) -> Table:
    table = Table.grid(padding=(0, 2))
    for tenant, segment, prompt, rated, negative in picture.prompts:
        rate = negative / rated if rated else 0.0
        style = "red" if rate > 0.2 else "green"
        bar = Text("█" * round(rate * 40), style)
        table.add_row(f"{tenant} {segment}", prompt, f"{rate:6.1%}", f"of {rated:,}", bar)
    return table


def action_text(action: dict[str, Any]) -> Text:
    """Return an action with its evidence and examples, in a few lines."""
    style = STYLES.get(action["severity"], "")
    where = " ".join([action["tenant_id"], *(v for _, v in sorted(action["key"].items()))])
    text = Text()
    text.append(f"▲ {action['state']} {action['rule']} → {action['kind']}: {where}\n", style)
    text.append(f"    why: {evidence(action, _SHOWN_SHARES)}")
    if action["examples"]:
        text.append(f"\n    e.g. {', '.join(action['examples'][:_SHOWN_EXAMPLES])}", "dim")
    return text
