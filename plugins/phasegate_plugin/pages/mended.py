"""What became of findings: the fix cycles of a phase, what was waived, and the statements that such a verdict rests on besides the phase's own."""

from __future__ import annotations

from dag_factory.evidence.contract import PhaseContract
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.record import OpenRun, Stored, read_record
from dag_factory.evidence.story import CycleStory, cycles_of
from dag_factory.evidence.verdict import Verdict
from phasegate_plugin.pages.places import Places
from phasegate_plugin.pages.views import CycleRow, Now, StatementView, WaivedRow

__all__ = ["cycle_rows", "more_statements", "waived_rows"]


def cycle_rows(run: OpenRun, phase: PhaseContract) -> tuple[CycleRow, ...]:
    """A row a finding that was given to be mended: in which cycle, to whom, in which commit, and what became of it."""
    if not run.store.names(run.folder(f"triages/{phase.id}")):
        return ()
    record = read_record(run.store, upto=phase.id)
    rows: list[CycleRow] = []
    for one in (one for one in cycles_of(record) if one.phase == phase.id) if record else ():
        for finding in one.findings:
            mine = [order for order in one.orders if finding.id in order.findings]
            now = _now(one, finding.id)
            commits = ", ".join(order.commit[:12] for order in mine if order.commit)
            rows.append(CycleRow(one.cycle, finding.id, finding.text, ", ".join(order.owner for order in mine), commits, now, one.decision))
    return tuple(rows)


def _now(cycle: CycleStory, finding: str) -> Now:
    """What the gate of a cycle said of a finding it was to mend."""
    if finding in cycle.waived:
        return "waived"
    return "mended" if finding in cycle.mended else "open" if finding in cycle.open else "not judged yet"


def waived_rows(stored: Stored[Verdict] | None) -> tuple[WaivedRow, ...]:
    """What a verdict lets pass because somebody waived it."""
    used = stored.says.phasegate.waived if stored else ()
    return tuple(WaivedRow(item.finding.id, item.finding.text, item.by, item.expires_at) for item in used)


def more_statements(run: OpenRun, phase: PhaseContract, wanted: set[str], places: Places) -> list[StatementView]:
    """Of the digests that are still unaccounted for, those of triages, fixes, older merges, decisions and reopened phases."""
    if not wanted:
        return []
    rows = [StatementView(f"{phase.id}/decision", AUTHORITY, item.name, item.digest, "there", "") for item in run.decisions(phase.id)[0]]
    for one in run.rounds(phase.id)[0]:
        rows.append(StatementView(f"{phase.id}/fix_{one.cycle}/triage", AUTHORITY, one.triage.name, one.triage.digest, "there", ""))
        for task_id, found in one.statements.items():
            persona = run.contract.tasks[task_id].persona
            rows += [
                StatementView(f"{task_id}, fix {one.cycle}", persona, item.name, item.digest, "there", places.task(task_id))
                for item in found
            ]
    rows += [
        StatementView(
            f"{phase.id}/{item.says.binding.task}", AUTHORITY, item.name, item.digest, "there", places.task(f"{phase.id}/converge")
        )
        for item in run.converges(phase.id)[0]
    ]
    for before in run.contract.upto(phase.id)[:-1] if wanted - {row.digest for row in rows} else ():
        for task in before.tasks:
            rows += [
                StatementView(task.id, task.persona, item.name, item.digest, "there", places.task(task.id))
                for item in run.statements(task)[0]
            ]
    return [row for row in rows if row.digest in wanted]
