"""`phasegate export`: a run as one folder, or one tar, to be handed to whoever is to check it."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Protocol

import typer

from dag_factory.cli.runs import find_run, record_of
from dag_factory.errors import PhasegateError, StoreError
from dag_factory.evidence.bundle import BUNDLE, bundle_of, named_by
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.store import RunStore

__all__ = ["export", "write"]


def export(
    run: Annotated[str, typer.Argument(help="The run's folder in the store, or workflow/run_id.")],
    to: Annotated[Path, typer.Argument(help="A folder that is not there yet; or a file, if it ends in .tar or .tar.gz.")],
    root: Annotated[Path | None, typer.Option(help="The evidence root, for workflow/run_id.")] = None,
) -> None:
    """Write what an auditor needs: every envelope of the run, every file that one names, and the plan. `phasegate verify` and verify-run.sh read it.

    Example: phasegate export orders_mart/manual__1 orders_mart.tar.gz
    """
    store = find_run(run, root)
    count = write(store, to)
    key = record_of(store).charter.keyid
    typer.echo(f"{to}: {BUNDLE}, plan.json and {count} files. To check it: phasegate verify {to} --trust {key}")


def write(store: RunStore, to: Path) -> int:
    """Write a run as an archive.

    Parameters
    ----------
    store: where it lies.
    to: a folder that is not there yet; or a file, if it ends in .tar or .tar.gz.

    Returns
    -------
    How many files its envelopes name.

    Raises
    ------
    PhasegateError: the run is not whole, or the archive cannot be written.

    """
    record = record_of(store)
    if record.broken:
        first = record.broken[0]
        raise StoreError(
            f"The run cannot be written as a bundle: {first.phase}/{first.task} {first.name}: {first.reason}.",
            remedy=f"Hand over the run's folder as it is: {store.path}.",
        )
    try:
        with _archive(to) as into:
            return _fill(into, store, record)
    except OSError as error:
        remedy = (
            "Name a place that is not there yet."
            if isinstance(error, FileExistsError)
            else "Name one in a folder that is there, with room."
        )
        raise PhasegateError(f"{to} cannot be written: {error.strerror or error}.", remedy=remedy) from error


class _Into(Protocol):
    """What an archive is written into."""

    def add(self, name: str, stream: BinaryIO, size: int) -> None:
        """Add a file of so many bytes."""


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, name: str, stream: BinaryIO, size: int) -> None:  # noqa: ARG002 # a tar must know it before
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as target:
            shutil.copyfileobj(stream, target)


class _Tar:
    def __init__(self, tar: tarfile.TarFile, name: str) -> None:
        self._tar, self._name = tar, name

    def add(self, name: str, stream: BinaryIO, size: int) -> None:
        member = tarfile.TarInfo(f"{self._name}/{name}")
        member.size, member.mode = size, 0o644
        self._tar.addfile(member, stream)


@contextmanager
def _archive(to: Path) -> Iterator[_Into]:
    """An archive, whole or not at all."""
    ending = next((one for one in (".tar.gz", ".tgz", ".tar") if to.name.endswith(one)), "")
    if not ending:
        to.mkdir(parents=True)
        try:
            yield _Folder(to)
        except BaseException:
            shutil.rmtree(to, ignore_errors=True)
            raise
        return
    with to.open("xb") as stream:
        try:
            with tarfile.open(fileobj=stream, mode="w" if ending == ".tar" else "w:gz") as tar:
                yield _Tar(tar, to.name.removesuffix(ending))
        except BaseException:
            to.unlink()
            raise


def _fill(into: _Into, store: RunStore, record: RunRecord) -> int:
    """Write the bundle, the plan, and every file that something names; how many these are."""
    bundle = bundle_of(store, record)
    into.add(BUNDLE, io.BytesIO(bundle), len(bundle))
    named = named_by(record)
    for digest, what in named.items():
        data = store.blob(digest)
        if data is None:
            raise StoreError(
                f"{what} ({digest[:12]}) is gone from {store.path}, or was altered.",
                remedy="Find out by whom; `phasegate verify` names all.",
            )
        if digest == record.charter.says.plan:
            into.add("plan.json", io.BytesIO(data), len(data))
        into.add(f"blobs/{digest[:2]}/{digest}", io.BytesIO(data), len(data))
    return len(named)
