"""Pure tests: seconds, no server."""
