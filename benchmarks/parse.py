"""Full parse of 500 DAGs, and what the start of one task spends to find and build its DAG."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import corpus, peers
from benchmarks.table import Row, Section
from benchmarks.timing import NotMeasuredError, child, environment, milliseconds, ratio, seconds, turns

__all__ = ["measure_parse", "measure_start"]

Spent = dict[str, Any]
_LIBRARIES = {"phasegate": "dag_factory", "standard": "dag_factory", "dag-factory": "dagfactory", "blueprint": "blueprint"}
_DISTRIBUTIONS = {"dag-factory": "dag-factory", "blueprint": "airflow-blueprint"}


class _Corpus:
    """DAGs in one dialect, and how their import is measured."""

    def __init__(self, root: Path, dialect: str, count: int) -> None:
        self.dialect, self.count = dialect, count
        self.folder = root / f"{dialect}-{count}"
        self.loader = corpus.write(dialect, self.folder, count)
        self.kept = self.folder / "cache"

    def warm(self, *wanted: str, builds: int | None = None) -> Spent:
        """Import the loader with every plan kept; once more if the package was changed meanwhile, for then its plans are compiled again."""
        for _ in range(3):
            spent = self.load(*wanted, builds=builds)
            if not spent["compiled"]:
                return spent
        raise NotMeasuredError("no plan was kept: the package changes while it is measured")

    def load(self, *wanted: str, builds: int | None = None, cold: bool = False) -> Spent:
        """Import the loader once, in a process of its own."""
        if cold:
            shutil.rmtree(self.kept, ignore_errors=True)
        foreign = _DISTRIBUTIONS.get(self.dialect)
        python = peers.PYTHON if foreign and peers.need(foreign) else sys.executable
        env = environment(
            self.folder / "airflow", AIRFLOW__CORE__DAGS_FOLDER=str(self.folder), AIRFLOW__PHASEGATE__CACHE_ROOT=str(self.kept),
            AIRFLOW__PHASEGATE__PATTERNS="standard,none",
        )  # fmt: skip
        if self.dialect == "phasegate":
            env["AIRFLOW__PHASEGATE__PATTERNS"] = "none"
        return child(python, "parse.py", str(self.loader), _LIBRARIES.get(self.dialect, "-"), str(builds or self.count), *wanted, env=env)


def measure_parse(rounds: int) -> Section:
    """Full parse."""
    section = Section(
        "Parse: 500 DAGs of 22 tasks in 4 groups",
        "What the dag-processor does: the loader file is imported, after all that Airflow itself imports, and every DAG is built. "
        "`cold` begins without Phasegate's "
        "cache of plans, `warm` with it. The DAGs have the same shape in every dialect (`benchmarks/corpus.py`); the last row is the "
        "standard pattern, of 29 tasks.",
    )
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        made = {name: _Corpus(Path(folder), name, 500) for name in ("plain", "phasegate", "dag-factory", "blueprint", "standard")}
        ours = made["phasegate"]
        found = turns(
            {
                "plain": made["plain"].load, "cold": lambda: ours.load(cold=True), "warm": ours.warm, "dag-factory": made["dag-factory"].load,
                "blueprint": made["blueprint"].load, "standard cold": lambda: made["standard"].load(cold=True), "standard": made["standard"].warm,
            },
            rounds,
        )  # fmt: skip
    if lacking := {"plain", "cold", "warm", "standard", "standard cold"} - found.keys():
        section.rows = [Row(name, "did not run; its error is above the table") for name in sorted(lacking)]
        return section
    load = {name: [spent["load"] for spent in values] for name, values in found.items()}
    plain, warm = load["plain"], load["warm"]
    section.rows = [
        Row("plain Python, one file", seconds(plain), "1.00"),
        Row("Phasegate, warm", seconds(warm), f"{ratio(warm, plain):.2f} x plain Python", "at most 1.3 x plain Python"),
        Row("Phasegate, cold", seconds(load["cold"]), f"{ratio(load['cold'], plain):.2f} x plain Python"),
    ]
    for peer, asked in (("dag-factory", "Phasegate at least 3 x faster"), ("blueprint", "")):
        section.rows.append(_peer_row(peer, load, warm, plain, asked))
    for name, words in (("standard", "warm"), ("standard cold", "cold")):
        section.rows.append(
            Row(
                f"Phasegate, standard pattern, {words}",
                seconds(load[name]),
                f"{ratio(load[name], plain) * 22 / 29:.2f} x plain Python, by task",
            )
        )
    section.more = [f"Importing the library: {_imports(found)}"]
    return section


def _peer_row(peer: str, load: dict[str, list[float]], warm: list[float], plain: list[float], asked: str) -> Row:
    if peer not in load:
        return Row(_named(peer), _why(peer), "", asked)
    slower = ratio(load[peer], warm)
    return Row(
        _named(peer), seconds(load[peer]), f"{ratio(load[peer], plain):.2f} x plain Python; Phasegate warm is {slower:.1f} x faster", asked
    )


def _named(peer: str) -> str:
    try:
        return f"{peer} {peers.need(_DISTRIBUTIONS[peer])}"
    except NotMeasuredError:
        return peer


def _why(peer: str) -> str:
    try:
        peers.need(_DISTRIBUTIONS[peer])
    except NotMeasuredError as error:
        return str(error)
    return "did not run; its error is above the table"


def _imports(found: dict[str, list[Spent]]) -> str:
    least = {name: min(spent["import"] for spent in values) * 1000 for name, values in found.items()}
    shown = {"Phasegate": "warm", "dag-factory": "dag-factory", "blueprint": "blueprint"}
    return (
        ", ".join(f"{name} {least[key]:.0f} ms" for name, key in shown.items() if key in least)
        + " beyond what Airflow and its operators import."
    )


def measure_start(rounds: int) -> Section:
    """Task start."""
    section = Section(
        "Task start: one DAG of 500 or 5,000",
        "What every start of a task spends to find and build its DAG, Airflow telling which one it wants; after the imports of "
        "Airflow and of the library, which are told "
        "below the table. `nothing kept` is the first task on a machine without Phasegate's cache of plans, and `kickoff` never reads it.",
    )
    wanted, task = "bench_0250", "build.second"
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        made = {
            name: _Corpus(Path(folder), name, 500)
            for name in ("plain", "plain-asking", "phasegate", "standard", "dag-factory", "blueprint")
        }
        many = _Corpus(Path(folder), "phasegate", 5000)
        small, standard = made["phasegate"], made["standard"]
        for each in (small, many, standard):
            each.load()  # fills the cache, as the dag-processor does
        found = turns(
            {
                "500": lambda: small.warm(wanted, task, builds=1),
                "5000": lambda: many.warm(wanted, task, builds=1),
                "standard": lambda: standard.warm(wanted, "foundation.architect", builds=1),
                "kickoff": lambda: small.load(wanted, "kickoff", builds=1),
                "500 bare": _bare(small, wanted, task),
                "5000 bare": _bare(many, wanted, task),
                "plain": lambda: made["plain"].load(wanted, task),
                "plain-asking": lambda: made["plain-asking"].load(wanted, task, builds=1),
                "dag-factory": lambda: made["dag-factory"].load(wanted, task),
                "blueprint": lambda: made["blueprint"].load(wanted, task),
            },
            rounds,
        )  # fmt: skip
    if lacking := {"500", "5000", "standard", "kickoff", "500 bare", "5000 bare"} - found.keys():
        section.rows = [Row(name, "did not run; its error is above the table") for name in sorted(lacking)]
        return section
    load = {name: [spent["load"] for spent in values] for name, values in found.items()}
    ours = load["500"]
    section.rows = [
        Row("Phasegate, 500 specs", milliseconds(ours), "1.00", "at most 25 ms"),
        Row(
            "Phasegate, 5,000 specs", milliseconds(load["5000"]), f"{ratio(load['5000'], ours):.2f} x 500 specs", "at most 1.5 x 500 specs"
        ),
        Row(
            "Phasegate, 500 of the standard pattern",
            milliseconds(load["standard"]),
            f"{ratio(load['standard'], ours):.2f} x 500 specs",
            "at most 25 ms",
        ),
        Row("Phasegate, 500 specs, `kickoff`", milliseconds(load["kickoff"]), f"{ratio(load['kickoff'], ours):.2f} x"),
        Row("Phasegate, 500 specs, nothing kept", milliseconds(load["500 bare"]), f"{ratio(load['500 bare'], ours):.2f} x"),
        Row("Phasegate, 5,000 specs, nothing kept", milliseconds(load["5000 bare"]), f"{ratio(load['5000 bare'], ours):.2f} x"),
    ]
    names = {"plain": "plain Python, one file of 500", "plain-asking": "plain Python, asking `get_parsing_context` by hand"}
    for peer in ("plain", "plain-asking", "dag-factory", "blueprint"):
        if peer in load:
            section.rows.append(
                Row(
                    names.get(peer) or f"{_named(peer)}, 500", milliseconds(load[peer]), f"{ratio(load[peer], ours):.1f} x Phasegate at 500"
                )
            )
        else:
            section.rows.append(Row(_named(peer), _why(peer)))
    section.more = [f"Importing the library: {_imports({**found, 'warm': found['500']})}"]
    return section


def _bare(made: _Corpus, wanted: str, task: str) -> Callable[[], Spent]:
    """A task's start without a cache; the one that the next rounds need is put aside."""

    def load() -> Spent:
        aside = made.kept.with_name("aside")
        made.kept.rename(aside)
        try:
            return made.load(wanted, task, builds=1)
        finally:
            shutil.rmtree(made.kept, ignore_errors=True)
            aside.rename(made.kept)

    return load
