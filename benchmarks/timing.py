"""Time spent, taken turn by turn: what is compared is measured under the same load."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["ROOT", "NotMeasuredError", "child", "environment", "milliseconds", "program", "ratio", "seconds", "turns"]

ROOT = Path(__file__).parents[1]
Result = TypeVar("Result")


class NotMeasuredError(Exception):
    """What was to be measured did not run; its message says why, and stands where the figure would."""


def turns(contenders: Mapping[str, Callable[[], Result]], rounds: int) -> dict[str, list[Result]]:
    """Have each contender measured once a round. One that fails is left out, and told on the terminal."""
    found: dict[str, list[Result]] = {name: [] for name in contenders}
    failed: dict[str, NotMeasuredError] = {}
    for number in range(rounds):
        for name, measure in contenders.items():
            if name in failed:
                continue
            try:
                found[name].append(measure())
            except NotMeasuredError as error:
                failed[name] = error
                print(f"{name}: {error}", file=sys.stderr)
        print(f"  round {number + 1} of {rounds}", end="\r", file=sys.stderr, flush=True)
    return {name: values for name, values in found.items() if name not in failed}


def environment(folder: Path, **more: str) -> dict[str, str]:
    """An Airflow home of its own in `folder`, and nothing of another Airflow."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW", "PYTHON"))}
    return (
        kept
        | {"AIRFLOW_HOME": str(folder), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False"}
        | more
    )


def child(python: Path | str, script: str, *args: str, env: Mapping[str, str]) -> dict[str, Any]:
    """Run a program of `benchmarks/inside` in a process of its own, and read the line it ends with.

    Raises
    ------
    NotMeasuredError: it did not end well.

    """
    command = [str(python), str(ROOT / "benchmarks" / "inside" / script), *args]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise NotMeasuredError(f"did not run: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1][:300]}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def program(*commands: Sequence[str]) -> tuple[float, float]:
    """Run programs to their end, one after another: seconds of the processor, and of the clock."""
    before, began = os.times(), time.perf_counter()
    for command in commands:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return spent, time.perf_counter() - began


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def seconds(values: Sequence[float]) -> str:
    """The least of the rounds, and the median where it differs."""
    return f"{min(values):.2f} s (median {statistics.median(values):.2f})"


def milliseconds(values: Sequence[float]) -> str:
    """The same, in milliseconds."""
    return f"{min(values) * 1000:.1f} ms (median {statistics.median(values) * 1000:.1f})"
