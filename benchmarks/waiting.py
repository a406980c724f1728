"""What gates cost that wait in a triggerer, beside as many deferred FileSensors; and whether it stays awake while many judge at once."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import pendulum

from benchmarks import chain
from benchmarks.table import Row, Section
from benchmarks.timing import ROOT, child, environment, turns
from dag_factory.evidence.keys import KeyFolder
from dag_factory.evidence.record import read_record
from dag_factory.evidence.store import Store

__all__ = ["GATES", "lay", "measure"]

GATES = 1_000
SECONDS, SETTLE = 20, 15
_WORDS = {"gates": f"{GATES:,} gates, each of a run of its own", "files": f"{GATES:,} deferred FileSensors"}


def lay(folder: Path, count: int) -> dict[str, Any]:
    """Begin so many runs, each with a gate that waits for one external persona; answers what their triggers are made with."""
    plan, store, keys = chain.plan_of(folder, "waits", 1, 1, runner="external: true"), Store(folder / "store"), KeyFolder(folder / "keys")
    made, ends = [], pendulum.now("UTC").add(hours=2).isoformat()
    for number in range(count):
        run = store.run(plan.workflow, f"run-{number}")
        charter = chain.begin(plan, run, keys, f"run-{number}")
        assert read_record(run) is not None
        made.append(
            {
                "dag_id": plan.workflow, "run_id": f"run-{number}", "charter": charter, "plan": plan.digest, "phase": "phase-00", "attempt": 1,
                "folders": [f"{charter[:16]}/statements/phase-00/task-0"], "deadlines": [ends], "title": "Phase",
            }
        )  # fmt: skip
    return {"store": str(folder / "store"), "keys": str(folder / "keys"), "settle": SETTLE, "triggers": made}


def measure(rounds: int) -> Section:
    """Have them wait, turn by turn."""
    section = Section(
        f"Waiting: {GATES:,} gates in one triggerer",
        f"The loop of a triggerer in a process of its own, with {GATES:,} triggers in it, made with what a deferred task hands over; Airflow's "
        f"database and its supervisor are not in it. Measured for {SECONDS} s once all wait: what the process takes beyond the same process "
        "before there was any, of the processor and of memory (PSS). `noticed`: the longest of three from when the evidence came to the gate's "
        "end, its verdict signed and kept. A FileSensor looks for its file as often as Phasegate looks into its store, once a second.",
    )
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        found = turns({what: lambda what=what: _round(Path(folder), what) for what in _WORDS}, rounds)
    ours = found.get("gates", [])
    for what, values in found.items():
        core, memory, late, noticed = (statistics.median(one[part] for one in values) for part in ("core", "memory", "late", "noticed"))
        said = f"{core * 100:.1f} % of a core, {memory / 1e6:.1f} MB, the loop at most {late * 1000:.0f} ms late, noticed within {noticed:.2f} s"
        beside = f"{core / statistics.median(one['core'] for one in found['files']):.2f} x the processor" if "files" in found else ""
        section.rows.append(Row(_WORDS[what], said, beside, "under 3 % of a core and 60 MB, noticed within 2 s" if what == "gates" else ""))
    if ours:
        together, late = (statistics.median(one[part] for one in ours) for part in ("together", "together_late"))
        said = f"{together:.2f} s until the last has answered, the loop at most {late * 1000:.0f} ms late"
        section.rows.append(Row("64 of the gates judge at once", said, "", "never late by more than 50 ms"))
    return section


def _round(folder: Path, what: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        told = lay(place, GATES)
        if what == "files":
            told["triggers"] = [{"filepath": str(place / f"file-{number}"), "poke_interval": 1.0} for number in range(GATES)]
        (place / "told.json").write_text(json.dumps(told), encoding="utf-8")
        env = environment(
            place / "airflow",
            AIRFLOW__PHASEGATE__EVIDENCE_ROOT=told["store"],
            AIRFLOW__PHASEGATE__KEYS_ROOT=told["keys"],
            PYTHONPATH=str(ROOT),
        )
        return child(sys.executable, "waiting.py", what, str(place / "told.json"), str(SECONDS), env=env)
