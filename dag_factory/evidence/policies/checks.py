"""Policy 4: every check that Phasegate ran succeeded, and every check that was due was run."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.verdict import Finding

__all__ = ["succeeded"]


def succeeded(case: Case) -> Iterator[Finding]:
    """Every check of every task of the phase."""
    for task in case.tasks:
        if case.worked(task) is None:
            continue
        results = case.results(task)
        for check in task.checks:
            ran = [item for item in results if item.name == check.name]
            result = next((item for item in ran if item.exit_code != 0), ran[0] if ran else None)
            subject = f"{task.id}/{check.name}"
            if result is None:
                yield case.finding("check-missing", task, f"The check {check.name} was not run.", subject=subject)
            elif result.exit_code != 0:
                how = f"exit code {result.exit_code}" if result.exit_code is not None else result.ended
                yield case.finding(
                    "check-failed",
                    task,
                    f"The check {check.name} failed ({how}): {_last_words(result.excerpt)}",
                    subject=subject,
                )


def _last_words(excerpt: str) -> str:
    """The last line that says something: make only repeats that its recipe failed."""
    said = [line.strip() for line in excerpt.splitlines() if line.strip()]
    telling = [line for line in said if not line.startswith(("make: ***", "make[")) and set(line) - set("=-_ ")]
    return (telling or said or ["it printed nothing"])[-1][:300]
