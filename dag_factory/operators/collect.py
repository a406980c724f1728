"""Runs the plan's own checks, and collects evidence into the store."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from dag_factory.errors import RunnerError
from dag_factory.evidence.contract import CheckContract, TaskContract
from dag_factory.evidence.kinds.base import MAX_BYTES
from dag_factory.evidence.statement import CheckResult, Entry, Refusal
from dag_factory.evidence.store import RunStore
from dag_factory.globs import matches
from dag_factory.operators.guarding import SecretFoundError, refuse_secrets, secret_found
from dag_factory.plan.models import Execution
from dag_factory.runners import RUNNERS, Bounds, Limits, Outcome, Request
from dag_factory.runners.masking import Secrets
from dag_factory.workspace.private import PrivateRepository

__all__ = ["Bench", "bounds_of", "collect", "collect_file", "result_of", "run_check"]

Grade = Literal["observed", "attested", "re-executed"]
EXCERPT = 4000
LARGEST = MAX_BYTES
"""Bytes of a file that are kept, at most: no kind of evidence reads more."""
_NONE = Secrets()


class TooLargeError(OSError):
    """A file that no kind of evidence would read."""


@dataclass(frozen=True)
class Bench:
    """Everything a program needs that does not change between the commands of one task.

    `emit` is given one line of live log; `stop` ends what runs, when Airflow kills the task; `secrets` are those among `environment`;
    `hidden` is what no program is to read.
    """

    run: RunStore
    inputs: Path
    home: Path
    task_file: Path
    spec_dir: Path
    environment: Mapping[str, str]
    emit: Callable[[str], None]
    stop: threading.Event
    secrets: Secrets = field(default_factory=Secrets)
    hidden: tuple[Path, ...] = ()

    def request(
        self, work: Mapping[str, Any], *, workspace: Path, evidence: Path, timeout: float, log: Path, bounds: Bounds | None = None
    ) -> Request:
        """Ask a runner for one piece of work."""
        return Request(
            work=work, workspace=workspace, evidence=evidence, inputs=self.inputs, task_file=self.task_file, spec_dir=self.spec_dir, home=self.home,
            environment=self.environment, timeout=timeout, log=log, emit=self.emit, limits=Limits(),
            bounds=bounds or Bounds(), secrets=self.secrets.masked, hidden=self.hidden,
        )  # fmt: skip

    def stopped(self, outcome: Outcome) -> None:
        """Refuse to go on with what was killed: it must never be attested.

        Raises
        ------
        RunnerError: the work was stopped.

        """
        if outcome.ended == "stopped" or self.stop.is_set():
            raise RunnerError("The work was stopped; nothing of it is attested.", remedy="Clear the task to have it done again.")


def run_check(bench: Bench, task: TaskContract, check: CheckContract, *, workspace: Path, evidence: Path) -> CheckResult:
    """Run one check of the plan in a clean checkout.

    Parameters
    ----------
    workspace: the clean checkout.
    evidence: an empty folder for what it reports.

    """
    bench.emit(f"Check {check.name}: {check.run if isinstance(check.run, str) else ' '.join(check.run)}")
    log = evidence.parent / f"{evidence.name}.log"
    outcome = RUNNERS["check"].run(
        bench.request(
            {"check": check.run}, workspace=workspace, evidence=evidence, timeout=check.timeout, log=log, bounds=bounds_of(check)
        ),
        bench.stop,
    )
    bench.stopped(outcome)
    return result_of(task, check.name, outcome, keep_log(bench.run, log))


def bounds_of(written: CheckContract | Execution) -> Bounds:
    """What a program may take, by the plan; Phasegate's own bounds where the plan says nothing."""
    own = Bounds()
    return Bounds(written.network, written.memory, written.processes or own.processes, written.disk or own.disk, written.outside)


def result_of(task: TaskContract, name: str, outcome: Outcome, log: str) -> CheckResult:
    """What is told of a command that Phasegate ran.

    Parameters
    ----------
    log: the digest under which its log is kept.

    """
    return CheckResult(
        task=task.id, name=name, exit_code=outcome.exit_code if outcome.ended == "exited" else None, ended=outcome.reason or outcome.ended,
        log=log, excerpt=outcome.excerpt[-EXCERPT:], seconds=f"{outcome.seconds:.3f}",
        network="none" if outcome.offline else "open", why_open=outcome.why_online, kept_in=outcome.kept_in,
    )  # fmt: skip


def keep_log(run: RunStore, log: Path) -> str:
    """Keep a log in the store, and tell its digest.

    Raises
    ------
    RunnerError: the program put something else in its place.

    """
    try:
        with _open_plain(log) as stream:
            return run.put(stream)[0]
    except FileNotFoundError:
        return run.put_bytes(b"")
    except OSError as error:
        raise RunnerError(
            f"The log {log.name} was replaced by what is no plain file: {error.strerror}.",
            remedy="Find out what the program does to the files beside its workspace.",
        ) from error


def _open_plain(path: Path) -> BinaryIO:
    """Open a plain file; what could lead elsewhere, or be waited for, is refused at once."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise OSError(0, "Is a directory" if stat.S_ISDIR(mode) else "it is a folder, a pipe or a device")
    return os.fdopen(handle, "rb")


def collect(
    run: RunStore, task: TaskContract, *, folder: Path, reports: bool, grade: Grade, items: Iterable[Any], secrets: Secrets = _NONE
) -> tuple[list[Entry], list[Refusal]]:
    """Collect evidence from a folder: `path`s from a workspace, or `report`s from an evidence folder.

    Parameters
    ----------
    secrets: what was looked up for the program; a file that has a guarded one in it is not kept.

    Returns
    -------
    What was found, by digest; and what lies there and was refused, since it is no plain file, is too large or tells a secret. What is
    missing is for the gate to say.

    """
    entries: list[Entry] = []
    refusals: list[Refusal] = []
    for item in items:
        name = item.report if reports else item.path
        if name is None:
            continue
        try:
            entry = collect_file(run, task.id, item.id, name, folder, grade, secrets)
        except SecretFoundError:
            refusals.append(secret_found(name))
            continue
        except TooLargeError as error:
            refusals.append(Refusal(rule="workspace-too-large", path=name, text=f"{name} {error.strerror}."))
            continue
        except OSError as error:
            refusals.append(
                Refusal(
                    rule="evidence-no-file",
                    path=name,
                    text=f"{name} is no plain file that can be read: {error.strerror}.",
                )
            )
            continue
        entries += [entry] if entry else []
    return entries, refusals


def collect_file(
    run: RunStore, task_id: str, item_id: str, name: str, folder: Path, grade: Grade, secrets: Secrets = _NONE
) -> Entry | None:
    """Collect one file; None if it is not there.

    Raises
    ------
    OSError: it is a link, a folder, a device, or leads out of the folder.
    TooLargeError: it has more bytes than are kept. They may be holes, which take no room where they are, and all of it in the store.
    SecretFoundError: it has a guarded secret in it.

    """
    path, parts = folder, Path(name).parts
    if ".." in parts or name.startswith("/"):
        raise OSError(0, "it leads out of the folder")
    for part in ("", *parts):
        path = path / part
        if path.is_symlink():
            raise OSError(0, "it is a symbolic link" if part else "its folder was replaced by a symbolic link")
    if not path.exists():
        return None
    with _open_plain(path) as stream:
        if (bytes_in_all := os.fstat(stream.fileno()).st_size) > LARGEST:
            raise TooLargeError(errno.EFBIG, f"has {bytes_in_all:,} bytes, and {LARGEST:,} may be")
        refuse_secrets(stream, secrets)
        digest, size = run.put(stream)
    return Entry(task=task_id, item=item_id, name=name, digest=digest, size=size, grade=grade)


def collect_sealed(
    run: RunStore, task: TaskContract, repository: PrivateRepository, commit: str, changed: Sequence[str], *, attested: Collection[str] = ()
) -> Iterator[Entry]:
    """Collect evidence out of a sealed commit, without a checkout: declared paths, and what was changed where changes are owed.

    Parameters
    ----------
    attested: the paths of which a person wrote every word.

    """
    owed = {
        item.id: [item.path] if item.path else [path for path in changed if item.changed and matches(path, item.changed)]
        for item in task.items
    }
    files = repository.blobs(commit, {path for paths in owed.values() for path in paths})
    for item_id, paths in owed.items():
        for path in paths:
            if path in files:
                grade: Grade = "attested" if path in attested else "observed"
                yield Entry(task=task.id, item=item_id, name=path, digest=run.put_bytes(files[path]), size=len(files[path]), grade=grade)
