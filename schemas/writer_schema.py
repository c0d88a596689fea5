"""A writer's schema as the codec needs it; pure."""

import json
from typing import Any

from schemas.catalog import FILES, definition, parse, parsed


class WriterSchema:
    """A writer's schema: `name` of its record, `json` as registered, `parsed` for the codec.

    `current` tells whether it is our own version, so that bodies can be passed on as they are.
    """

    def __init__(self, number: int, text: str) -> None:
        self.id = number
        self.json: Any = json.loads(text)
        self.name: str = self.json["name"] if isinstance(self.json, dict) else ""
        self.current = self.name in FILES and self.json == definition(self.name)
        self.parsed: Any = parsed(self.name) if self.current else parse(self.json)
