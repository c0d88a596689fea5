"""The window room."""
