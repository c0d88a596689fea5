"""Texts with known spans, to measure redaction by."""
