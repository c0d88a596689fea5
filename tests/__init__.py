"""The tests: unit (pure), conformance (every sink, every promise), integration (real parts)."""
