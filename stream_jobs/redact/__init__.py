"""First stage: nothing personal gets past it.

treatment (what the writer's schema says of each string)
  ─► walk (the strings of a record) ─► redactor
       ├─ scan: fold ─► gate ─► recognisers (secrets, then patterns) ─► spans, until none is left
       ├─ names: any spaCy pipeline, on what the patterns left
       └─ pseudonyms: labels in place of values, keyed by tenant

Only keys_file, names.load_names and build do I/O, and stage alone knows topics.
"""
