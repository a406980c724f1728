"""What fix cycles cost where nothing is red: to parse and to serialise, beside a DAG written by hand; and to the end of a run, beside none."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.on_airflow import running, seconds_of_run
from benchmarks.table import Row, Section
from benchmarks.timing import ROOT, child, environment, ratio, turns
from dag_factory.cli.demo.home import WORKFLOW, DemoHome, fresh_home, without_slip

__all__ = ["PHASES", "measure_parse", "measure_runs", "write"]

PHASES = {"plan": 10, "build": 15, "check": 10, "ship": 5}
DAGS = 10
_DUTIES = {"plan": "foundation", "build": "implementation", "check": "validation", "ship": "deployment"}
_LOADER = """\
from dag_factory import load_workflows

broken = load_workflows(globals(), "workflows")
assert not broken, broken
"""


def write(folder: Path, count: int, *, cycles: int = 3) -> tuple[Path, Path]:
    """Write so many DAGs in both ways; answers the files that load Phasegate's and the hand-written ones."""
    ours, plain = folder / "ours", folder / "plain"
    (ours / "workflows").mkdir(parents=True)
    plain.mkdir()
    for number in range(count):
        (ours / "workflows" / f"bench_{number:04d}.yaml").write_text(_spec(f"bench_{number:04d}", cycles), encoding="utf-8")
    (ours / "loader.py").write_text(_LOADER, encoding="utf-8")
    written = (ROOT / "benchmarks" / "inside" / "cycles_dag.py").read_text(encoding="utf-8")
    last = f'for number in range({count}):\n    globals()[f"bench_{{number:04d}}"] = make(f"bench_{{number:04d}}")\n'
    (plain / "loader.py").write_text(written + last, encoding="utf-8")
    return ours / "loader.py", plain / "loader.py"


def _spec(name: str, cycles: int) -> str:
    writes = {"plan": "writes: [plan], ", "build": "writes: [product], ", "ship": "writes: [deploy], "}
    contracts = {
        phase: f"{{{duty}: {{does: Do it., {writes.get(phase, '')}evidence: {{left: {{report: left.txt, kind: file}}}}}}}}"
        for phase, duty in _DUTIES.items()
    }
    catalogue = "".join(
        f"  {phase}er: {{title: {phase}er, instructions: Do it., contracts: {contract}}}\n" for phase, contract in contracts.items()
    )
    phases = ""
    for phase, count in PHASES.items():
        more = ", validates: [build]" if phase == "check" else ""
        tasks = ", ".join(f"{phase}-{at}: {{persona: {phase}er, duty: {_DUTIES[phase]}{more}}}" for at in range(count))
        phases += f"  {phase}: {{tasks: {{{tasks}}}, gate: {{}}}}\n"
    runners = "".join(f"  {phase}er: {{{'check' if phase == 'check' else 'command'}: 'true'}}\n" for phase in PHASES)
    return (
        f"workflow: {name}\npattern: false\nmission: Many cycles\ntags: [bench]\nworkspace: {{git: ./repository}}\nfix: {{max_cycles: {cycles}}}\n"
        f'paths: {{product: ["src/**"], deploy: ["deploy/**"], plan: [PLAN.md]}}\ncatalogue:\n{catalogue}personas:\n{runners}phases:\n{phases}'
    )


def measure_parse(rounds: int) -> Section:
    """Parse and serialise."""
    section = Section(
        "Fix cycles: parse and serialise a DAG of 4 phases, 40 tasks and 3 cycles a gate",
        f"What the dag-processor does with {DAGS} of them: the loader file is imported, after all that Airflow and the library import, and each DAG is "
        "serialised as Airflow keeps it. The peer is plain Airflow, written by hand, with the same tasks, edges and trigger rules.",
    )
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        ours, plain = write(Path(folder), DAGS)
        contenders = {"plain": _load(plain, "-"), "warm": _load(ours, "dag_factory")}
        contenders["warm"]()  # fills the cache of plans
        found = turns(contenders, rounds)
    if lacking := contenders.keys() - found.keys():
        section.rows = [Row(name, "did not run; its error is above the table") for name in sorted(lacking)]
        return section
    for name, words in (("plain", "plain Python, by hand"), ("warm", "Phasegate, warm")):
        spent = {part: [one[part] for one in found[name]] for part in ("load", "serialise", "bytes")}
        both = _both(found[name])
        said = ", ".join(f"{part} {min(spent[part]) / DAGS * 1000:.1f} ms" for part in ("load", "serialise"))
        beside = f"{ratio(both, _both(found['plain'])):.2f} x plain Python" if name != "plain" else "1.00"
        asked = "at most 1.2 x plain Python" if name != "plain" else ""
        section.rows.append(
            Row(words, f"{min(both) / DAGS * 1000:.1f} ms a DAG ({said}; {min(spent['bytes']) / 1000:.0f} kB)", beside, asked)
        )
    return section


def _both(found: list[dict[str, Any]]) -> list[float]:
    return [one["load"] + one["serialise"] for one in found]


def _load(loader: Path, library: str) -> Callable[[], dict[str, Any]]:
    folder = loader.parent
    env = environment(
        folder / "airflow", AIRFLOW__CORE__DAGS_FOLDER=str(folder), AIRFLOW__PHASEGATE__CACHE_ROOT=str(folder / "cache"),
        AIRFLOW__PHASEGATE__PATTERNS="none", PHASEGATE_BENCH_SERIALISE="1",
    )  # fmt: skip
    return lambda: child(sys.executable, "parse.py", str(loader), library, str(DAGS), env=env)


def measure_runs(rounds: int) -> Section:
    """To the end of `complete`, with two cycles behind each gate and with none; the sample also with the pause that is Airflow's own."""
    section = Section(
        "Fix cycles: a run without red flags, with two of them behind each gate and with none",
        "One Airflow (SQLite, LocalExecutor), one warm-up each, then turn by turn. Seconds of the clock, as Airflow tells them, from the start of the run "
        "to its end. `no-op` has 12 tasks that leave one file each in 4 phases; `sample` is the product of the demo. Between two looks the scheduler pauses "
        "as long as in the demo (0.2 s), and on another Airflow as long as it does where nobody says otherwise (1 s).",
    )
    for pause, wanted in ((0.2, ("no-op", "sample")), (1, ("sample",))):
        with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder, fresh_home(Path(folder) / "home") as home:
            without_slip(home.personas)
            names = {name: f"{words}, {pause} s" for name, words in _lay(home).items() if words.startswith(wanted)}
            section.rows += rows_of(_took(home, tuple(names), rounds, pause), names)
    return section


def _took(home: DemoHome, names: tuple[str, ...], rounds: int, pause: float) -> dict[str, list[float]]:
    """Run the DAGs in turn on one Airflow, the first round for warming up; answers the seconds of every other run."""
    took: dict[str, list[float]] = {name: [] for name in names}
    settings = {"AIRFLOW__PHASEGATE__PATTERNS": "standard,none", "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": str(pause)}
    with running(home, names, settings) as api:
        for number in range(rounds + 1):
            for name, values in took.items():
                run = seconds_of_run(api, name, f"bench-{number}")
                print(f"  {f'run {number}' if number else 'warm-up'} {name} {run:.1f} s", file=sys.stderr, flush=True)
                if number:
                    values.append(run)
    return took


def rows_of(took: Mapping[str, list[float]], names: Mapping[str, str]) -> list[Row]:
    """The table; a DAG is followed by the one it stands beside.

    Parameters
    ----------
    took: the seconds of every DAG.
    names: what each is called; those with cycles come after those without.

    """
    rows, before = [], ""
    for name, words in names.items():
        said = f"median {statistics.median(took[name]):.1f} s, min {min(took[name]):.1f}, max {max(took[name]):.1f}"
        if "no cycles" in words:
            rows.append(Row(words, said, "1.00"))
            before = name
            continue
        more = statistics.median(one - other for one, other in zip(took[name], took[before], strict=True))
        asked = "at most 5 s more" if words.startswith("no-op") else "at most 1.05 x"
        rows.append(Row(words, said, f"{more:+.1f} s, {ratio(took[name], took[before]):.2f} x", asked))
    return rows


def _lay(home: DemoHome) -> dict[str, str]:
    """Four workflows; answers what each is called."""
    sample = home.spec.read_text(encoding="utf-8")
    beside = home.spec.parent
    (beside / "sample_0.yaml").write_text(
        sample.replace(f"workflow: {WORKFLOW}", "workflow: sample_0") + "\nfix: {max_cycles: 0}\n", encoding="utf-8"
    )
    for cycles in (0, 2):
        tasks = ", ".join(f"task-{number}: {{persona: worker, duty: work}}" for number in range(3))
        phases = "".join(f"  phase-{number}: {{tasks: {{{tasks}}}, gate: {{}}}}\n" for number in range(4))
        (beside / f"noop_{cycles}.yaml").write_text(
            f"workflow: noop_{cycles}\npattern: false\nmission: Nothing to do\nfix: {{max_cycles: {cycles}}}\n"
            "personas: {default: {command: 'echo left > \"$PHASEGATE_EVIDENCE/left.txt\"'}}\n"
            "catalogue: {worker: {title: Worker, instructions: Leaves a file., contracts: {work: {does: Leaves a file., "
            f"evidence: {{left: {{report: left.txt, kind: file}}}}}}}}}}}}\nphases:\n{phases}",
            encoding="utf-8",
        )
    return {"noop_0": "no-op, no cycles", "noop_2": "no-op, two cycles", "sample_0": "sample, no cycles", WORKFLOW: "sample, two cycles"}
