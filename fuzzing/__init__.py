"""Fuzzing of every parser of evidence and of the envelope loader: ``make fuzz``; see docs/fuzzing.md.

`mutator` spoils inputs, `trees` those that are JSON; `kinds`, `signed` and `runs` are the targets and the laws they must hold; `running` runs one in a
process of its own, with its bounds.
"""
