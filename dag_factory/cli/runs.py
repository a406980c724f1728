"""Finds a run: in a store, by its folder or as workflow/run below a root; or in an archive of one; and the keys of those who sign in it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dag_factory.errors import KeyFolderError, PhasegateError, StoreError
from dag_factory.evidence.archive import open_archive, plain_files, unpack
from dag_factory.evidence.bundle import BUNDLE
from dag_factory.evidence.keys import KeyFolder, Signer
from dag_factory.evidence.record import RunRecord, read_record
from dag_factory.evidence.store import RunStore, Store

__all__ = ["find_run", "handed_over", "key_folder", "record_of", "signer_of"]


def find_run(run: str, root: Path | None) -> RunStore:
    """The place of a run.

    Parameters
    ----------
    run: the run's folder, or ``workflow/run_id``.
    root: the evidence root, for the second form; phasegate/evidence below AIRFLOW_HOME if it is not given.

    Raises
    ------
    StoreError: there is no such run.

    """
    path = Path(run).absolute()  # `.` has no name
    if (path / "charters").is_dir():
        return RunStore(Store(path.parent), path.name)
    store = Store(root or _home() / "phasegate" / "evidence")
    dag_id, _, run_id = run.partition("/")
    found = store.run(dag_id, run_id)
    if not run_id or not found.names("charters"):
        raise StoreError(
            f"There is no run {run!r}: neither a run's folder, nor a workflow/run below {store.root}.",
            remedy="Give the folder, or name the store with --root.",
        )
    return found


@contextmanager
def handed_over(run: str, root: Path | None) -> Iterator[RunStore]:
    """A run wherever it lies: its folder in a store, or an archive of it, as a folder or a tar; nothing outside of that is read.

    Parameters
    ----------
    run: a path, or ``workflow/run_id``.
    root: see `find_run`.

    Raises
    ------
    StoreError: there is no such run, or what is there is not what it should be.

    """
    path = Path(run).absolute()
    if path.is_file():
        with tempfile.TemporaryDirectory(prefix="phasegate-") as folder:
            unpack(path, Path(folder))
            yield _archive(Path(folder), path)
    elif (path / BUNDLE).exists():
        yield _archive(path, path)
    else:
        found = find_run(run, root)
        for _ in plain_files(found.path):
            pass
        yield found


def _archive(folder: Path, path: Path) -> RunStore:
    if not (folder / BUNDLE).is_file():
        raise StoreError(f"{path} holds no {BUNDLE}.", remedy="Give what `phasegate export` wrote, or a run's folder in the store.")
    return open_archive(folder)


def record_of(found: RunStore) -> RunRecord:
    """Read a run.

    Raises
    ------
    StoreError: it has not begun, or is another run in its place.

    """
    record = read_record(found)
    if record is None:
        raise StoreError(f"The run in {found.path} has no charter.", remedy="Start it first.")
    said = record.charter.says
    if "/" in found.base and found.store.run(said.dag_id, said.run_id).base != found.base:
        raise StoreError(
            f"The charter in {found.path} is of the run {said.run_id} of {said.dag_id}.",
            remedy="Find out by whom it was put there.",
        )
    return record


def signer_of(record: RunRecord, persona: str, folder: Path | None) -> Signer:
    """The key with which somebody signs in this run.

    Parameters
    ----------
    record: the run.
    persona: the persona's id, or `keys.AUTHORITY`.
    folder: the key folder; phasegate/keys below AIRFLOW_HOME if it is not given.

    Raises
    ------
    KeyFolderError: there is no such key, or it cannot be read.
    PhasegateError: it is not the one that the charter names.

    """
    place = key_folder(folder).path
    if not (place / f"{persona}.pem").exists():
        raise KeyFolderError(
            f"There is no key for {persona} in {place}.",
            remedy="Name the folder of the run's keys with --keys: its workers have it at [phasegate] keys_root.",
        )
    signer = KeyFolder(place).signer(persona)
    if signer.public.keyid != record.keyids.get(persona):
        raise PhasegateError(
            f"The key of {persona} in {place} is not the one of this run.",
            remedy="Name the right folder with --keys.",
        )
    return signer


def key_folder(folder: Path | None) -> KeyFolder:
    """The key folder that was named, or phasegate/keys below AIRFLOW_HOME."""
    return KeyFolder(folder or _home() / "phasegate" / "keys")


def _home() -> Path:
    return Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
