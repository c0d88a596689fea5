"""What `make bench-redact` measures by: texts with known spans, Presidio beside us, scores."""
