"""What Phasegate costs, beside a peer, in one run, as a ratio. No part of the tests.

Each module is one benchmark, and has a `measure` that answers a `Section`. `inside` holds the programs that are measured in a process of their own.
"""
