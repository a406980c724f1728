"""The place where one attempt of a task works: its folders, its inputs, and what it is told."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dag_factory.errors import StoreError, WorkspaceError
from dag_factory.evidence.contract import PhaseContract, TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.rounds import merges_of
from dag_factory.evidence.statement import Entry
from dag_factory.evidence.store import RunStore
from dag_factory.plan import Plan

__all__ = ["Place", "bundles_of", "inputs_of", "task_file"]


@dataclass(frozen=True)
class Place:
    """The folders of one attempt; removed when it is done."""

    root: Path

    @classmethod
    def make(cls, work_root: Path, charter: str, task_id: str, attempt: int) -> Place:
        """Make them empty, whatever an earlier try of the same attempt left there.

        Raises
        ------
        WorkspaceError: they cannot be made.

        """
        root = _root(work_root, charter, task_id, attempt)
        try:
            remove(root)
            for name in ("evidence", "home"):
                (root / name).mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise WorkspaceError(
                f"No workspace can be made at {root}: {error.strerror}.",
                remedy="Check [phasegate] work_root, its rights and the disk.",
            ) from error
        return cls(root)

    @classmethod
    def find(cls, work_root: Path, charter: str, task_id: str, attempt: int) -> Place | None:
        """Find them as an earlier process of the same attempt made them on this worker; None where they are not there."""
        root = _root(work_root, charter, task_id, attempt)
        whole = all((root / name).is_dir() and not (root / name).is_symlink() for name in ("evidence", "home", "inputs"))
        return cls(root) if whole else None

    def fresh(self, name: str) -> Path:
        """An empty folder of this name."""
        folder = self.root / name
        remove(folder)
        folder.mkdir(parents=True)
        return folder

    def drop(self) -> None:
        """Remove the folders: everything that counts is in the store."""
        remove(self.root)
        with suppress(OSError):  # another attempt may be there
            self.root.parent.rmdir()

    @property
    def evidence(self) -> Path:
        """Where the persona leaves reports."""
        return self.root / "evidence"

    @property
    def home(self) -> Path:
        """A private HOME."""
        return self.root / "home"


def _root(work_root: Path, charter: str, task_id: str, attempt: int) -> Path:
    return work_root / charter[:16] / task_id.replace("/", "__") / f"{attempt:04d}"


def remove(folder: Path) -> None:
    """Remove a folder, also one that holds read-only folders. What is no folder is removed too; a link is never followed."""
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink(missing_ok=True)
        return
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            _open_up(folder)
            shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # it is deeper than Python goes; rm has no such end
        with suppress(OSError):
            subprocess.run(["rm", "-rf", "--", str(folder.absolute())], stdin=subprocess.DEVNULL, capture_output=True, check=False)


def _open_up(folder: Path) -> None:
    """Give whoever owns it every right to every folder below it."""
    with suppress(OSError):
        folder.chmod(0o700)
    for where, folders, _ in os.walk(folder):  # before it looks into a folder, it has been made readable
        for name in folders:
            path = os.path.join(where, name)  # noqa: PTH118 # thousands of paths
            with suppress(OSError):
                if stat.S_ISDIR(os.lstat(path).st_mode):
                    os.chmod(path, 0o700)  # noqa: PTH101


def bundles_of(run: RunStore, record: RunRecord, phase: str, commit: str | None, folder: Path) -> list[Path]:
    """Bring the merge that made a commit, as a git bundle which builds on the charter's base; none where the commit is that base.

    Parameters
    ----------
    phase: the phase in which it is needed; it was merged there or before.

    Raises
    ------
    StoreError: it is missing or was altered.

    """
    for before in reversed(record.contract.upto(phase)):
        for merge in reversed(record.converges.get(before.id, ())):
            if merge.says.sealed.commit == commit and merge.says.sealed.bundle:
                return [fetch_bundle(run, merge.says.sealed.bundle, folder)]
    return []


def fetch_bundle(run: RunStore, digest: str, folder: Path) -> Path:
    """Bring one bundle out of the store.

    Raises
    ------
    StoreError: it is missing or was altered.

    """
    data = run.blob(digest)
    if data is None:
        raise StoreError(
            f"The sealed work {digest[:12]} in {run.path} is missing or was altered.",
            remedy="Find out by whom; start a new run.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{digest}.bundle"
    path.write_bytes(data)
    return path


def inputs_of(run: RunStore, case: Case, phases: Sequence[PhaseContract], folder: Path) -> None:
    """Lay out the evidence of some phases as it counts in a case, read-only, as ``<phase>/<task>/<name>``.

    What the plan does not ask for is not laid out: a statement may name any place on this machine, and whoever mends is given what a gate has refused.

    Raises
    ------
    StoreError: a file is missing or was altered, or cannot be written here: there is no room, or another is named as if it were its folder.

    """
    due: dict[Path, tuple[TaskContract, Entry]] = {}
    for task in (task for phase in phases for task in phase.tasks):
        for item in task.items:
            for entry in case.entries(task, item):
                # Where one item's are of an older statement, the others' are not.
                if entry.item == item.id and item.asks_for(entry.name):
                    due.setdefault(folder / task.id / entry.name, (task, entry))
    made: set[Path] = set()
    for path, (task, entry) in due.items():
        data = run.blob(entry.digest)
        if data is None:
            raise StoreError(
                f"The evidence {entry.name} of {task.id} is missing or was altered.",
                remedy="Find out by whom; start a new run.",
            )
        try:
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made |= {path.parent, *path.parent.parents}
            with open(path, "xb", opener=_read_only) as file:  # a path gives no opener
                file.write(data)
        except OSError as error:
            text = f"The evidence {entry.name!r} of {task.id} cannot be laid out in {folder}: {error.strerror}."
            raise StoreError(text, remedy="See that there is room; or have the task deliver it under another name.") from error
    for where in made - {folder, *folder.parents}:
        where.chmod(0o555)


def _read_only(path: str, flags: int) -> int:
    handle = os.open(path, flags, 0o444)
    os.fchmod(handle, 0o444)  # whatever the umask is
    return handle


def task_file(plan: Plan, case: Case, task: TaskContract, attempt: int, findings: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """What the persona is told, as it is written to ``$PHASEGATE_TASK``.

    Parameters
    ----------
    findings: what it is to mend or to know of, as `dag_factory.operators.orders.told` puts it.

    """
    record, charter = case.record, case.record.charter.says
    merged = [
        {"task": name, "commit": commit}
        for before in record.contract.upto(case.phase_id)[:-1]
        for merge in merges_of(record, before.id)
        for name, commit in merge.says.merged
    ]
    return {
        "workflow": plan.workflow,
        "run": charter.run_id,
        "logical_date": charter.due and charter.due.logical_date,
        "data_interval_start": charter.due and charter.due.interval_start,
        "data_interval_end": charter.due and charter.due.interval_end,
        "mission": plan.mission,
        "params": json.loads(charter.params),
        "phase": task.phase,
        "task": task.task,
        "persona": task.persona,
        "duty": task.duty,
        "judges": task.judges,
        "feature": task.feature,
        "features": plan.features,
        "attempt": attempt,
        "cycle": case.at,
        "does": plan.executions[task.id].does,
        "instructions": plan.instructions.get(task.persona, ""),
        "writes": list(task.writes),
        "evidence": [item.model_dump(mode="json", exclude_none=True) for item in task.items],
        "merged": merged,
        "findings": list(findings),
    }
