"""`make bench`: every benchmark, or those that are named: ``python -m benchmarks parse gates``.

What is measured is printed as it comes; ``--write docs/benchmarks.md`` keeps it, with the date and the machine's size.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import attacks, cycles, gates, hashing, memory, mistakes, overhead, pages, parse, plugin, verification, waiting, workspace
from benchmarks.table import Section, as_markdown, as_text, machine

BENCHMARKS: dict[str, tuple[Callable[[int], Section], int]] = {
    "parse": (parse.measure_parse, 3),
    "start": (parse.measure_start, 3),
    "cycles": (cycles.measure_parse, 7),
    "fixing": (cycles.measure_runs, 3),
    "gates": (gates.measure, 5),
    "waiting": (waiting.measure, 3),
    "verification": (verification.measure, 5),
    "hashing": (hashing.measure, 3),
    "workspace": (workspace.measure, 7),
    "plugin": (plugin.measure, 9),
    "pages": (pages.measure, 3),
    "memory": (memory.measure, 3),
    "overhead": (overhead.measure, 5),
    "mistakes": (mistakes.measure, 0),
    "attacks": (attacks.measure, 0),
}
"""Each benchmark, and how many rounds make its figures: none where nothing is timed, and what is counted is the same each time."""


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)}; all of them without")
    parser.add_argument("--rounds", type=int, help="counted rounds of each; more where the machine is busy")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page as well; what is not measured now stays in it")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in BENCHMARKS]
    if unknown or (asked.rounds is not None and asked.rounds < 1):
        parser.error(f"there is no benchmark {unknown[0]!r}: {', '.join(BENCHMARKS)}" if unknown else "--rounds is at least 1")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that Airflow ends and the scratch folders go
    print(machine())
    before = asked.write.read_text(encoding="utf-8") if asked.write and asked.write.exists() else ""
    sections = []
    for name in asked.names or BENCHMARKS:
        measure, rounds = BENCHMARKS[name]
        rounds = rounds and (asked.rounds or rounds)
        sections.append(measure(rounds))
        sections[-1].rounds, sections[-1].measured = rounds, machine()
        print(as_text(sections[-1]), flush=True)
        if asked.write:  # after each: what was measured is kept if the next one fails
            asked.write.write_text(as_markdown(sections, before), encoding="utf-8")


if __name__ == "__main__":
    main()
