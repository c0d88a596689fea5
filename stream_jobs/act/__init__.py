"""Act: rules say what to watch and what to do; an episode says it once."""
