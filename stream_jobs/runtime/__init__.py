"""Exactly once on Faust: chunks in, one transaction out per partition number.

`transport` hands an agent whole fetched batches; `runner` gives each partition number a
`partition` task of its own: state, queues, a transactional producer. Outputs, checkpoint and
consumer offsets of a partition are committed in one transaction; a restart goes on from the last
checkpoint, and an owner that has been replaced is fenced.
"""
