"""Decide: partials of all join partitions become closed windows, metrics, alarms and actions."""
