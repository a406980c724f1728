"""One edit at a time, each in a process of its own and in a copy of the checkout, a few beside each other, answered in their order."""

from __future__ import annotations

import json
import math
import os
import resource
import select
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from repair.edits import Edit
from repair.probes import Answer, Question, ask

_PATIENCE = 30.0  # seconds for questions, where nothing is known of how long they take
_BUSY = 10  # times as long on the clock as in work: others use this machine too; and
_AT_LEAST = 30.0  # seconds on the clock, however little work it is
_LITTER = shutil.ignore_patterns(".git", "__pycache__", "build", ".pytest_cache")
_BESIDE = max(1, min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


@dataclass(frozen=True)
class Trace:
    """Where the product has been: for every line of every module how often, and when last."""

    lines: dict[str, dict[int, tuple[int, int]]]


class Workbench:
    """A few copies of the checkout to try edits in.

    Parameters
    ----------
    checkout: what is copied; it is never written to.
    folder: an empty folder for the copies.

    """

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.copies = [folder / f"copy{number}" for number in range(_BESIDE)]
        for copy in self.copies:
            shutil.copytree(checkout, copy, ignore=_LITTER, symlinks=True)

    def keep(self, edit: Edit) -> None:
        """From now on every copy has this edit."""
        for copy in self.copies:
            (copy / edit.path).write_text(edit.text, encoding="utf-8")

    def look(self, questions: Sequence[Question]) -> list[Answer] | None:
        """Ask without an edit; None if there was no answer."""
        [(_, answers)] = self.tried([None], questions)
        return answers

    def tried(
        self, edits: Iterable[Edit | None], questions: Sequence[Question], patience: float = _PATIENCE
    ) -> Iterator[tuple[Edit | None, list[Answer] | None]]:
        """Ask the questions with each edit made; the answers come in the order of the edits.

        An edit with which that is more work than `patience`, in seconds, has no answer: it may have made a loop endless. Nor has one that takes
        many times as long on the clock: it may have locked the database.
        """
        waiting = iter(edits)
        free, flying = deque(self.copies), deque[tuple[Edit | None, Path, str, _Child]]()
        try:
            while True:
                while free and (edit := next(waiting, ...)) is not ...:
                    copy = free.popleft()
                    before = (copy / edit.path).read_text(encoding="utf-8") if edit else ""
                    if edit:
                        (copy / edit.path).write_text(edit.text, encoding="utf-8")
                    flying.append((edit, copy, before, _Child(copy, questions, patience)))
                if not flying:
                    return
                edit, copy, before, child = flying.popleft()
                answers = child.answers()
                if edit:
                    (copy / edit.path).write_text(before, encoding="utf-8")
                free.append(copy)
                yield edit, answers
        finally:  # whoever has seen enough leaves the others behind
            for edit, copy, before, child in flying:
                child.end()
                if edit:
                    (copy / edit.path).write_text(before, encoding="utf-8")

    def trace(self, question: Question, package: str) -> Trace:
        """Where the product goes while this is asked."""
        child = _Child(self.copies[0], [question], _PATIENCE, package)
        child.answers()
        return Trace({name: {int(line): (at[0], at[1]) for line, at in lines.items()} for name, lines in child.lines.items()})


class _Child:
    """A process that answers questions in one copy."""

    def __init__(self, copy: Path, questions: Sequence[Question], patience: float, package: str = "") -> None:
        self.lines: dict[str, Any] = {}
        self._pipe, writing = os.pipe()
        self._until = time.monotonic() + max(_AT_LEAST, _BUSY * patience)
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid == 0:
            with suppress(BaseException):
                resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(patience), math.ceil(patience) + 1))
                _answer(copy, questions, package, writing)
            os._exit(0)
        os.close(writing)

    def answers(self) -> list[Answer] | None:
        """Wait for it; None if it died or took too long."""
        said = b""
        while select.select([self._pipe], [], [], max(0.0, self._until - time.monotonic()))[0]:
            part = os.read(self._pipe, 1 << 16)
            if not part:
                break
            said += part
        self.end()
        try:
            told = json.loads(said)
        except ValueError:
            return None
        self.lines = told["lines"]
        return [Answer(**answer) for answer in told["answers"]]

    def end(self) -> None:
        """End it and everything it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._pipe)


def _answer(copy: Path, questions: Sequence[Question], package: str, writing: int) -> None:
    """In the child: the copy is where it works, and its product the one that is imported."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.chdir(copy)
    sys.path[:0] = [str(copy / "src"), str(copy / "checks")]
    lines: dict[str, dict[int, tuple[int, int]]] = {}
    if package:
        sys.settrace(_tracer(str(copy / package) + os.sep, lines))
    answers: list[dict[str, Any]] = []
    for question in questions:
        answers.append(asdict(ask(question)))
        if answers[-1]["symptoms"] == question.before:
            break
    sys.settrace(None)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        json.dump({"answers": answers, "lines": lines}, stream)


def _tracer(folder: str, lines: dict[str, dict[int, tuple[int, int]]]) -> Any:
    moment = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ARG001
        nonlocal moment
        if not frame.f_code.co_filename.startswith(folder):
            return None
        moment += 1
        seen = lines.setdefault(frame.f_code.co_filename.removeprefix(folder), {})
        seen[frame.f_lineno] = (seen.get(frame.f_lineno, (0, 0))[0] + 1, moment)
        return trace

    return trace
