"""Policy 4: every check that Phasegate ran succeeded, every check that was due was run, and beside a model's PASSED there is one."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.statement import CheckResult
from dag_factory.evidence.verdict import Finding

__all__ = ["succeeded"]


def succeeded(case: Case) -> Iterator[Finding]:
    """Every check of every task of the phase; one that failed has failed, whether or not it was planned."""
    for task in case.tasks:
        if case.worked(task) is None:
            continue
        results = case.results(task)
        ran = {result.name for result in results}
        for check in task.checks:
            if check.name not in ran:
                yield case.finding("check-missing", task, f"{_called(check.name)} was not run.", subject=f"{task.id}/{check.name}")
        failed: dict[str, CheckResult] = {}
        for result in results:
            if result.exit_code != 0 or result.ended != "exited":
                failed.setdefault(result.name, result)
        yield from (_failed(case, task, result) for result in failed.values())
    yield from _backed(case)


def _failed(case: Case, task: TaskContract, result: CheckResult) -> Finding:
    how = f"exit code {result.exit_code}" if result.exit_code else result.ended
    text = f"{_called(result.name)} failed ({how}): {_last_words(result.excerpt)}"
    return case.finding("check-failed", task, text, subject=f"{task.id}/{result.name}")


def _backed(case: Case) -> Iterator[Finding]:
    """Where a language model found nothing against what it judged, Phasegate has run something itself, be it on the merge.

    What the check says counts by itself, and that the model says FAILED needs nothing beside it.
    """
    for task in case.tasks:
        known = {check.name for check in task.checks}
        if not (task.modelled and task.judges) or case.worked(task) is None or any(result.name in known for result in case.results(task)):
            continue
        if not any(case.examine(task, item).faults for item in task.items):
            yield case.finding(
                "passed-unchecked",
                task,
                f"@{task.persona} is a language model and found nothing wrong; no check that Phasegate ran stands beside its word.",
            )


def _last_words(excerpt: str) -> str:
    """The last line that says something: make only repeats that its recipe failed."""
    said = [line.strip() for line in excerpt.splitlines() if line.strip()]
    telling = [line for line in said if not line.startswith(("make: ***", "make[")) and set(line) - set("=-_ ")]
    return (telling or said or ["it printed nothing"])[-1][:300]


def _called(name: str) -> str:
    """A check as a sentence begins with it; a binding's own is named `check` and needs no name beside it."""
    return "The check" if name == "check" else f"The check {name}"
