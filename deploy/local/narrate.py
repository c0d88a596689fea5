"""Tells on standard error what a stack is doing: one line a change, a spinner on a terminal."""

import time

from rich.console import Console

from deploy.local.state import StackState

_MARKS = {"running": "green", "failed": "red", "crash-loop": "red", "backoff": "yellow"}


class Narrator:
    """Prints each change of each part once, with the seconds since it was made."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._seen: dict[str, str] = {}
        self._message = ""
        self._start = time.monotonic()

    def say(self, line: str) -> None:
        """Print one line."""
        self._console.print(line, markup=False, soft_wrap=True)

    def watch(self, stack: StackState) -> None:
        """Print what changed since the last call."""
        for part in stack.parts:
            if part.state != self._seen.get(part.name, "waiting"):
                self._tell(part.name, part.state, part.message)
            self._seen[part.name] = part.state
        if stack.message and stack.message != self._message:
            self._tell("setup", stack.phase, stack.message)
        self._message = stack.message

    def _tell(self, name: str, state: str, message: str) -> None:
        seconds = time.monotonic() - self._start
        style = _MARKS.get(state, "dim")
        last = message.strip().splitlines()[-1:] or [""]
        line = f"{seconds:6.1f} s  {name:<18} [{style}]{state}[/{style}]"
        self._console.print(line, end="  " if last[0] else "\n", soft_wrap=True)
        if last[0]:
            self._console.print(last[0], markup=False, soft_wrap=True)
