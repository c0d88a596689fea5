"""Semantic search over what people wrote: vectors beside the texts in the hot store.

Vectors are made when somebody searches, of the texts that have none yet: the stages pay nothing
for it. Only redacted texts are read. A vector belongs to a text, not to a row: equal texts share
it.
"""
