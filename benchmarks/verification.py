"""Verification of a chain of 15 and of 1,000 statements, beside in-toto."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import chain, peers
from benchmarks.table import Row, Section
from benchmarks.timing import ROOT, NotMeasuredError, child, milliseconds, ratio, turns
from dag_factory.evidence.keys import KeyFolder
from dag_factory.evidence.store import Store

__all__ = ["measure"]

_SHAPES = {15: (5, 3), 1000: (10, 100)}
_ASKED = {15: "10 ms", 1000: "400 ms"}


def measure(rounds: int) -> Section:
    """Verify both chains with both."""
    section = Section(
        "Verification: a chain of 15 and of 1,000 signed statements",
        "Everything read from disk and judged, imports not counted. Phasegate: phases of tasks (5 of 3, 10 of 100), each statement "
        "with one file of evidence that is "
        "hashed again, with a signed verdict a phase, and every policy asked. in-toto: a layout of as many steps, each of whose "
        "materials must match the products of the step before; its links alone, for which it opens no artifact, and with an inspection that holds "
        "the files against them, as Phasegate does. All signatures are ed25519; what checking one takes, which nobody can spare, is the last row.",
    )
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        for count, (phases, tasks) in _SHAPES.items():
            _lay(Path(folder), count, phases, tasks)
            times = "5" if count < 100 else "1"
            found = turns(
                {
                    "ours": lambda count=count, times=times: _ours(Path(folder), count, times),
                    "in-toto": lambda count=count, times=times: _theirs(Path(folder), count, times),
                },
                rounds,
            )
            section.rows += _rows(count, found["ours"], found.get("in-toto"))
        section.rows.append(_signature(Path(folder), rounds))
    return section


def _signature(folder: Path, rounds: int) -> Row:
    """What checking one signature takes: the floor below both."""
    signer, data, many = KeyFolder(folder / "keys").signer("worker"), b"What a worker signs is about this long." * 30, 1_000
    signature, spent = signer.sign(data), []
    for _ in range(rounds):
        began = time.process_time()
        good = [signer.public.verifies(signature, data) for _ in range(many)]
        spent.append((time.process_time() - began) / many)
        if not all(good):
            raise SystemExit("A good signature was refused.")
    return Row("one ed25519 signature, checked", f"{min(spent) * 1e6:.0f} us (median {statistics.median(spent) * 1e6:.0f})")


def _rows(count: int, ours: list[float], theirs: list[dict[str, float]] | None) -> Iterator[Row]:
    asked = f"at most {_ASKED[count]}, and 4 x faster than in-toto"
    if theirs is None:
        yield Row(f"Phasegate, {count:,} statements and files", milliseconds(ours), "", asked)
        yield Row(f"in-toto, {count:,} links", _why())
        return
    whole, links = ([one[what] for one in theirs] for what in ("files", "links"))
    beside = f"{ratio(ours, whole):.2f} x in-toto with files, {ratio(ours, links):.2f} x its links alone"
    yield Row(f"Phasegate, {count:,} statements and files", milliseconds(ours), beside, asked)
    yield Row(f"in-toto {_version()}, {count:,} links and files", milliseconds(whole), "1.00")
    yield Row(f"in-toto {_version()}, {count:,} links alone", milliseconds(links), f"{ratio(links, whole):.2f} x with files")


def _lay(folder: Path, count: int, phases: int, tasks: int) -> None:
    plan = chain.plan_of(folder, f"chain_{count}", phases, tasks)
    chain.lay(plan, Store(folder / "store").run(plan.workflow, "bench"), KeyFolder(folder / "keys"), "bench")


def _ours(folder: Path, count: int, times: str) -> float:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return float(child(sys.executable, "verify.py", str(folder / "store"), f"chain_{count}", "bench", times, env=env)["spent"])


def _theirs(folder: Path, count: int, times: str) -> dict[str, float]:
    peers.need("in-toto")
    return {
        what: float(spent)
        for what, spent in child(peers.PYTHON, "intoto.py", str(folder / f"in-toto-{count}"), str(count), times, env=os.environ).items()
    }


def _version() -> str:
    try:
        return peers.need("in-toto")
    except NotMeasuredError:
        return ""


def _why() -> str:
    try:
        peers.need("in-toto")
    except NotMeasuredError as error:
        return str(error)
    return "did not run; its error is above the table"
