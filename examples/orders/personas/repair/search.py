"""Which edit is tried when, and which is kept.

1. The checks that the findings name are run here, as they stand. What fails is asked again within this process, where it is quick.
2. The modules of the feature are put in order: what ran last before the failure comes first; where time is short, what ran most often.
3. Each edit is tried on what failed, the smallest of the nearest module first. One under which nothing fails any more must then pass every
   quick check, and at last the checks themselves, the tests of every feature included. The first that does is kept.
4. Where there is none, more than one thing may be wrong: the edit that comes farthest without harm is kept, and the search goes on.

How far a round goes is counted in edits, so that on a busy machine it comes to the same end; the clock only ends what goes on beyond that, and it is set
by what one run of the failed checks takes here and now.
"""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from repair.commands import Ran, run, targets_of
from repair.edits import Edit, edits_of
from repair.probes import Answer, Question, warm
from repair.trials import Workbench

_ROUNDS = 3  # how many things may be wrong at once
_MOST = 600  # edits in one round
_AT_LEAST = 250  # edits that a round tries however long that takes; a feature of this sample has fewer
_CHECK_ENDS = 300.0  # seconds for one check, which has ended long before unless it hangs
_ROUND_ENDS = 20.0  # seconds for what a round tries beyond that,
_ENOUGH = 12.0  # or if something better was found by then,
_TIMES = 4  # or so many times what the failed checks took here, if that is longer
_HANGS = (600.0, 60)  # seconds, or times what the failed checks took: the longer of them ends any round
_ALWAYS = ("unit", "integration")
_ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
Wrong = dict[tuple[str, str], int]  # what is wrong, by target and symptom, and how far the check came


@dataclass(frozen=True)
class Mended:
    """What was changed, in words, which checks still fail, and how many edits were tried."""

    changes: tuple[str, ...]
    open: tuple[str, ...]
    tried: int = 0


@dataclass(frozen=True)
class _Limits:
    """When a round has seen enough: `took` is what one run of the failed checks took, in seconds, on this machine as busy as it is."""

    took: float
    began: float

    def over(self, count: int, better: bool) -> bool:
        """Whether a round that has tried so many edits ends without having found what mends everything."""
        passed = time.monotonic() - self.began
        if count < _AT_LEAST:
            return passed > max(_HANGS[0], _HANGS[1] * self.took)
        return passed > max(_ENOUGH if better else _ROUND_ENDS, _TIMES * self.took)


@dataclass
class _Failure:
    """What is known of the failure; `noise` is what only the quick checks see."""

    checks: list[Ran]
    questions: list[Question]
    wrong: Wrong
    noise: frozenset[tuple[str, str]]
    words: str
    limits: _Limits


def mend(package: Path, findings: Sequence[Mapping[str, Any]]) -> Mended:
    """Edit the package so that the checks of the findings pass; leave it as it is where no edit does that."""
    os.environ.update(_ENVIRONMENT)
    sys.dont_write_bytecode = True  # what was compiled from one edit would stand for the next, where it is as long and of the same second
    warm()
    checkout, tried = Path.cwd(), 0
    changes: list[str] = []
    checks = _run(targets_of(findings, checkout / "Makefile"), checkout)
    while any(check.failed for check in checks) and len(changes) < _ROUNDS:
        with tempfile.TemporaryDirectory() as folder:
            workbench = Workbench(checkout, Path(folder))
            failure = _look([check for check in checks if check.failed], workbench)
            edit, whole, count = _search(workbench, failure, package) if failure.wrong else (None, False, 0)
        tried += count
        if edit is None:
            break
        changes.append(f"{edit.path}, line {edit.line}: {edit.says}")
        _keep(edit, checkout)
        checks = [replace(check, failed=False) for check in checks] if whole else _run([check.target for check in checks], checkout)
    return Mended(tuple(changes), tuple(check.target for check in checks if check.failed), tried)


def _run(targets: Iterable[str], checkout: Path) -> list[Ran]:
    found = []
    for target in targets:
        ran = run(target, checkout, _CHECK_ENDS)
        print(f"make {target}: {'fails' if ran.failed else 'passes'}, after {ran.seconds:.1f} s", flush=True)
        for test in sorted(ran.tests):
            print(f"    {test}")
        found.append(ran)
    return found


def _look(failed: list[Ran], workbench: Workbench) -> _Failure:
    """Ask the same within this process, and tell what is seen here alone from what is really wrong."""
    questions = [Question(check.target) for check in failed]
    answers = workbench.look(questions) or []
    wrong, noise = Wrong(), set[tuple[str, str]]()
    for index, (check, answer) in enumerate(zip(failed, answers, strict=False)):
        for name, place in answer.symptoms.items():
            if check.tests and name not in check.tests:
                noise.add((check.target, name))
            else:
                wrong[check.target, name] = place
        if check.target == "bench" and not answer.symptoms:  # right, and yet it fails: it takes too long
            questions[index] = Question("bench", reference=answer.seconds)
            wrong["bench", "speed"] = 0
    words = "\n".join([*(check.output for check in failed), *(answer.words for answer in answers)])
    if not wrong:
        print("None of that is seen within one process: this is not for me to mend.")
    limits = _Limits(sum(check.seconds for check in failed), time.monotonic())
    return _Failure(failed, questions, wrong, frozenset(noise), words, limits)


def _search(workbench: Workbench, failure: _Failure, package: Path) -> tuple[Edit | None, bool, int]:
    """Find the edit to keep: the first that mends everything, and True; else the one that comes farthest without harm. Also how many were tried."""
    edits = _ordered(workbench, failure, package)
    narrow, patience = _quickest_first(workbench, failure)
    farthest: list[tuple[Wrong, Edit]] = []
    count = 0
    for edit, answers in workbench.tried(edits, narrow, patience):
        count += 1
        if failure.limits.over(count, bool(farthest)):
            print("That is enough for this round.")
            break
        wrong = _wrong(narrow, answers)
        if edit is None or wrong is None:
            continue
        if not wrong and _holds(workbench, failure, edit, {}):
            print(f"{count} of {len(edits)} edits tried; under this one everything passes.")
            return edit, True, count
        if wrong and _farther(wrong, failure.wrong):
            farthest.append((wrong, edit))
    print(f"{count} of {len(edits)} edits tried; none of them mends everything.")
    for wrong, edit in sorted(farthest, key=lambda found: (len(found[0]), -sum(found[0].values()))):
        if _holds(workbench, failure, edit, wrong):
            print("This one comes farther, and harms nothing; so more than one thing may be wrong.")
            return edit, False, count
    return None, False, count


def _quickest_first(workbench: Workbench, failure: _Failure) -> tuple[list[Question], float]:
    """What is asked of every edit, the quickest question first, and how long the answers may take."""
    timed = []
    for question in failure.questions:
        wrong = {name: place for (target, name), place in failure.wrong.items() if target == question.target}
        if wrong:
            began = time.monotonic()
            workbench.look([replace(question, only=frozenset(wrong))])
            timed.append((time.monotonic() - began, replace(question, only=frozenset(wrong), before=wrong)))
    timed.sort(key=lambda found: found[0])
    return [question for _, question in timed], 1.0 + 4 * sum(seconds for seconds, _ in timed)


def _narrowed(question: Question, wrong: Wrong) -> Question:
    only = frozenset(name for target, name in wrong if target == question.target)
    return Question(question.target, only, question.reference)


def _ordered(workbench: Workbench, failure: _Failure, package: Path) -> list[Edit]:
    """Every edit of the package in the order in which they are tried."""
    hits: dict[str, dict[int, tuple[int, int]]] = {}
    for question in (_narrowed(question, failure.wrong) for question in failure.questions):
        for name, lines in workbench.trace(question, package.as_posix()).lines.items():
            hits.setdefault(name, {}).update(lines)
    by = 0 if ("bench", "speed") in failure.wrong else 1  # how often, or when last
    rank = {name: number for number, name in enumerate(sorted(hits, key=lambda name: -max(hit[by] for hit in hits[name].values())))}
    checkout = workbench.copies[0]
    modules = sorted((checkout / package).rglob("*.py"), key=lambda path: (rank.get(path.name, len(rank)), path.name))
    print(f"Nearest first: {', '.join(path.name for path in modules)}.")
    edits = [edit for path in modules for edit in edits_of(path.relative_to(checkout), checkout, failure.words)]

    def order(edit: Edit) -> tuple[bool, int, int, int]:
        name = Path(edit.path).name
        near = [hits.get(name, {}).get(edit.line - above, (0, 0))[by] for above in range(3)]
        return (not any(near), edit.size, rank.get(name, len(rank)), -max(near))

    return sorted(edits, key=order)[:_MOST]


def _wrong(questions: Sequence[Question], answers: list[Answer] | None) -> Wrong | None:
    if answers is None or len(answers) < len(questions):  # or no better: what came first is as it was
        return None
    found = zip(questions, answers, strict=True)
    return {(question.target, name): place for question, answer in found for name, place in answer.symptoms.items()}


def _farther(now: Wrong, before: Wrong) -> bool:
    """Whether something is better, and nothing worse."""
    return now != before and all(name in before and place >= before[name] for name, place in now.items())


def _holds(workbench: Workbench, failure: _Failure, edit: Edit, wrong: Wrong) -> bool:
    """Whether an edit passes every check but for what is known to be wrong still: quickly, then by the checks themselves."""
    questions = [*failure.questions, *([] if any(q.target in {"e2e", "unit"} for q in failure.questions) else [Question("unit")])]
    before = _wrong(questions, workbench.look(questions)) or {}
    for _, answers in workbench.tried([edit], questions):
        found = _wrong(questions, answers)
    if found is None or any(place < before.get(name, place + 1) for name, place in found.items()):
        return False
    if not wrong and set(found) - failure.noise:
        return False
    print(f"Promising: {edit.path}, line {edit.line}: {edit.says}")
    copy = workbench.copies[0]
    text = (copy / edit.path).read_text(encoding="utf-8")
    (copy / edit.path).write_text(edit.text, encoding="utf-8")
    targets = [check.target for check in failure.checks if not wrong]
    targets = targets if "e2e" in targets else list(dict.fromkeys([*_ALWAYS, *targets]))  # e2e has every test in it
    passed = all(not run(target, copy, _CHECK_ENDS).failed for target in targets)
    (copy / edit.path).write_text(text, encoding="utf-8")
    return passed


def _keep(edit: Edit, checkout: Path) -> None:
    before = (checkout / edit.path).read_text(encoding="utf-8")
    (checkout / edit.path).write_text(edit.text, encoding="utf-8")
    print(f"Kept: {edit.path}, line {edit.line}: {edit.says}")
    print("".join(difflib.unified_diff(before.splitlines(True), edit.text.splitlines(True), edit.path, edit.path, n=1)), flush=True)
