"""The project's checks within this process: the same code and the same assertions, without starting a Python for every command.

A probe answers with symptoms: each thing that is wrong, and how far the check got before it saw that. They filter edits quickly; what is
kept in the end has passed the checks themselves.
"""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Symptoms = dict[str, int]
COMMAND = "/nowhere/bin/orders"  # where the installed command would be
_ROWS = 4_000  # enough to see a load that takes more time than it should, and soon over
_run = subprocess.run


@dataclass(frozen=True)
class Question:
    """What to look at: one target, only these symptoms (all if none), how long a small load took before anything was edited, and what was
    seen before: who sees the same again is not asked on.
    """

    target: str
    only: frozenset[str] = frozenset()
    reference: float = 0.0
    before: Symptoms | None = None


@dataclass(frozen=True)
class Answer:
    """What was found, the words of it, and how long a small load took."""

    symptoms: Symptoms
    words: str = ""
    seconds: float = 0.0


def warm() -> None:
    """Import what every probe needs, once; but never the product, nor the project's checks."""
    import argparse  # noqa: F401
    import csv  # noqa: F401
    import importlib
    import sqlite3  # noqa: F401

    from _pytest.config import default_plugins

    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")


def ask(question: Question) -> Answer:
    """Look, in the checkout that is the current folder and first on the path."""
    os.environ |= {"ORDERS": COMMAND, "EVIDENCE": tempfile.gettempdir()}  # no probe writes a report
    subprocess.run = _here  # type: ignore[assignment]
    return _PROBES[question.target](question)


class _Printed(io.StringIO):
    """What a program prints; it may close it, as it may its standard output, and what it printed is still there."""

    def close(self) -> None:
        """Nothing to do."""


def _suites(*paths: str) -> Callable[[Question], Answer]:
    def look(question: Question) -> Answer:
        import pytest

        watch = _Watch(question.only)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            pytest.main([*(path for path in paths if Path(path).exists()), "--tb=short"], plugins=[watch])
        return Answer(watch.symptoms, "\n".join(watch.words))

    return look


class _Watch:
    """Sees which tests fail, and at which line of the test."""

    def __init__(self, only: Collection[str]) -> None:
        self.only, self.symptoms, self.words = only, Symptoms(), []

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if not self.only or _name(item.nodeid) in self.only]

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.symptoms[f"collect::{report.nodeid}"] = 0
            self.words.append(str(report.longrepr))

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", ())
            place = getattr(entries[0], "reprfileloc", None) if entries else None
            self.symptoms[_name(report.nodeid)] = place.lineno if place else 0
            self.words.append(report.longreprtext)


def _name(nodeid: str) -> str:
    """A test as JUnit names it."""
    path, _, name = nodeid.partition("::")
    return f"{path.removesuffix('.py').replace('/', '.')}::{name}"


def _golden_paths(question: Question) -> Answer:
    import json

    import golden_paths

    symptoms, words = Symptoms(), []
    for story in json.loads(Path("stories.json").read_text(encoding="utf-8"))["stories"]:
        if question.only and story["id"] not in question.only:
            continue
        said = golden_paths.verdict(story)
        if said["verdict"] != "PASSED":
            seen = [said["observed"].startswith((repr(line), repr(line[2:]))) for line in story["golden_path"]]
            symptoms[story["id"]] = seen.index(True) if True in seen else 0
            words.append(said["observed"])
    return Answer(symptoms, "\n".join(words))


def _audit(question: Question) -> Answer:
    import penetration
    import static_analysis

    symptoms, words = Symptoms(), []
    for number, attempt in enumerate(penetration.ATTEMPTS, start=1):
        if not question.only or f"PEN-{number}" in question.only:
            made = penetration.made(number, attempt)
            if made["result"] != "repelled":
                symptoms[made["id"]] = 0
                words.append(f"{made['attempt']}: {made['observed']}")
    if not question.only or any(not name.startswith("PEN-") for name in question.only):
        for result in (one for run in static_analysis.log(Path("src"))["runs"] for one in run["results"] if one["level"] == "error"):
            place = result["locations"][0]["physicalLocation"]
            symptoms[f"{result['ruleId']} {place['artifactLocation']['uri']}"] = 0
            words.append(
                f"{result['ruleId']} {place['artifactLocation']['uri']}:{place['region']['startLine']} {result['message']['text']}"
            )
    return Answer(symptoms, "\n".join(words))


def _bench(question: Question) -> Answer:
    import bench

    bench.ROWS = _ROWS
    symptoms, seconds = Symptoms(), []
    for _ in range(2):  # the quicker one counts, and in work, not on the clock: others use this machine too
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder, "partners")
            files.mkdir()
            bench.sent(files)
            began = time.process_time()
            said = bench.run(files, Path(folder, "orders.db"), Path(folder, "report.md"))
            rows = bench.build_mart(Path(folder, "orders.db"))
            seconds.append(time.process_time() - began)
        if not said.startswith(f"{_ROWS - _ROWS // 50} orders accepted") or rows < 1:
            symptoms["load"] = 0
    if question.reference and min(seconds) > question.reference / 2:
        symptoms["speed"] = 0
    return Answer(symptoms, said, min(seconds))


_PROBES: dict[str, Callable[[Question], Answer]] = {
    "e2e": _suites("checks/test_e2e.py", "tests"),
    "unit": _suites("tests"),
    "integration": _suites("tests"),
    "compat": _suites("checks/test_compat.py"),
    "golden-paths": _golden_paths,
    "audit": _audit,
    "bench": _bench,
}


def _here(command: Any, **how: Any) -> Any:
    """What starts Python or the product is done in this process; anything else is started."""
    argv = [str(word) for word in command]
    if argv[0] == COMMAND:
        argv = [sys.executable, "-m", "orders", *argv[1:]]
    if argv[:2] != [sys.executable, "-m"]:
        return _run(command, **how)
    code, out, err = 0, _Printed(), _Printed()
    with _place(how.get("cwd"), argv[2:]), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            if argv[2] == "orders":
                from orders.__main__ import main

                code = main(argv[3:])
            else:
                runpy.run_module(argv[2], run_name="__main__", alter_sys=True)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:
            code = 1
            traceback.print_exc(file=err)
    return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _place(folder: Any, argv: list[str]) -> Iterator[None]:
    before, arguments = Path.cwd(), sys.argv
    os.chdir(folder or before)
    sys.argv = argv
    try:
        yield
    finally:
        os.chdir(before)
        sys.argv = arguments
