"""The shared language: records, topics, codec, settings, errors; imports nothing of ours.

inference, feedback, interaction
  ─► redact ─► *.redacted ─► join ─► enriched ─► sinks
                                └─► partials ─► decide ─► metrics + actions
"""
