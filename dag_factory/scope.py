"""One run, seen from a task: its place in the store, and the keys of this worker."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from dag_factory.errors import EnvelopeError, StoreError
from dag_factory.evidence.keys import AUTHORITY, KeyFolder
from dag_factory.evidence.record import RunRecord, read_record
from dag_factory.evidence.store import RunStore
from dag_factory.settings import evidence_store, key_folder

__all__ = ["Scope"]


@dataclass(frozen=True)
class Scope:
    """One run, seen from a task: its place in the store, and the keys of this worker."""

    run: RunStore
    keys: KeyFolder
    dag_id: str
    run_id: str
    charter: str | None = None

    @classmethod
    def of(cls, dag_id: str, run_id: str, charter: str | None = None) -> Scope:
        """The scope of a run; with the digest of its charter, where that is known from elsewhere than the store."""
        return cls(evidence_store().run(dag_id, run_id), key_folder(), dag_id, run_id, charter)

    @classmethod
    def of_task(cls, ti: Any) -> Scope:
        """The scope of a running task.

        The charter's digest is asked of Airflow: what `kickoff` pushed dies with the DagRun, so the charter of a deleted run opens nothing in
        another of the same name, and neither does one that is left when a newer was taken from the store. It only ever refuses: no verdict
        rests on an XCom.
        """
        return cls.of(ti.dag_id, ti.run_id, str(ti.xcom_pull(task_ids="kickoff", key="charter") or ""))

    def record(self, plan: str, *, upto: str | None = None) -> RunRecord:
        """Read the run, and hold it against this task's plan and this worker's keys.

        Parameters
        ----------
        plan: the digest of the plan this task was built from.
        upto: read no phase after this one.

        Raises
        ------
        EnvelopeError: the run has not begun, began with another plan, or is signed by a key this worker does not know.
        KeyFolderError: this worker knows no key of Phasegate's.

        """
        record = read_record(self.run, upto=upto)
        if record is None:
            raise EnvelopeError(
                f"The run {self.run_id} has no charter in {self.run.path}.",
                remedy="Clear the task `kickoff`: it writes one.",
            )
        if self.charter is not None and record.charter.digest != self.charter:
            raise EnvelopeError(
                f"The newest charter in {self.run.path} is not the one that `kickoff` of this DagRun wrote.",
                remedy="Clear the task `kickoff`: it writes one; a `kickoff` marked by hand writes none.",
            )
        if record.charter.says.plan != plan:
            raise EnvelopeError(
                f"The workflow was changed in mid-run: the charter froze plan {record.charter.says.plan[:12]} and this task has {plan[:12]}.",
                remedy="Start a new run, or clear `kickoff` to begin this one again with the changed plan.",
            )
        if record.charter.keyid != self.keys.public(AUTHORITY).keyid:
            raise EnvelopeError(
                "The charter is signed by a key that this worker does not have.",
                remedy="Let all workers share one folder, and name it in [phasegate] keys_root.",
            )
        if (record.charter.says.dag_id, record.charter.says.run_id) != (self.dag_id, self.run_id):
            raise EnvelopeError(f"The charter in {self.run.path} is of another run.", remedy="Start a new run.")
        return record

    def empty(self) -> bool:
        """Whether no `kickoff` has ever written a charter here."""
        return not self.run.names("charters")

    def hold(self, record: RunRecord) -> None:
        """See that the store still is the one the run was read from; another folder in its place would take what is written, and lose it.

        Raises
        ------
        StoreError: the charter is not there any more.

        """
        found = self.run.read(f"charters/{record.charter.name}")
        if found is None or hashlib.sha256(found).hexdigest() != record.charter.digest:
            raise StoreError(
                f"The charter that this task began with is gone from {self.run.path}: nothing is attested here.",
                remedy="See that the evidence store is mounted, then clear the task.",
            )
