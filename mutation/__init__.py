"""Mutation testing of the gate's rules and of `verify`: ``make mutation``; see docs/fuzzing.md.

`places` finds what can be changed in a module, one thing at a time; `patching` puts a changed module in the place of one that is imported; `trying` runs
the tests that reach the place, in a process of its own; `explained` holds what survived against a file that says why.
"""
