"""Tests against a real broker, registry and store."""
