"""The simulated product: who uses it, what they ask, what goes wrong, and what is true of it.

Everything here is pure and seeded: the same world and seed give the same events. Its data (topics,
phrases) is invented; personal data in it is generated and belongs to nobody.
"""
