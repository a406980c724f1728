"""CompleteOperator: the last word on a run."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from dag_factory.errors import WorkspaceError
from dag_factory.links import RunLink
from dag_factory.notices import Notice
from dag_factory.operators.base import PlanOperator
from dag_factory.telling import Telling, callbacks

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import Context

    from dag_factory.evidence.audit import Audit
    from dag_factory.evidence.record import RunRecord
    from dag_factory.scope import Scope

__all__ = ["CompleteOperator"]

_LONGEST = 200  # bytes of a run's id in a branch name: git keeps a branch as a file, whose name may have 255
_DIGITS = 11  # as no date and no UUID ends


class CompleteOperator(Telling, PlanOperator):
    """Always runs; judges every phase again from the store; answers both checklists; fails unless everything holds.

    On success it leaves the approved commit as branch ``phasegate/<workflow>/<run>``, in the repository or its remote; never main.
    """

    ui_color = "#bbf7d0"
    operator_extra_links = (RunLink(),)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**callbacks(kwargs["plan"], success="run-complete", failure="run-complete"), **kwargs)

    def execute(self, context: Context) -> None:
        """Judge, write the bundle and the summary, leave the branch."""
        from dag_factory.evidence.bundle import bundle_of

        with self._told():
            scope, audit = self._judge(context)
            record, findings, word = audit.record, audit.findings, audit.word
            try:
                if findings:
                    self.said = self._notice(context["ti"], word, findings)
                    raise AirflowFailException(
                        f"MISSION FAILED: {len(findings)} finding{'' if len(findings) == 1 else 's'}. The first: {findings[0].id}: {findings[0].text}"
                    )
                self._leave(scope, record)
                if record.last_word is None:  # it was said once, and what ran out since takes nothing back
                    _sign(scope, record, word, context["ti"].try_number)
            finally:
                scope.run.append(f"{record.charter.digest[:16]}/bundles", bundle_of(scope.run, record))
        self.said = self._notice(context["ti"], word)
        self.log.info("MISSION SUCCESS%s: %s", ", WITH WAIVERS" if word == "PASSED_WITH_WAIVER" else "", self._plan.mission)

    @staticmethod
    def _notice(ti: Any, word: str, findings: tuple[Any, ...] = ()) -> Notice:
        found = tuple((finding.id, finding.text) for finding in findings)
        return Notice("run-complete", ti.dag_id, ti.run_id, word, RunLink().get_link(None, ti_key=ti), findings=found)

    def _judge(self, context: Context) -> tuple[Scope, Audit]:
        import pendulum

        from dag_factory.evidence.audit import audited
        from dag_factory.evidence.verdict import table
        from dag_factory.scope import Scope

        ti = context["ti"]
        scope = Scope.of_task(ti)
        if not scope.charter and scope.empty():
            why = str(ti.xcom_pull(task_ids="kickoff", key="failure") or "its log says why.")
            raise AirflowFailException(
                f"MISSION FAILED: `kickoff` wrote no charter, so no phase has begun: {why} Mend that, and clear `kickoff`."
            )
        record = scope.record(self.plan_digest)
        audit = audited(scope.run, record, record.judged_at(pendulum.now("UTC")))
        title = f"Run {ti.run_id}"
        lines = table(audit.word, audit.findings, audit.answers, title=title, waived=audit.waived, rechecked=audit.rechecked)
        for line in lines:
            self.log.info(line)
        folder = record.charter.digest[:16]
        scope.run.append(
            f"{folder}/summaries",
            json.dumps(
                {"run": ti.run_id, "verdict": audit.word, "lines": lines},
                indent=2,
                ensure_ascii=False,
            ).encode(),
        )
        return scope, audit

    def _leave(self, scope: Scope, record: RunRecord) -> None:
        from dag_factory.operators.place import Place, bundles_of
        from dag_factory.settings import work_root
        from dag_factory.workspace.origin import objects, publish
        from dag_factory.workspace.private import PrivateRepository

        origin, last = self._origin(), record.contract.phases[-1]
        verdict = record.verdict(last.id)
        commit = verdict.says.phasegate.approved if verdict else None
        if origin is None or commit is None or record.charter.says.base is None:
            return
        branch = f"phasegate/{self._plan.workflow}/{_ref(scope.run_id)}"
        place = Place.make(work_root(), record.charter.digest, "complete", 1)
        bundles: list[Path] = []
        try:
            bundles = bundles_of(scope.run, record, last.id, commit, place.root / "bundles")
            repository = PrivateRepository.create(
                place.root / "repository",
                objects=objects(origin, work_root() / "mirrors", record.charter.says.base),
                commit=record.charter.says.base,
                bundles=bundles,
                with_tree=False,
            )
            publish(origin, repository.git_dir, commit, branch, force=True)
        except WorkspaceError as error:
            raise type(error)(f"{error.message} {_kept(scope, bundles, commit, branch)}", remedy=error.remedy) from error
        finally:
            place.drop()
        self.log.info("The approved commit %s is left as branch %s.", commit[:12], branch)


def _sign(scope: Scope, record: RunRecord, word: str, attempt: int) -> None:
    """The last word: from here on the run is what it is now."""
    from dag_factory.evidence.decisions import Completion
    from dag_factory.evidence.keys import AUTHORITY
    from dag_factory.evidence.ledger import read_ledger
    from dag_factory.evidence.run import binding_of
    from dag_factory.evidence.statement import now, sign

    verdicts = tuple(verdict.digest for phase in record.contract.phases if (verdict := record.verdict(phase.id)))
    completion = Completion(
        binding=binding_of(record, record.contract.phases[-1].id, "complete", attempt),
        word=word,  # type: ignore[arg-type]  # never FAILED here
        verdicts=verdicts,
        ledger=read_ledger(scope.run, record.charter).last,
        completed_at=now(),
    )
    subjects = {phase.id: {"sha256": digest} for phase, digest in zip(record.contract.phases, verdicts, strict=True)}
    scope.run.append(f"{record.charter.digest[:16]}/completions", sign(completion, subjects, scope.keys.signer(AUTHORITY)))


def _kept(scope: Scope, bundles: list[Path], commit: str, branch: str) -> str:
    """Tell where the approved commit is, if its branch could not be left."""
    if not bundles:
        return (
            "Nothing is lost: every phase is PASSED, and the approved commit is the one the run began with. Clear `complete` to try again."
        )
    place = scope.run.blob_path(bundles[-1].stem)
    return (
        f"Nothing is lost: every phase is PASSED, and the approved commit {commit[:12]} is in the store. Clear `complete` to try again, "
        f"or fetch it by hand in a clone: git fetch {place} sealed:{branch}."
    )


def _ref(run_id: str) -> str:
    """A run's id as part of a branch name, which no other run's becomes: a digest follows where signs were replaced, or where it seems to."""
    kept = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in run_id).strip("-")
    if kept == run_id and len(kept.encode()) <= _LONGEST and not re.search(rf"-[0-9a-f]{{{_DIGITS}}}$", kept):
        return kept
    digest = hashlib.sha256(run_id.encode()).hexdigest()[:_DIGITS]
    return f"{kept.encode()[:_LONGEST].decode(errors='ignore') or 'run'}-{digest}"
