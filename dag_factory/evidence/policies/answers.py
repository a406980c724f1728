"""Policy 6: what must be answered is answered, by the evidence that must answer it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from dag_factory.evidence.contract import Item, TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.rounds import merges_of
from dag_factory.evidence.verdict import Finding

__all__ = ["answered", "published"]

_SHOWN = 20


def answered(case: Case) -> Iterator[Finding]:
    """Every fact that an item must answer is cited in it; what must differ from earlier evidence does."""
    for task in case.tasks:
        if case.worked(task) is None:
            continue
        for item in task.items:
            for fact, target in item.answers.items():
                yield from _cited(case, task, item, fact, target)
            if item.differs_from and _digests(case, task, item) & _digests(case, *_find(case, item.differs_from)):
                yield case.finding(
                    "evidence-unchanged",
                    task,
                    f"{item.place} is word for word what {item.differs_from} was.",
                    subject=f"{task.id}/{item.id}",
                )


def _cited(case: Case, task: TaskContract, item: Item, fact: str, target: str) -> Iterator[Finding]:
    asked = _commits(case) if fact == "commits" else published(case, task, fact, target)
    open_ones = _uncited(asked, case.examine(task, item).facts.get("cites", ()))
    for name in open_ones[:_SHOWN]:
        yield case.finding(
            "answer-missing",
            task,
            f"{item.place} does not answer {_one(fact)} {name}.",
            subject=f"{task.id}/{item.id}:{name}",
        )
    if len(open_ones) > _SHOWN:
        yield case.finding(
            "answer-missing",
            task,
            f"{item.place} leaves {len(open_ones) - _SHOWN} more {fact} without an answer.",
            subject=f"{task.id}/{item.id}",
        )
    if not asked and fact not in {"findings", "deviations", "errors"}:
        yield case.finding(
            "answer-missing",
            task,
            f"There are no {fact} in {target} that {item.place} could answer.",
            subject=f"{task.id}/{item.id}:{fact}",
        )


def _uncited(asked: list[str], cites: tuple[str, ...]) -> list[str]:
    """Which of the ids are named nowhere. Longer ids are looked for first, so that `ing-1.1` does not stand for `ing-1`."""
    text = "__".join(("", *(_token(cite) for cite in cites), ""))
    missing: set[str] = set()
    for name in sorted(asked, key=len, reverse=True):
        sought = f"_{_token(name)}_"
        if sought == "__" or sought not in text:  # without a letter or a digit it can be cited nowhere
            missing.add(name)
        text = text.replace(sought, "_#_")
    return [name for name in asked if name in missing]


def published(case: Case, task: TaskContract, fact: str, target: str) -> list[str]:
    """The ids that the target's evidence publishes; for a task of a feature, those of this feature."""
    names: list[str] = []
    for other in case.contract.select(target, task.feature):
        for item in other.items:
            facts = case.examine(other, item).facts
            by_feature = any(name.startswith(f"{fact}@") for name in facts)
            names += facts.get(f"{fact}@{task.feature}" if task.feature and by_feature else fact, ())
    return list(dict.fromkeys(names))


def _commits(case: Case) -> list[str]:
    """Every sealed commit that was merged before this phase."""
    earlier = [phase.id for phase in case.contract.upto(case.phase_id)][:-1]
    found = [merge for phase in earlier for merge in merges_of(case.record, phase)]
    return list(dict.fromkeys(commit for merge in found for _, commit in merge.says.merged))


def _digests(case: Case, task: TaskContract | None, item: Item | None) -> frozenset[str]:
    stored = case.statement(task) if task and item else None
    return frozenset(entry.digest for entry in stored.says.evidence if item and entry.item == item.id) if stored else frozenset()


def _find(case: Case, place: str) -> tuple[TaskContract | None, Item | None]:
    task_id, _, item_id = place.rpartition("/")
    task = case.contract.tasks.get(task_id)
    return task, next((item for item in task.items if item.id == item_id), None) if task else None


def _token(text: str) -> str:
    """A name as it may stand in a test's name or a sentence: `ingest-2` and `INGEST_2` are the same; letters of any script count."""
    return re.sub(r"[\W_]+", "_", unicodedata.normalize("NFKC", text).casefold()).strip("_")


def _one(fact: str) -> str:
    return {"stories": "story", "acceptance": "acceptance criterion"}.get(fact, fact.removesuffix("s"))
