"""Detect: a rate that rose, a distribution that moved, a document that stands out."""
