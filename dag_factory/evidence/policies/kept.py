"""Policy 10: tests are kept. What ran before runs again, what testers brought lies as they brought it, and nobody else steers how tests run.

Names count and not figures: a test is its class and its name, as its report has them. Earlier reports are read from the very bytes that were hashed.
Whoever owns tests may rename them while they mend; fewer than before are never enough. Left alone are reports of other tasks, whatever they leave out:
only what the plan says includes the tests of others is held to them. Of benchmarks and of entries in JSON that have ids, what failed is tried again.

A parameter is what stands in brackets at the end of a name. Whoever owns a test may call its parameters anew; in the reports of others they are those of the
owner's newest report, but for what is drawn anew each time: a moment, an address, a long number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice

from dag_factory.evidence.contract import Item, TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.writes import may_write
from dag_factory.evidence.rounds import merges_of, statements_of
from dag_factory.evidence.statement import Binding, Entry
from dag_factory.evidence.verdict import Finding

__all__ = ["kept"]

_NAMED = 5
_PARAMETERS = re.compile(r"([^\[\]]*[^\[\]\s])\[(.*)\]", re.DOTALL)
_DRAWN = re.compile(r"(?<![^\W_])[^\W_]*[0-9][^\W_]*|\b[0-9a-f]{4,}\b", re.IGNORECASE)
"""Part of a moment, a UUID, an address, a folder's name."""
_FOLDERS = 50  # so many are tried, from which tests may have been run; each costs a look at all of them
_LONG = 4  # characters from which on a number is none that anybody counts with

Way = Callable[[str], str]


def kept(case: Case) -> Iterator[Finding]:
    """The tests of every task that is judged, what they measured, and every test file that testers brought."""
    for task in case.tasks:
        if case.worked(task) is not None:
            yield from _dropped(case, task, [item for item in task.items if item.kind == "junit"])
            yield from _unmeasured(case, task, [item for item in task.items if item.kind == "coverage"])
            yield from _untried(case, task, [item for item in task.items if item.kind in ("benchmark", "json")])
    for lost in case.merges[-1].says.altered if case.merges else ():
        text = f"{lost.path} is not what {lost.task} brought: somebody else changed it or took it away. Have @{_persona(case, lost.task)} decide about it."
        yield Finding.briefly("tests-changed", f"{lost.task}:{lost.path}", text, lost.task)


def _persona(case: Case, task_id: str) -> str:
    task = case.contract.tasks.get(task_id)
    return task.persona if task else task_id


def _dropped(case: Case, task: TaskContract, reports: list[Item]) -> Iterator[Finding]:
    ran = {item.id: case.examine(task, item).facts.get("ran", ()) for item in reports}
    everything = frozenset(chain.from_iterable(ran.values()))
    for item in (item for item in reports if ran[item.id]):  # where nothing ran, that is told already
        for other in case.contract.select(item.includes) if item.includes else ():
            theirs = [test for one in other.items if one.kind == "junit" for test in case.examine(other, one).facts.get("ran", ())]
            if gone := _gone(case, other, theirs, everything, _undrawn):
                yield _told(case, task, item, gone, f"{other.id} reported", other.id)
        yield from _fewer(case, task, item, ran[item.id])


def _fewer(case: Case, task: TaskContract, item: Item, ran: tuple[str, ...]) -> Iterator[Finding]:
    """What an item's own reports of earlier cycles held, and the newest does not."""
    newest, *earlier = _reports(case, task, item)
    for bound, entry in earlier:
        if entry.digest == newest[1].digest:
            continue
        before = _facts(case, item, entry).get("ran", ())
        gone = _gone(case, task, before, frozenset(ran), _unparametrised)
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


def _untried(case: Case, task: TaskContract, tried: list[Item]) -> Iterator[Finding]:
    """What spoke against the product in an earlier cycle, by its name, and is not told any more: a benchmark that was too slow, an attempt that got in."""
    from dag_factory.evidence.kinds.base import listed

    for item in tried:
        facts = case.examine(task, item).facts
        now = facts.get("@entries", facts.get("benchmarks", ()))
        earlier = _reports(case, task, item)[1:] if now else ()
        against = (name for _, entry in earlier for name in _facts(case, item, entry, expected=True).get("@against", ()))
        if lost := list(dict.fromkeys(name for name in against if name not in now)):
            text = f"{item.place}: {len(lost)} of what spoke against the product in an earlier cycle is not told any more: {listed(lost, _NAMED)}."
            yield case.finding("tests-dropped", task, f"{text} Try it again, under the same name.", subject=f"{task.id}/{item.id}:before")


def _reports(case: Case, task: TaskContract, item: Item) -> list[tuple[Binding, Entry]]:
    """Every report of an item that a gate has looked at, the newest first, with where it was made."""
    if not item.of_merge:
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


def _facts(case: Case, item: Item, entry: Entry, *, expected: bool = False) -> Mapping[str, tuple[str, ...]]:
    from dag_factory.evidence.kinds.asking import ask
    from dag_factory.evidence.kinds.base import Material

    data = case.files(entry.digest)
    return ask(item.kind, Material(entry.name, data), item.expect if expected else {}).facts if data is not None else {}


def _rewritten(case: Case, task: TaskContract, since: Binding) -> bool:
    """Whether those whose tests they are have changed some since: who tests, and whoever reports them."""
    order = {phase.id: place for place, phase in enumerate(case.contract.phases)}

    def when(bound: Binding) -> tuple[int, int]:
        return order.get(bound.phase, -1), bound.cycle  # a phase that the plan does not have comes before all

    owners = [one for one in case.contract.tasks.values() if one.duty == "testing" or one.id == task.id]
    return any(
        stored.says.sealed is not None and stored.says.sealed.commit in case.merged and when(stored.says.binding) > when(since)
        for owner in owners
        for stored in statements_of(case.record, case.phase_id, case.cycle, owner)
    )


def _gone(case: Case, owner: TaskContract, before: Iterable[str], now: frozenset[str], alike: Way) -> list[str]:
    """The tests that are not run any more.

    A report may have been made from another folder, if all of its tests say so. Parameters may be called anew, if there are as many.

    Parameters
    ----------
    owner: whose tests they are.
    alike: what is the same of two tests, one of which may stand for the other.

    """
    tests = list(before)
    lost = next((test for test in tests if test not in now), None)
    have = Counter(map(alike, now))
    ways: list[Way] = [str, *(_shifts(case, owner, tests, lost, now) if lost else ())]

    def missed(way: Way) -> list[str]:
        called = {test: way(test) for test in tests}
        had = Counter(map(alike, called.values()))
        return [test for test, name in called.items() if name not in now and have[alike(name)] < had[alike(name)]]

    return min(map(missed, ways), key=len)


def _shifts(case: Case, owner: TaskContract, tests: Iterable[str], lost: str, now: Iterable[str]) -> Iterator[Way]:
    """From which other folders tests may have been run: the class of one that is lost is the same but for what stands before it."""
    place, places = _class(lost), set(map(_class, tests))
    alike = (one for one in sorted(set(map(_class, now))) if (place and one.endswith(f".{place}")) or (one and place.endswith(f".{one}")))
    for other in islice(alike, _FOLDERS):
        way = _Shift(0, other.removesuffix(place)) if len(other) > len(place) else _Shift(len(place) - len(other), "")
        if all(_may_be(case, owner, one, way(one)) for one in places):
            yield way


def _may_be(case: Case, owner: TaskContract, place: str, other: str) -> bool:
    """Whether a class may lie elsewhere: where its owner may not write, and somebody else may who could not write where it lay, other tests lie."""
    here, there = place.replace(".", "/"), other.replace(".", "/")
    return may_write(owner, there) or not any(may_write(task, there) and not may_write(task, here) for task in case.contract.tasks.values())


class _Shift:
    """How a class is called from another folder: with less, or with more before it."""

    def __init__(self, cut: int, add: str) -> None:
        self.cut, self.add = cut, add

    def __call__(self, test: str) -> str:
        return self.add + test[self.cut :]


def _class(test: str) -> str:
    return test.partition("::")[0]


def _unparametrised(test: str) -> str:
    found = _PARAMETERS.fullmatch(test)
    return f"{found[1]}[]" if found else test


def _undrawn(test: str) -> str:
    """A test without what is drawn anew each time among its parameters."""
    found = _PARAMETERS.fullmatch(test)
    if found is None or all(len(one) < _LONG for one in _DRAWN.findall(found[2])):
        return test
    return f"{found[1]}[{re.sub(r'0([-+.:]+0)*', '0', _DRAWN.sub('0', found[2]))}]"


def _told(case: Case, task: TaskContract, item: Item, gone: list[str], who: str, subject: str) -> Finding:
    from dag_factory.evidence.kinds.base import listed

    text = f"{item.place}: {len(gone)} tests that {who} are not run any more: {listed(gone, _NAMED)}."
    text += " Run them, under these names; a test that is wrong is its owner's to change."
    return case.finding("tests-dropped", task, text, subject=f"{task.id}/{item.id}:{subject}")
