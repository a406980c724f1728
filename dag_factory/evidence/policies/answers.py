"""Policy 6: what must be answered is answered, by the evidence that must answer it."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.contract import Item, TaskContract
from dag_factory.evidence.kinds.words import PROSE, wording
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.named import places, said_of, told_apart, whole, with_own
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
            asked = {
                fact: _commits(case) if fact == "commits" else published(case, task, fact, target) for fact, target in item.answers.items()
            }
            for fact in asked:
                yield from _cited(case, task, item, fact, asked)
            before = _find(case, item.differs_from) if item.differs_from else None
            if before and _contents(case, task, item) & _contents(case, *before):
                yield case.finding(
                    "evidence-unchanged",
                    task,
                    f"{item.place} is word for word what {item.differs_from} was.",
                    subject=f"{task.id}/{item.id}",
                )


def _cited(case: Case, task: TaskContract, item: Item, fact: str, asked: dict[str, list[str]]) -> Iterator[Finding]:
    open_ones = _unanswered(item, fact, asked, case.examine(task, item).facts.get("cites", ()))
    for name, text in list(open_ones.items())[:_SHOWN]:
        yield case.finding("answer-missing", task, f"{item.place} {text}", subject=f"{task.id}/{item.id}:{name}")
    if len(open_ones) > _SHOWN:
        yield case.finding(
            "answer-missing",
            task,
            f"{item.place} leaves {len(open_ones) - _SHOWN} more {fact} without an answer.",
            subject=f"{task.id}/{item.id}",
        )
    if not asked[fact] and fact not in {"findings", "deviations", "errors"}:
        yield case.finding(
            "answer-missing",
            task,
            f"There are no {fact} in {item.answers[fact]} that {item.place} could answer.",
            subject=f"{task.id}/{item.id}:{fact}",
        )


def _unanswered(item: Item, fact: str, all_asked: dict[str, list[str]], cites: tuple[str, ...]) -> dict[str, str]:
    """The ids that have no answer, each with what is wrong. What an answer is depends on what gives it: a test, an entry, a sentence."""
    one, asked = _one(fact), all_asked[fact]
    if item.kind == "junit":
        found = told_apart(asked, cites)
        named = {name for name in asked if found[name]}
        good = with_own(found) if fact == "errors" else named  # one test per error; criteria that are met together may be tested together
        why = f"has no test of its own for {one} {{}}: those that name it are counted for others. Write one test for each."
    elif item.kind == "json":
        named, good = {name for name, numbers in places(asked, cites)[0].items() if numbers}, whole(asked, cites)
        why = f"names {one} {{}} only within a longer text. Give it an entry of its own."
    elif item.kind in PROSE:
        named, good = said_of(list(dict.fromkeys(name for names in all_asked.values() for name in names)), cites)
        why = f"names {one} {{}} and says nothing of it. Write what became of it."
    else:
        named = good = {name for name, numbers in places(asked, cites)[0].items() if numbers}
        why = ""
    return {name: why.format(name) if name in named else f"does not answer {one} {name}." for name in asked if name not in good}


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


def _contents(case: Case, task: TaskContract, item: Item) -> frozenset[str]:
    """What an item holds, by its digests; prose by its words, for a blank more is no change."""
    digests = {entry.digest for entry in case.entries(task, item) if entry.item == item.id}
    if item.kind in PROSE:
        digests |= {wording(data) for digest in digests if (data := case.files(digest))}
    return frozenset(digests - {""})


def _find(case: Case, place: str) -> tuple[TaskContract, Item] | None:
    task_id, _, item_id = place.rpartition("/")
    task = case.contract.tasks.get(task_id)
    return next(((task, item) for item in task.items if item.id == item_id), None) if task else None


def _one(fact: str) -> str:
    return {"stories": "story", "acceptance": "acceptance criterion"}.get(fact, fact.removesuffix("s"))
