"""Window: exact sums per minute of event time and key, in each partition of the join."""
