"""One phase of a DAG: its tasks, its gate, and what follows where the gate finds red flags.

::

    open -> tasks -> converge -> [evidence -> approve-1 ...] -> gate
    fix_1: triage -> fix (mapped) -> settled -> [brought] -> converge -> validators again -> [join] -> [evidence -> approve-1 ...] -> gate
    decide_1 -> waived_1, fix_3 ...

`open` is an EmptyOperator with `one_success` over all gates of the phase before. `converge` and the gate run whatever became of the tasks
(`all_done_min_one_success`, with `open` among their upstreams): a missing statement is a red flag, not the end of the run.

`triage` is `all_failed` on all gates of the phase before it, and skips itself where the last of them found nothing: so all fix phases behind a gate that passed
are skipped at once, not one behind the other, turn by turn of the scheduler. What is mapped may have nothing to do, and a skipped
task would skip what follows by `all_done_min_one_success`: so `settled`, an EmptyOperator with `all_done`, stands between, and `converge` wants
`settled` and `triage`. All this costs no worker where nothing failed.

A phase that was never opened has a gate that is upstream_failed, and Airflow's `all_failed` counts that as failed: its first `triage` (or `decide_1`, where
there is no fix cycle) wakes up, finds no verdict and skips itself. No trigger rule tells the two apart, and a task between that did would make every run
slower in which nothing fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import TaskGroup, TriggerRule

from dag_factory.described import gate_doc, task_doc
from dag_factory.evidence.contract import PhaseContract, TaskContract
from dag_factory.operators.chosen import mending, way_of, working
from dag_factory.operators.converge import ConvergeOperator
from dag_factory.operators.persona import PersonaOperator
from dag_factory.operators.triage import TriageOperator
from dag_factory.plan import Execution, Plan
from dag_factory.sensors.brought import BroughtSensor
from dag_factory.sensors.gate import GateSensor

__all__ = ["Built", "build_phase"]

# One colour a kind of work, light enough for dark text in both of Airflow's themes.
_COLOURS = {
    "foundation": "#ddd6fe", "implementation": "#bfdbfe", "testing": "#a5f3fc", "validation": "#fed7aa", "documentation": "#e9d5ff",
    "integration": "#fbcfe8", "architecture-update": "#ddd6fe", "deployment": "#d9f99d",
}  # fmt: skip


@dataclass
class Built:
    """What of a phase others follow: `gates`, of which any one opens the next phase; `ends`, after all of which the run is judged."""

    gates: list[Any] = field(default_factory=list)
    ends: list[Any] = field(default_factory=list)


def build_phase(plan: Plan, folder: Path, phase: PhaseContract, number: int, before: Sequence[Any]) -> Built:
    """Build a phase in the DAG of the current context.

    Parameters
    ----------
    folder: where the spec lies.
    number: its place, from 1.
    before: the gates of the phase before, or kickoff.

    """
    who = sorted({f"@{task.persona}" for task in phase.tasks})
    with TaskGroup(
        group_id=phase.id, group_display_name=f"{number} · {phase.title}", tooltip=f"{', '.join(who)}. Gate {number}: {phase.says}",
        ui_color="#f1f5f9", ui_fgcolor="#0f172a",
    ):  # fmt: skip
        opened = EmptyOperator(
            task_id="open",
            trigger_rule=TriggerRule.ONE_SUCCESS,
            task_display_name="Open",
            doc_md="Starts the phase once a gate before it let it through.",
        )
        list(before) >> opened
        return _Phase(plan, folder, phase, number).build(opened)


@dataclass
class _Phase:
    """Builds one phase."""

    plan: Plan
    folder: Path
    phase: PhaseContract
    number: int
    built: Built = field(default_factory=Built)
    asked: list[Any] = field(default_factory=list)  # the gates so far, without those that judge again what was waived

    def build(self, opened: Any) -> Built:
        """Build the ordinary work, then a fix phase a cycle, with a person's decision before each of the last ones."""
        tasks: list[Any] = [self._task(task) for task in self.phase.tasks]
        opened >> tasks
        due = [opened, *tasks]
        if self.phase.converges:
            due = [*due, self._converge(due)]
        gate = self._gate(due, 0)
        fix = self.plan.contract.fix
        for cycle in range(1, fix.cycles + 1):
            if cycle > fix.max_cycles:
                gate = self._decide(gate, cycle - fix.max_cycles, cycle - 1, more=True)
            gate = self._fix(gate, cycle)
        if fix.decide:
            self._decide(gate, fix.cycles - fix.max_cycles + 1, fix.cycles, more=False)
        return self.built

    def _fix(self, before: tuple[Any, Any], cycle: int) -> tuple[Any, Any]:
        """A fix phase behind a gate: `before` is what it follows, and the gate whose findings it mends."""
        after, gate = before
        by_hand = after is not gate
        tip = f"Opens where {gate.task_id} finds red flags."
        with TaskGroup(group_id=f"fix_{cycle}", group_display_name=f"Fix {cycle}", tooltip=tip, ui_color="#fef2f2", ui_fgcolor="#7f1d1d"):
            triage = TriageOperator(
                task_id="triage", plan=self.plan, folder=self.folder, phase=self.phase.id, cycle=cycle, gate=gate.task_id, task_display_name="Triage",
                trigger_rule=TriggerRule.ALL_SUCCESS if by_hand else TriggerRule.ALL_FAILED,
                doc_md="Says who mends what, and signs it. Skips this fix phase where the gate before it found nothing.",
            )  # fmt: skip
            (after if by_hand else self.asked) >> triage
            settled = EmptyOperator(
                task_id="settled", trigger_rule=TriggerRule.ALL_DONE, task_display_name="Settled",
                doc_md="Follows every fix task, whether it mended, failed or had nothing to do.",
            )  # fmt: skip
            triage >> settled
            for mend in self._mend(triage, cycle):
                triage >> mend >> settled
            after = [triage, settled, *self._brought([triage, settled], cycle)]
            due: list[Any] = [triage, self._converge(after, cycle) if self.phase.converges else _mended(after)]
            judges = [self._task(task, cycle) for task in self.plan.contract.judges(self.phase.id)]
            for one in due:
                one >> judges
            due = [*due, *judges]
            if self.phase.converges and self.plan.contract.joins(self.phase.id):
                due = [*due, self._converge(due, cycle, "join")]
            return self._gate(due, cycle)

    def _mend(self, triage: TriageOperator, cycle: int) -> list[Any]:
        """The mapped fix tasks: one for all who work in one way, pool, queue and executor, since what is mapped cannot change them by item."""
        makers = self.plan.contract.makers(self.phase.id)
        if not makers:
            return []
        groups: dict[tuple[Any, ...], list[TaskContract]] = {}
        for task in makers:
            groups.setdefault((way_of(self.plan, task), *_place(self.plan.executions[task.id])), []).append(task)
        made = []
        for index, tasks in enumerate(groups.values()):
            longest = max(self._seconds(task) for task in tasks)
            name = "fix" if len(groups) == 1 else f"fix-{tasks[0].persona}-{index + 1}"
            orders: Any = triage.output
            if len(groups) > 1:
                orders = self._share(triage, name, tasks).output
            made.append(
                mending(self.plan, tasks[0], f"{self.phase.id}.fix_{cycle}.{name}").partial(
                    task_id=name, plan=self.plan, folder=self.folder, phase=self.phase.id, cycle=cycle, task_display_name="Fix",
                    execution_timeout=timedelta(seconds=longest), map_index_template="{{ task.whose }}", owner="phasegate",
                    doc_md="Mends what was found, one order a task whose work is at fault. Fix work is evidence like any other.",
                    **_airflow(self.plan.executions[tasks[0].id]),
                ).expand(order=orders)
            )  # fmt: skip
        return made

    def _brought(self, due: Sequence[Any], cycle: int) -> list[Any]:
        """What waits for those who mend outside; nothing where nobody does."""
        if not any(task.external for task in self.plan.contract.makers(self.phase.id)):
            return []
        brought = BroughtSensor(
            task_id="brought", plan=self.plan, phase=self.phase.id, cycle=cycle, task_display_name="Brought",
            doc_md="Waits for what is mended outside, so that validators judge that.",
        )  # fmt: skip
        list(due) >> brought
        return [brought]

    def _share(self, triage: TriageOperator, name: str, tasks: Sequence[TaskContract]) -> Any:
        """What of the orders is for one group: Airflow keeps one length a task, so who is mapped over a part needs a task of its own."""
        from dag_factory.operators.share import ShareOperator

        share = ShareOperator(
            task_id=f"share-{name}", plan=self.plan, folder=self.folder, source=triage.task_id, tasks=[task.id for task in tasks],
            task_display_name="Share", doc_md="Picks out of the orders those for one pool, queue and executor.",
        )  # fmt: skip
        triage >> share
        return share

    def _converge(self, due: Sequence[Any], cycle: int = 0, step: str = "converge") -> Any:
        live = not cycle or step == "join"
        converge = ConvergeOperator(
            task_id=step, plan=self.plan, folder=self.folder, phase=self.phase.id, cycle=cycle, step=step, task_display_name=step.capitalize(),
            trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS if live else TriggerRule.ALL_SUCCESS,
            doc_md="Merges what was sealed, in plan order, and runs on the whole what needs the whole.",
        )  # fmt: skip
        list(due) >> converge
        return converge

    def _gate(self, due: Sequence[Any], cycle: int) -> tuple[Any, Any]:
        """The gate of a cycle, behind the people who must agree."""
        more: list[Any] = []
        if self.phase.approval:
            more = self._approvals(due, cycle)
        gate = GateSensor(
            task_id="gate", plan=self.plan, phase=self.phase.id, cycle=cycle, trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
            task_display_name=f"Gate {self.number}" if not cycle else f"Gate {self.number}, again", doc_md=gate_doc(self.plan, self.phase, self.number),
        )  # fmt: skip
        [*due, *more] >> gate
        self.asked.append(gate)
        self.built.gates.append(gate)
        self.built.ends.append(gate)
        return gate, gate

    def _approvals(self, due: Sequence[Any], cycle: int, before: str = "") -> list[Any]:
        """Those who must agree, behind a look at the evidence; after a waiver, named with what comes `before`, they are asked about that too."""
        from dag_factory.operators.approve import ApproveOperator

        asked = self.phase.approval
        assert asked is not None  # noqa: S101 # the caller looked
        evidence = GateSensor(
            task_id=f"{before}evidence", plan=self.plan, phase=self.phase.id, cycle=cycle, consent=False, decided=bool(before),
            trigger_rule=TriggerRule.ALL_SUCCESS if before else TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
            task_display_name="Evidence", doc_md="Judges the evidence alone: nobody is asked to approve what is not there.",
        )  # fmt: skip
        list(due) >> evidence
        approvals = [
            ApproveOperator(
                task_id=f"{before}approve-{index}", plan=self.plan, phase=self.phase.id, cycle=cycle, people=asked.people, wait=asked.timeout,
                task_display_name=f"Approve {index} of {asked.need}", doc_md=f"Asks {', '.join(asked.people)} in Airflow's UI; each counts once.",
            )
            for index in range(1, asked.need + 1)
        ]  # fmt: skip
        evidence >> approvals
        return [evidence, *approvals]

    def _decide(self, before: tuple[Any, Any], index: int, cycle: int, *, more: bool) -> tuple[Any, Any]:
        """A person's decision about a gate, and the gate that judges again where something was waived."""
        from dag_factory.operators.decide import DecideOperator

        _, gate = before
        fix = self.plan.contract.fix
        decide = DecideOperator(
            task_id=f"decide_{index}", plan=self.plan, phase=self.phase.id, cycle=cycle, gate=gate.task_id, more=more, people=fix.decide, wait=fix.timeout,
            trigger_rule=TriggerRule.ALL_FAILED, task_display_name=f"Decide {index}",
            doc_md=f"Asks {', '.join(fix.decide)}: waive{', one more cycle' if more else ''} or stop. Silence is a stop.",
        )  # fmt: skip
        more_due = self._approvals([decide], cycle, f"waived_{index}-") if self.phase.approval else []
        waived = GateSensor(
            task_id=f"waived_{index}", plan=self.plan, phase=self.phase.id, cycle=cycle, decided=True, task_display_name=f"Gate {self.number}, waived",
            trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS if more_due else TriggerRule.ALL_SUCCESS,
            doc_md="Judges again where somebody waived findings; skips itself elsewhere.",
        )  # fmt: skip
        self.asked >> decide >> waived
        more_due >> waived
        self.built.gates.append(waived)
        self.built.ends += [decide, waived]
        return decide, gate

    def _task(self, task: TaskContract, cycle: int = 0) -> PersonaOperator:
        name = task.task if task.phase == self.phase.id else f"{task.phase}.{task.task}"
        again: dict[str, Any] = (
            {"trigger_rule": TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, "phase": self.phase.id, "cycle": cycle} if cycle else {}
        )
        shown = f"@{task.persona} · {task.feature}" if task.feature else f"@{task.persona}"
        operator = working(self.plan, task, f"{self.phase.id}.{f'fix_{cycle}.' if cycle else ''}{name}")(
            task_id=name, plan=self.plan, folder=self.folder, contract=task, doc_md=task_doc(self.plan, task),
            task_display_name=f"{shown}, again" if cycle else shown, owner=f"@{task.persona}", **again, **_airflow(self.plan.executions[task.id]),
        )  # fmt: skip
        operator.ui_color = _COLOURS.get(task.duty, "#e2e8f0")
        return operator

    def _seconds(self, task: TaskContract) -> int:
        return self.plan.executions[task.id].timeout + sum(check.timeout for check in task.checks) + 300


def _mended(after: Sequence[Any]) -> EmptyOperator:
    """What stands for the merge where there is no repository: `settled` succeeds in any case, and must let nothing go on by itself."""
    mended = EmptyOperator(task_id="mended", task_display_name="Mended", doc_md="All that was given to be mended has come to its end.")
    list(after) >> mended
    return mended


def _place(execution: Execution) -> tuple[Any, ...]:
    return execution.pool, execution.queue, execution.executor, execution.priority, execution.retries, execution.retry_delay


def _airflow(execution: Execution) -> dict[str, Any]:
    """How Airflow is to run it."""
    asked = {
        "pool": execution.pool,
        "queue": execution.queue,
        "executor": execution.executor,
        "priority_weight": execution.priority,
        "retries": execution.retries,
        "retry_delay": timedelta(seconds=execution.retry_delay),
    }
    return {name: value for name, value in asked.items() if value is not None}
