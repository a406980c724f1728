"""Programs that are measured in a process of their own, some of them in the peers' environment: each says what it spent, as one line of JSON.

They import nothing of the benchmarks, for the peers' environment does not have what those need.
"""
