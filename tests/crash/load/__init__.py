"""The loop under load: pressure, restarts, recovery, hours: what it costs, and whether it grows."""
