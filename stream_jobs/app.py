"""Wires topics to stages, top to bottom."""
