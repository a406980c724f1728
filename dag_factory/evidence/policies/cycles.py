"""Policy 8: what was found before was given to somebody, was delivered, and was judged again by all who validate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.decided import taken_back
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.delivery import CLOCK_SKEW
from dag_factory.evidence.rounds import CONVERGE, statements_of
from dag_factory.evidence.run import Round, Stored
from dag_factory.evidence.statement import TaskStatement, moment_of
from dag_factory.evidence.verdict import Finding, Recheck

__all__ = ["mended", "rechecked", "unseen"]

_OF_CONSENT = frozenset({"approval-missing", "approval-partial", "approval-refused", "approval-stale"})
"""Rules that are asked only where nothing else speaks against the phase."""

_APART = timedelta(minutes=1)
"""How far the clocks of two honest machines may be apart. Whoever would hide how late it was brought may write any time at all."""


def mended(case: Case) -> Iterator[Finding]:
    """The newest fix cycle of the phase; those before had a gate of their own."""
    if len(case.rounds) < case.at:
        text = f"The gate of fix cycle {case.at} is asked, and nobody was told to mend what the newest verdict of the cycle before found."
        if taken_back(case.record, case.phase_id, case.at):
            text = f"The gate of fix cycle {case.at} is asked, and whoever decides was asked again since and allows it no more."
        yield Finding(rule="triage-missing", subject=f"{case.phase_id}:{case.at}", text=text)
    if not case.rounds:
        return
    newest = case.rounds[-1]
    yield from _told(case, newest)
    for order in newest.triage.says.orders:
        task = case.contract.tasks.get(order.task)
        if task and not newest.statements.get(task.id):
            given = f"{len(order.findings)} finding{'' if len(order.findings) == 1 else 's'}"
            text = f"@{task.persona} was given {given} to mend in fix cycle {newest.cycle}, and delivered nothing."
            yield case.finding("statement-missing", task, text)
    for task in (*case.phase.judges, *case.again):
        if not newest.statements.get(task.id):
            text = f"@{task.persona} has not judged again what was mended in fix cycle {newest.cycle}."
            yield case.finding("statement-missing" if task.external else "validation-stale", task, text)
        elif late := unseen(case, newest.statements[task.id][-1].says):
            text = f"@{task.persona} judged in fix cycle {newest.cycle} before {_some(late)} was brought, and must judge what is there now."
            yield case.finding("validation-stale", task, text)
    yield from _not_looked_at(case, newest)
    yield from _flipped(case)


def unseen(case: Case, judged: TaskStatement) -> list[str]:
    """Who mended what a validator has not looked at: it came, or was done again, after they had begun.

    Who says nothing of what they saw is held to the clocks, which may differ: who is outside has one of their own.
    """
    if judged.saw is not None:
        return [name for name, stored in case.mended.items() if stored.digest not in judged.saw]
    begun, tasks = moment_of(judged.started_at), case.contract.tasks
    late = {name: moment_of(stored.says.finished_at) - begun for name, stored in case.mended.items() if name in tasks}
    return [name for name, since in late.items() if since > (_APART if tasks[name].external else CLOCK_SKEW)]


def rechecked(case: Case, open_ids: set[str], waived_ids: set[str], *, asked: bool = True) -> tuple[Recheck, ...]:
    """What became of every finding of the verdicts that were mended, by name; each is told once, with the first cycle that had it.

    Parameters
    ----------
    asked: whether those who must agree were asked for: a refusal that nobody took back stands.

    """
    told: dict[str, Recheck] = {}
    for one in case.rounds:
        verdict = case.record.verdict_in(case.phase_id, one.cycle - 1)
        for finding in verdict.says.phasegate.findings if verdict else ():
            stands = finding.id in open_ids or (finding.rule in _OF_CONSENT and not asked)
            now = "open" if stands else "waived" if finding.id in waived_ids else "mended"
            told.setdefault(finding.id, Recheck(finding=finding.id, cycle=one.cycle - 1, now=now))  # type: ignore[arg-type] # one of the three
    return tuple(told.values())


def _told(case: Case, newest: Round) -> Iterator[Finding]:
    """Triage passes over nothing: each finding went to somebody, or is named as what nobody could be given."""
    verdict, said = case.record.verdict_in(case.phase_id, newest.cycle - 1), newest.triage.says
    named = {name for order in (*said.orders, *said.again) for name in order.findings} | {*said.left, *said.unowned}
    lost = [finding.id for finding in verdict.says.phasegate.findings if finding.id not in named] if verdict else []
    strangers = [order.task for order in said.orders if order.task not in {task.id for task in case.contract.makers(case.phase_id)}]
    if lost or strangers:
        wrong = [f"gives {_some(lost)} to nobody, and does not say that it was left over"] if lost else []
        wrong += [f"gives work to {_some(strangers)}, who may not have any"] if strangers else []
        text = f"The triage of fix cycle {newest.cycle} {', and '.join(wrong)}."
        yield Finding(rule="triage-missing", subject=f"{case.phase_id}:{newest.cycle}", text=text)


def _some(names: list[str]) -> str:
    """The first five, and how many more."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _not_looked_at(case: Case, newest: Round) -> Iterator[Finding]:
    """What was found before in work that was not completed since: nobody can tell whether it is mended, so it stands."""
    before = case.record.verdict_in(case.phase_id, newest.cycle - 1)
    for finding in before.says.phasegate.findings if before else ():
        task = case.contract.tasks.get(finding.task)
        if task and finding.rule not in _OF_THE_DELIVERY and not all(case.worked(one) for one in _asked(case, task, finding)):
            yield finding


def _asked(case: Case, task: TaskContract, finding: Finding) -> Iterator[TaskContract]:
    """Whose work a finding rests on: whoever it is about, and for an answer that was missing those whose ids were to be answered."""
    yield task
    if finding.rule == "answer-missing":
        for target in {target for item in task.items for target in item.answers.values()}:
            yield from case.contract.select(target, task.feature)


_OF_THE_DELIVERY = frozenset({"statement-missing", "task-failed", "validation-stale"})
"""Rules that say themselves that no work was completed."""


def _effective(case: Case, mended: Round) -> bool:
    """Whether anything was mended in a cycle: work that was completed, differs from what it stood on, and was merged."""
    return any(
        found[-1].says.outcome == "completed" and _differs(case, order.task, found[-1])
        for order in mended.triage.says.orders
        if (found := mended.statements.get(order.task))
    )


def _differs(case: Case, task_id: str, stored: Stored[TaskStatement]) -> bool:
    said, task = stored.says, case.contract.tasks.get(task_id)
    if case.phase.converges and said.base is not None:
        return said.sealed is not None and said.sealed.commit != said.base and said.sealed.commit in case.merged and _altered(case, said)
    counted = statements_of(case.record, case.phase_id, said.binding.cycle - 1, task) if task else ()
    before = {(entry.item, entry.name): entry.digest for entry in counted[0].says.evidence} if counted else {}
    return before != {(entry.item, entry.name): entry.digest for entry in said.evidence}


def _altered(case: Case, said: TaskStatement) -> bool:
    """Whether the merge of what was mended holds other files than the one before it: a commit that was merged before, or an empty one, mends nothing."""
    trees = [(merge.says.binding.cycle, merge.says.binding.task, merge.says.sealed.tree) for merge in case.merges]
    at = next((index for index, (cycle, step, _) in enumerate(trees) if (cycle, step) == (said.binding.cycle, CONVERGE)), None)
    return at is not None and (at == 0 or trees[at][2] != trees[at - 1][2])


def _flipped(case: Case) -> Iterator[Finding]:
    """A validator who finds nothing any more, where nothing was mended since, cannot be believed either time."""
    since = max((mended.cycle for mended in case.rounds if _effective(case, mended)), default=0)
    judges = {task.id: task for task in (*case.phase.judges, *case.again)}
    verdicts = [case.record.verdict_in(case.phase_id, cycle) for cycle in range(since, case.rounds[-1].cycle)]
    found = {finding.id: finding for verdict in verdicts if verdict for finding in verdict.says.phasegate.findings}
    told = {name: finding for name, finding in found.items() if finding.rule in _JUDGEMENTS and finding.task in judges}
    still = _still(case) if told else set()
    for finding in told.values():
        judge = judges[finding.task]
        if case.worked(judge) and (judge.id, finding.id) not in still:
            text = f"@{judge.persona} found {finding.id} before and finds it no more, though nothing was mended in fix cycle {case.at}."
            yield case.finding("validator-flipped", judge, text, subject=f"{judge.id}:{finding.id}")


_JUDGEMENTS = frozenset({"tests-failed", "tests-flaky", "validation-failed", "check-failed", "coverage-low"})


def _still(case: Case) -> set[tuple[str, str]]:
    """What is found now in what anybody found: whose, and what. It is asked once, for there may be thousands."""
    from dag_factory.evidence.policies.checks import succeeded
    from dag_factory.evidence.policies.items import evident
    from dag_factory.evidence.policies.people import answered_for

    return {(item.task, item.id) for policy in (succeeded, evident, answered_for) for item in policy(case)}
