"""The stages, in the order of the flow: redact, join, window, detect, act.

`runtime/` and `app.py` know Faust and Kafka; every other file here is pure: no client, no clock,
no environment.
"""
