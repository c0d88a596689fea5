"""Each sink reads topics and writes one store, every record exactly once."""
