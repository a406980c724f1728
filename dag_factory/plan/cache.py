"""Plans kept between parses, by what they were compiled from.

A plan depends on the bytes of its spec, on which patterns are allowed, and on this package; so an entry names the sha256 of all three, and
is used only if it names them right. Whatever else is wrong with an entry, or with the folder, costs a compilation and nothing more: the
folder may be read-only, truncated, of another version or deleted at any time.

An entry is three lines: the sha256 it was compiled from, the plan's canonical bytes, and its presentation. It is believed no further than a
spec is. The plan's digest is computed from the very bytes that the plan was read from, never read from the entry, and every task holds it
against the digest in the run's charter; and what `kickoff` freezes there is compiled anew (see `dag_factory.loader`).
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from dag_factory.plan.models import Plan, Presentation

__all__ = ["PlanCache"]

_LARGEST = 2_000_000  # bytes of a spec; a larger one is refused anyway
_LARGEST_PLAN = 64_000_000  # bytes of an entry; a plan is larger than its spec, for it holds the pattern
_KEPT = 30 * 24 * 3600  # seconds; an entry in use is then made again, one that is not goes
_ROOMS = ("spec", "spec/patterns", "spec/rules", "plan", "evidence", "evidence/kinds", "runners")


class PlanCache:
    """Plans in a folder: one file for each spec, and one for each workflow that says which spec it is written in.

    Parameters
    ----------
    folder: where they are kept; made when something is to be kept. None keeps nothing.
    patterns: the patterns that workflows may use.

    """

    def __init__(self, folder: Path | None, patterns: tuple[str, ...]) -> None:
        self._patterns = patterns
        self._folder = folder / _fingerprint() if folder else None
        self._pruned = False

    def plan_of(self, path: Path) -> Plan:
        """Return the plan of a spec: the kept one, or one compiled now.

        Raises
        ------
        SpecError: the spec is broken, or cannot be planned; that is never kept.

        """
        key = self._key(path)
        kept = self._read(path, key) if key else None
        return kept or self._compiled(path, key)

    def spec_of(self, folder: Path, workflow: str) -> Path | None:
        """Return the spec in `folder` that a workflow was last found in, if it is still there."""
        try:
            named = _content(self._entry(f"{folder}\0{workflow}")).decode()
        except (OSError, UnicodeDecodeError):
            return None
        path = folder / named
        return path if path.parent == folder and path.is_file() else None

    def found(self, path: Path, workflow: str) -> None:
        """Keep in which spec a workflow was found."""
        name, value = f"{path.parent}\0{workflow}", path.name.encode("utf-8", "surrogateescape")
        with suppress(OSError):
            if _content(self._entry(name)) == value:
                return
        self._write(name, value)

    def _compiled(self, path: Path, key: str | None) -> Plan:
        from dag_factory.plan.compile import read_plan

        plan = read_plan(path, self._patterns)
        if key and key == self._key(path):  # else it was edited while it was read
            self._write(str(path), b"\n".join((key.encode(), plan.canonical, plan.presentation.model_dump_json().encode())))
        return plan

    def _key(self, path: Path) -> str | None:
        """Sha256 over the spec and the allowed patterns; None where nothing is kept, or the spec cannot be read."""
        if self._folder is None:
            return None
        try:
            data = _content(path)
        except OSError:
            return None
        return hashlib.sha256("\0".join([*self._patterns, ""]).encode() + b"\0" + data).hexdigest() if len(data) <= _LARGEST else None

    def _read(self, path: Path, key: str) -> Plan | None:
        try:
            found, canonical, presentation = _content(self._entry(str(path)), at_most=_LARGEST_PLAN).split(b"\n")
            return _revived(canonical, presentation) if found == key.encode() else None
        except (OSError, ValueError):
            return None

    def _entry(self, name: str) -> str:
        return f"{self._folder or '/nonexistent'}/{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()}"

    def _write(self, name: str, data: bytes) -> None:
        """Write an entry as a whole or not at all."""
        if self._folder is None:
            return
        entry = Path(self._entry(name))
        fresh = entry.with_name(f"{entry.name}.{os.getpid()}.tmp")
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(OSError):
                self._prune()
            try:
                fresh.write_bytes(data)
                fresh.replace(entry)
            finally:
                fresh.unlink(missing_ok=True)

    def _prune(self) -> None:
        """Remove, once in a while, what is old or was written by another version of this package."""
        if self._pruned or self._folder is None:
            return
        self._pruned = True
        limit = time.time() - _KEPT
        for other in (room for room in self._folder.parent.iterdir() if room.is_dir()):
            old = [entry for entry in other.iterdir() if entry.stat().st_mtime < limit]
            for entry in old:
                entry.unlink(missing_ok=True)
            if other != self._folder:
                with suppress(OSError):
                    other.rmdir()


def _revived(canonical: bytes, presentation: bytes) -> Plan:
    """Read a plan, checked like any other; its digest is that of the bytes it was read from, so it need not be written out again to be hashed.

    Were they not what the plan would be written as, no charter would have their digest.
    """
    if not canonical.startswith(b"{"):
        raise ValueError("it is no plan")
    plan = Plan.model_validate_json(b'{"presentation":{},' + canonical[1:])
    plan = plan.model_copy(update={"presentation": Presentation.model_validate_json(presentation)})
    vars(plan)["canonical"] = canonical
    return plan


def _content(path: Path | str, *, at_most: int = _LARGEST + 1) -> bytes:
    """The bytes of a file, up to a limit. Several files a spec are read at every parse, so it is done in as few calls as can be."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(handle, min(os.fstat(handle).st_size + 1, at_most))
        while len(data) < at_most and (more := os.read(handle, min(1 << 20, at_most - len(data)))):
            data += more
    finally:
        os.close(handle)
    return data


@lru_cache(maxsize=1)
def _fingerprint() -> str:
    """Tell one state of the package from another by the names, sizes and times of the files that a plan depends on."""
    house = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for room in _ROOMS:
        for file in sorted(os.scandir(house / room), key=lambda file: file.name):
            if file.name.endswith((".py", ".yaml")):
                facts = file.stat()
                digest.update(f"{room}/{file.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
