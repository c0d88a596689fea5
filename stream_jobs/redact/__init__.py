"""The redact room."""
