"""`make fuzz`: spoilt inputs for every parser of evidence and for what reads envelopes; see docs/fuzzing.md.

One target: ``python -m fuzzing junit``. One input again: ``python -m fuzzing junit --input FILE``.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

from fuzzing.kinds import KINDS
from fuzzing.laws import Target
from fuzzing.running import Outcome, ask_once, name_of, run
from fuzzing.runs import RUNS
from fuzzing.signed import SIGNED

__all__ = ["TARGETS", "main"]

TARGETS = {target.name: target for target in (*KINDS, *SIGNED, *RUNS)}
INPUTS = 100_000
KEPT = Path(".phasegate") / "fuzz"
_HEAD = f"{'target':<16} {'inputs':>8} {'a second':>9} {'held':>8} {'outcomes':>8} {'reasons':>7} {'crashes':>7}"


def main(arguments: list[str] | None = None) -> int:
    """Try the targets that were asked for; 1 if any crashed."""
    parser = argparse.ArgumentParser(prog="python -m fuzzing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"which: {', '.join(TARGETS)}; all of them without")
    parser.add_argument("--inputs", type=int, default=INPUTS, help=f"how many for each; {INPUTS} without")
    parser.add_argument("--seed", type=int, help="what chance begins with; another one each time without")
    parser.add_argument("--input", type=Path, metavar="FILE", help="try this one input, and show where it fails")
    parser.add_argument("--keep", type=Path, default=KEPT, metavar="FOLDER", help=f"where crashing inputs are kept; {KEPT} without")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.targets if name not in TARGETS]
    if unknown or asked.inputs < 1:
        parser.error(f"there is no target {unknown[0]!r}: {', '.join(TARGETS)}" if unknown else "--inputs is at least 1")
    chosen = [TARGETS[name] for name in asked.targets] or list(TARGETS.values())
    if asked.input:
        if len(chosen) != 1:
            parser.error("--input is for one target: name it")
        return _once(chosen[0], asked.input.read_bytes())
    seed = random.randrange(10**9) if asked.seed is None else asked.seed
    print(f"seed {seed}: the same inputs again with make fuzz SEED={seed}\n{_HEAD}", flush=True)
    return 1 if sum(_tried(target, max(20, asked.inputs // target.share), seed, asked.keep) for target in chosen) else 0


def _once(target: Target, data: bytes) -> int:
    answer = ask_once(target, data)
    print(f"{target.name}: {', '.join(sorted(answer.rules)) or 'it holds'}")
    return 0


def _tried(target: Target, inputs: int, seed: int, keep: Path) -> int:
    """Run a target, print its line, keep what crashed it; how many things did."""
    found = run(target, inputs, seed)
    print(_line(target, found), flush=True)
    for what, data in found.crashes:
        keep.mkdir(parents=True, exist_ok=True)
        path = keep / name_of(target, data)
        path.write_bytes(data)
        print(f"  {what}\n  again: make fuzz TARGET={target.name} INPUT={path}", flush=True)
    return len(found.crashes)


def _line(target: Target, found: Outcome) -> str:
    rate = found.inputs / found.seconds if found.seconds else 0
    return (
        f"{target.name:<16} {found.inputs:>8} {rate:>9.0f} {found.held:>8} {len(found.rules):>8} {found.reasons:>7} {len(found.crashes):>7}"
    )


if __name__ == "__main__":
    sys.exit(main())
