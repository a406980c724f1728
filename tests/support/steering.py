"""An engineer who brings one file more than is owed, and what the gate says of it."""

from __future__ import annotations

from dag_factory.evidence.statement import Entry
from support.runs import HonestRun

__all__ = ["ENGINEER", "PYTEST", "brought", "found", "shadowed"]

ENGINEER = "implementation/ingest.software-engineer"
PYTEST = '[project]\nname = "orders"\n[tool.pytest.ini_options]\naddopts = "-k not_inconvenient"\n'


def brought(run: HonestRun, name: str, data: bytes) -> tuple[Entry, ...]:
    """What an engineer owes, and one file more."""
    digest = run.store.put_bytes(data)
    return (
        *run.entries(run.contract.tasks[ENGINEER], "seal"),
        Entry(task=ENGINEER, item="code", name=name, digest=digest, size=len(data), grade="observed"),
    )


def shadowed(run: HonestRun, name: str, text: str = "import os\n", *, product: tuple[str, ...] = ()) -> list[str]:
    """Have an engineer bring one file more, and give what its gate is told to be steered; `product` is what else the product has."""
    return found(run, name, text, "tests-shadowed", product=product)


def found(run: HonestRun, name: str, text: str, rule: str, *, product: tuple[str, ...] = ()) -> list[str]:
    """What a rule says of an engineer who brings one file more; no other rule says anything."""
    for task in run.contract.phase("implementation").tasks:
        run.deliver(task.id, **({"evidence": brought(run, name, text.encode())} if task.id == ENGINEER else {}))
    listed = "".join(f"{path}\0file\0{'a' * 64}\n" for path in (*product, name))
    run.converge("implementation", product=run.store.put_bytes(listed.encode()))
    judgement = run.judge("implementation")
    assert judgement.word == ("FAILED" if judgement.findings else "PASSED")
    assert {finding.rule for finding in judgement.findings} <= {rule, "evidence-undeclared"}  # a file at the top is no code of the product
    return [finding.subject for finding in judgement.findings if finding.rule == rule]
