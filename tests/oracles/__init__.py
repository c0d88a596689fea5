"""Comparisons with other people's programs, too heavy for `make test`: `make oracles`."""
