"""Policy 10: tests are kept. What ran before runs again, what testers brought lies as they brought it, and nobody else steers how tests run.

Names count and not figures: a test is its class and its name, as its report has them. Earlier reports are read from the very bytes that were hashed.
Whoever owns tests may rename them while they mend; fewer than before are never enough. Left alone are reports of other tasks, whatever they leave out:
only what the plan says includes the tests of others is held to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from dag_factory.evidence.contract import Item, TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.rounds import merges_of, statements_of
from dag_factory.evidence.statement import Binding, Entry
from dag_factory.evidence.verdict import Finding

__all__ = ["kept"]

_NAMED = 5


def kept(case: Case) -> Iterator[Finding]:
    """The tests of every task that is judged, what they measured, and every test file that testers brought."""
    for task in case.tasks:
        reports = [item for item in task.items if item.kind == "junit"]
        measured = [item for item in task.items if item.kind == "coverage"]
        if (reports or measured) and case.worked(task) is not None:
            yield from _dropped(case, task, reports)
            yield from _unmeasured(case, task, measured)
    for lost in case.merges[-1].says.altered if case.merges else ():
        text = f"{lost.path} is not what {lost.task} brought: somebody else changed it or took it away. Have @{_persona(case, lost.task)} decide about it."
        yield Finding(rule="tests-changed", subject=f"{lost.task}:{lost.path}", text=text, task=lost.task)


def _persona(case: Case, task_id: str) -> str:
    task = case.contract.tasks.get(task_id)
    return task.persona if task else task_id


def _dropped(case: Case, task: TaskContract, reports: list[Item]) -> Iterator[Finding]:
    ran = {item.id: case.examine(task, item).facts.get("ran", ()) for item in reports}
    everything = frozenset(chain.from_iterable(ran.values()))
    for item in (item for item in reports if ran[item.id]):  # where nothing ran, that is told already
        for other in case.contract.select(item.includes) if item.includes else ():
            theirs = [test for one in other.items if one.kind == "junit" for test in case.examine(other, one).facts.get("ran", ())]
            if other.id != task.id and (gone := _gone(theirs, everything)):
                yield _told(case, task, item, gone, f"{other.id} reported", other.id)
        yield from _fewer(case, task, item, ran[item.id])


def _fewer(case: Case, task: TaskContract, item: Item, ran: tuple[str, ...]) -> Iterator[Finding]:
    """What an item's own reports of earlier cycles held, and the newest does not."""
    newest, *earlier = _reports(case, task, item)
    for bound, entry in earlier:
        if entry.digest == newest[1].digest:
            continue
        before = _facts(case, item, entry).get("ran", ())
        gone = _gone(before, frozenset(ran))
        if gone and not (_rewritten(case, task, bound) and len(ran) >= len(before)):
            yield _told(case, task, item, gone, "ran in an earlier cycle", "before")
            return


def _unmeasured(case: Case, task: TaskContract, measured: list[Item]) -> Iterator[Finding]:
    """Coverage whose branches were measured in an earlier cycle, and are not any more: fewer of them raise the figure."""
    for item in measured:
        facts = case.examine(task, item).facts
        if not facts.get("files") or "branches" in facts:
            continue
        if any("branches" in _facts(case, item, entry) for _, entry in _reports(case, task, item)[1:]):
            text = f"{item.place}: branches were measured in an earlier cycle, and are not any more. Switch their measuring on again."
            yield case.finding("coverage-omitted", task, text, subject=f"{task.id}/{item.id}:branches")


def _reports(case: Case, task: TaskContract, item: Item) -> list[tuple[Binding, Entry]]:
    """Every report of an item that a gate has looked at, the newest first, with where it was made."""
    if item.check is None or item.at != "converge":
        found = statements_of(case.record, case.phase_id, case.cycle, task)
        return [(one.says.binding, entry) for one in found for entry in one.says.evidence if (entry.task, entry.item) == (task.id, item.id)]
    phases = [phase.id for phase in case.contract.upto(case.phase_id)]
    merges = [merge for one in phases for merge in merges_of(case.record, one, case.cycle if one == case.phase_id else None)]
    return [
        (merge.says.binding, entry)
        for merge in reversed(merges)
        for entry in merge.says.evidence
        if (entry.task, entry.item) == (task.id, item.id)
    ]


def _facts(case: Case, item: Item, entry: Entry) -> Mapping[str, tuple[str, ...]]:
    from dag_factory.evidence.kinds.asking import ask
    from dag_factory.evidence.kinds.base import Material

    data = case.files(entry.digest)
    return ask(item.kind, Material(entry.name, data), {}).facts if data is not None else {}


def _rewritten(case: Case, task: TaskContract, since: Binding) -> bool:
    """Whether those whose tests they are have changed some since: who tests, and whoever reports them."""
    order = {phase.id: place for place, phase in enumerate(case.contract.phases)}
    place = (order.get(since.phase, -1), since.cycle)
    owners = [one for one in case.contract.tasks.values() if one.duty == "testing" or one.id == task.id]
    return any(
        stored.says.sealed is not None
        and stored.says.sealed.commit in case.merged
        and (order.get(stored.says.binding.phase, -1), stored.says.binding.cycle) > place
        for owner in owners
        for stored in statements_of(case.record, case.phase_id, case.cycle, owner)
    )


def _gone(before: Iterable[str], now: frozenset[str]) -> list[str]:
    """The tests that are not run any more.

    A report may have been made from another folder, if all of its tests say so. Parameters may be called anew, if there are as many.
    """
    tests = list(before)
    lost = [test for test in tests if test not in now]
    for shift in _shifts(lost[0], now) if lost else ():
        lost = min(lost, [test for test in tests if shift(test) not in now], key=len)
    had, have = (Counter(map(_unparametrised, some)) for some in (tests, now))
    return [test for test in lost if "[" not in test or have[_unparametrised(test)] < had[_unparametrised(test)]]


def _shifts(lost: str, now: frozenset[str]) -> list[_Shift]:
    """From which other folders a test may have been run: its class is the same but for what stands before it."""
    place, _, name = lost.partition("::")
    others = [other for other, _, same in (test.partition("::") for test in now) if same == name and other]
    longer = [_Shift(0, other.removesuffix(place)) for other in others if place and other.endswith(f".{place}")]
    return longer + [_Shift(len(place) - len(other), "") for other in others if place.endswith(f".{other}")]


class _Shift:
    """How a class is called from another folder: with less, or with more before it."""

    def __init__(self, cut: int, add: str) -> None:
        self.cut, self.add = cut, add

    def __call__(self, test: str) -> str:
        return self.add + test[self.cut :]


def _unparametrised(test: str) -> str:
    return test.partition("[")[0]


def _told(case: Case, task: TaskContract, item: Item, gone: list[str], who: str, subject: str) -> Finding:
    from dag_factory.evidence.kinds.base import listed

    text = f"{item.place}: {len(gone)} tests that {who} are not run any more: {listed(gone, _NAMED)}. Run them; a test that is wrong is its owner's to change."
    return case.finding("tests-dropped", task, text, subject=f"{task.id}/{item.id}:{subject}")
