"""The diff of a sealed commit, made with git from the bundle in the store and the repository the run began with.

Nothing is fetched for a page: where the repository's objects are not on this machine, the page says so, and the bundle can be downloaded. Git
runs as it does everywhere in Phasegate, with no configuration but its own, in a folder that is thrown away; no program of anybody's is run.
"""

from __future__ import annotations

import json
import logging
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path

from markupsafe import Markup

from dag_factory.errors import PhasegateError, WorkspaceError
from dag_factory.evidence.contract import PhaseContract
from dag_factory.evidence.record import OpenRun
from dag_factory.evidence.statement import ConvergeStatement, TaskStatement
from phasegate_plugin.pages.access import KnownRun
from phasegate_plugin.pages.blobs import size_of
from phasegate_plugin.pages.render import diff

__all__ = ["changes_of"]

_log = logging.getLogger(__name__)
_SHOWN = 512_000
_LARGEST = 64_000_000
_BIG_FILE = "512k"
_PATIENCE = 20.0
_ELSEWHERE = (
    "The repository this run began with is not on the API server's machine, so the diff cannot be made here. "
    "Download the bundle, and in a clone: git bundle unbundle FILE; git diff {base} {commit}"
)


class _Kept:
    """The last few diffs, by what they lead from and to, and what is told instead; git is run for one page at a time."""

    def __init__(self, at_most: int) -> None:
        self.at_most, self.made, self.lock = at_most, OrderedDict[tuple[str, ...], tuple[Markup, str]](), threading.Lock()

    def keep(self, key: tuple[str, ...], value: tuple[Markup, str]) -> tuple[Markup, str]:
        self.made[key] = value
        while len(self.made) > self.at_most:
            self.made.popitem(last=False)
        return value


_kept = _Kept(32)


def changes_of(run: OpenRun, says: TaskStatement | ConvergeStatement, phase: PhaseContract, known: KnownRun) -> tuple[Markup, str]:
    """What a sealed commit changed, as HTML; or nothing, and why.

    Parameters
    ----------
    says: the statement that names the commit and its bundle.

    """
    sealed, base = says.sealed, says.base
    if sealed is None or base is None:
        return Markup(""), "Nothing was sealed." if says.base else ""
    if sealed.bundle is None or sealed.commit == base:
        return Markup(""), "Nothing in the repository was changed."
    key = (run.charter.digest, base, sealed.commit, sealed.bundle)
    if not _kept.lock.acquire(timeout=_PATIENCE):
        return Markup(""), "The API server is making other diffs; load this page again in a moment."
    try:
        if key in _kept.made:
            return _kept.made[key]
        text, more = _diff(run, phase, base, sealed.commit, sealed.bundle, known)
        return _kept.keep(key, (diff(text, truncated=more), ""))
    except PhasegateError as error:
        _log.info("No diff of %s: %s", sealed.commit, error)
        return Markup(""), _ELSEWHERE.format(base=base, commit=sealed.commit) if isinstance(error, _ElsewhereError) else error.message
    finally:
        _kept.lock.release()


class _ElsewhereError(PhasegateError):
    """The repository's objects are not on this machine."""


def _diff(run: OpenRun, phase: PhaseContract, base: str, commit: str, bundle: str, known: KnownRun) -> tuple[str, bool]:
    from dag_factory.workspace import gitdir
    from dag_factory.workspace.git import git

    begun = run.charter.says.base
    if begun is None:
        raise _ElsewhereError("The run began without a repository.")
    lender = _lender(run, known)
    with tempfile.TemporaryDirectory(prefix="phasegate-diff-") as folder:
        where, out = Path(folder) / "own.git", Path(folder) / "diff"
        gitdir.lay_out(where, objects=lender, commit=begun, bare=True)
        if git("cat-file", "-e", f"{begun}^{{commit}}", git_dir=where, ok=tuple(range(256))).code:
            raise _ElsewhereError("The commit the run began with is not here.")
        for digest in dict.fromkeys((*_before(run, phase), bundle)):
            gitdir.unbundle(where, _fetched(run, digest, Path(folder)))
        git(
            *("-c", f"core.bigFileThreshold={_BIG_FILE}", "diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames"),
            *(f"--output={out}", "--end-of-options", base, commit),
            git_dir=where,
        )
        with out.open("rb") as stream:
            data = stream.read(_SHOWN + 1)
    return data[:_SHOWN].decode("utf-8", "replace"), len(data) > _SHOWN


def _before(run: OpenRun, phase: PhaseContract) -> list[str]:
    """The bundle of the newest merge before this phase, which this phase's work builds on; it leads from the first commit."""
    for earlier in reversed(run.contract.upto(phase.id)[:-1]):
        merges = run.converges(earlier.id)[0]
        if merges and merges[-1].says.sealed.bundle:
            return [merges[-1].says.sealed.bundle]
    return []


def _fetched(run: OpenRun, digest: str, folder: Path) -> Path:
    size = size_of(run.store, digest)
    if size is not None and size > _LARGEST:
        raise WorkspaceError("The sealed work is too large to be shown here; download its bundle.")
    data = run.store.blob(digest, at_most=_LARGEST)
    if data is None:
        raise WorkspaceError(f"The sealed work {digest[:12]} is missing from the store, or was altered.")
    path = folder / f"{digest}.bundle"
    path.write_bytes(data)
    return path


def _lender(run: OpenRun, known: KnownRun) -> Path:
    """Where the objects are that the run began with: a local repository, or the mirror that a task on this machine made."""
    from dag_factory.operators.base import origin_of
    from dag_factory.settings import work_root
    from dag_factory.workspace.origin import objects
    from dag_factory.workspace.remote import mirror_of

    written = json.loads(run.store.blob(run.charter.says.plan) or b"{}").get("workspace")
    try:
        origin = origin_of(written, known.folder or Path("/nonexistent"))
        if origin is None:
            raise _ElsewhereError("The run has no repository.")
        if not origin.is_url:
            return objects(origin, work_root())
        mirror = mirror_of(origin, work_root() / "mirrors")
    except Exception as error:  # a reference that only workers can resolve, a connection that is not there
        raise _ElsewhereError("The repository cannot be found here.") from error
    if not (mirror / "HEAD").exists():
        raise _ElsewhereError("No mirror of the repository is here.")
    return mirror
