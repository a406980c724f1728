"""Runs the tests that reach a place, against the changed module: pytest collects once, and every mutant is tried in a process forked from it.

A baseline comes first: which lines of the modules each test reaches, and how long it takes. What fails without any change ends it all.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest

from mutation.patching import patch
from mutation.places import Mutant, changed

__all__ = ["Reached", "Trying"]

_DISK = "/dev/shm"
_LEAST_SECONDS = 20.0


@dataclass
class Reached:
    """Which tests reach which line of which file, and how many seconds each takes."""

    tests: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def of(self, mutant: Mutant, most: int | None = None) -> list[str]:
        """The tests that reach a mutant: those named after its module first, then one of each file in turn, the quickest of it first.

        Those of a constant of a module are all that reach the module; of one that has nothing but constants, all. Of very many the first `most`.
        """
        lines = self.tests.get(str(mutant.file), {})
        wanted = range(mutant.line, mutant.last + 1) if mutant.within else lines
        found = {test for line in wanted for test in lines.get(line, ())} if lines or mutant.within else set(self.seconds)
        order: list[tuple[bool, int, float, str]] = []
        of_file: Counter[str] = Counter()
        for test in sorted(found, key=lambda test: (self.seconds[test], test)):
            file = test.partition("::")[0]
            order.append((mutant.file.stem not in file, of_file[file], self.seconds[test], test))
            of_file[file] += 1
        return [test for *_, test in sorted(order)][:most]

    def written(self) -> str:
        """All of it, in short: tests are named once, and then by their number."""
        names = {test: number for number, test in enumerate(self.seconds)}
        lines = {file: {line: [names[test] for test in tests] for line, tests in found.items()} for file, found in self.tests.items()}
        return json.dumps({"seconds": self.seconds, "lines": lines}, separators=(",", ":"))

    def add(self, text: str) -> None:
        """Take in what was written."""
        said = json.loads(text)
        names = list(said["seconds"])
        self.seconds |= said["seconds"]
        for file, lines in said["lines"].items():
            of_file = self.tests.setdefault(file, {})
            for line, tests in lines.items():
                of_file.setdefault(int(line), []).extend(names[number] for number in tests)


@dataclass(eq=False)
class Trying:
    """A plugin of pytest that tries mutants in the place of running the tests; pytest keeps its plugins in sets.

    Parameters
    ----------
    mutants: what is tried.
    modules: the module's name of each file.
    workers: how many are tried at a time.
    kept: where the baseline is kept; its name tells the source that it is of.
    tell: is called with each mutant and what became of it: ``killed``, ``survived``, ``timeout`` or ``unreached``.
    most: the most tests that a mutant must survive; None for all that reach it.
    warm: is called once before all, in the process from which all others are forked.

    """

    mutants: list[Mutant]
    modules: dict[Path, str]
    workers: int
    kept: Path
    tell: Callable[[Mutant, str], None]
    most: int | None = None
    warm: Callable[[], None] = lambda: None
    reached: Reached = field(default_factory=Reached)
    broken: str = ""
    _failed: str = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the first test that fails."""
        if report.failed:
            self._failed = self._failed or f"{report.nodeid} ({report.when}): {str(report.longrepr)[-400:]}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the baseline, then try every mutant."""
        self.warm()
        items = {item.nodeid: item for item in session.items}
        scratch = Path(tempfile.mkdtemp(prefix="phasegate-mutation-", dir=_DISK if Path(_DISK).is_dir() else None))
        try:
            self._baseline(items, scratch)
            if not self.broken:
                self._all(items, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return True

    def _baseline(self, items: dict[str, pytest.Item], scratch: Path) -> None:
        """Measure every test, the files of tests shared out among the workers; what was measured of this very source before is taken from there."""
        if self.kept.is_file():
            self._read([self.kept])
            return
        parts: list[dict[str, pytest.Item]] = [{} for _ in range(self.workers)]
        for _, group in groupby(items.items(), key=lambda pair: pair[0].partition("::")[0]):
            min(parts, key=len).update(group)
        told = [scratch / f"{number}.json" for number in range(self.workers)]
        children = [
            self._forked(scratch / f"part-{number}", lambda part=part, to=to: self._measured(part, to))  # type: ignore[misc]
            for number, (part, to) in enumerate(zip(parts, told, strict=True))
        ]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        if any(codes):
            said = [to.read_text(encoding="utf-8") for to, code in zip(told, codes, strict=True) if code and to.is_file()]
            self.broken = "; ".join(said) or "the baseline ended without a word"
            return
        self._read(told)
        self.kept.parent.mkdir(parents=True, exist_ok=True)
        self.kept.write_text(self.reached.written(), encoding="utf-8")

    def _read(self, told: list[Path]) -> None:
        for path in told:
            self.reached.add(path.read_text(encoding="utf-8"))

    def _measured(self, items: dict[str, pytest.Item], told: Path) -> int:
        """Run every test once, and write what each reaches, or what went wrong."""
        try:
            return self._run_once(items, told)
        except Exception as error:
            told.write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
            return 1

    def _run_once(self, items: dict[str, pytest.Item], told: Path) -> int:
        lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        seconds: dict[str, float] = {}
        files = {str(file) for file in self.modules}
        shared: dict[str, set[tuple[str, int]]] = defaultdict(set)
        for item in items.values():
            seen, began = set[tuple[str, int]](), time.perf_counter()
            sys.settrace(_tracer(files, seen))
            self._run([item])
            sys.settrace(None)
            seconds[item.nodeid] = time.perf_counter() - began
            if self._failed:
                told.write_text(self._failed, encoding="utf-8")
                return 1
            if _shares(item):  # what a fixture of the whole file reached, each of its tests rests on
                shared[item.nodeid.partition("::")[0]] |= seen
                seen |= shared[item.nodeid.partition("::")[0]]
            for file, line in seen:
                lines[file][line].add(item.nodeid)
        found = {file: {line: sorted(tests) for line, tests in of_file.items()} for file, of_file in lines.items()}
        told.write_text(Reached(found, seconds).written(), encoding="utf-8")
        return 0

    def _all(self, items: dict[str, pytest.Item], scratch: Path) -> None:
        running: dict[int, tuple[Mutant, float]] = {}
        waiting = iter(enumerate(self.mutants, 1))
        left = True
        while left or running:
            while left and len(running) < self.workers:
                number, mutant = next(waiting, (0, None))
                left = mutant is not None
                if mutant is None:
                    break
                tests = self.reached.of(mutant, self.most)
                if not tests:
                    self.tell(mutant, "unreached")
                    continue
                chosen = [items[test] for test in tests]
                child = self._forked(scratch / str(number), lambda mutant=mutant, chosen=chosen: self._tried(mutant, chosen))  # type: ignore[misc]
                running[child] = (mutant, time.monotonic() + _LEAST_SECONDS + 8 * sum(self.reached.seconds[test] for test in tests))
            for child, word in list(_ended(running)):
                self.tell(running.pop(child)[0], word)
            time.sleep(0.01)

    def _tried(self, mutant: Mutant, items: list[pytest.Item]) -> int:
        tree = changed(mutant)
        try:
            patch(self.modules[mutant.file], str(mutant.file), tree)
        except Exception:
            return 1  # it cannot even be imported
        return 1 if self._run(items) else 0

    def _run(self, items: list[pytest.Item]) -> bool:
        """Run tests until one fails; whether one did."""
        for at, item in enumerate(items):
            after = items[at + 1] if at + 1 < len(items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if self._failed:
                return True
        return False

    def _forked(self, scratch: Path, done: Callable[[], int]) -> int:
        """Do something in a process of its own, with files of its own, and nothing to say."""
        scratch.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            child = os.fork()
        if child == 0:
            _alone(scratch, done)
        return child


def _alone(scratch: Path, done: Callable[[], int]) -> NoReturn:
    code = 1
    try:
        os.environ["TMPDIR"] = os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.tempdir = str(scratch)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        code = done()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(code)


def _ended(running: dict[int, tuple[Mutant, float]]) -> Iterator[tuple[int, str]]:
    for child, (_, until) in running.items():
        ended, code = os.waitpid(child, os.WNOHANG)
        if ended:
            yield child, "killed" if os.waitstatus_to_exitcode(code) else "survived"
        elif time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            yield child, "timeout"


def _tracer(files: set[str], seen: set[tuple[str, int]]) -> Callable[..., Any]:
    def within(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            seen.add((frame.f_code.co_filename, frame.f_lineno))
        return within

    def called(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return within(frame, event, argument)

    return called


def _shares(item: pytest.Item) -> bool:
    """Whether a test takes a fixture that others of its file take too."""
    found = getattr(item, "_fixtureinfo", None)
    definitions = [one for named in getattr(found, "name2fixturedefs", {}).values() for one in named]
    return any(one.scope in {"module", "class"} for one in definitions)
