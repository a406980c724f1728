"""Lay out git directories that borrow another repository's objects, and carry commits between them in bundles.

The layout is written by hand (gitrepository-layout(5)): it is five small files, and `git init` would copy templates
and read configuration. Borrowing is `objects/info/alternates`; nothing is ever written into the lender.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.git import git, last_words

__all__ = ["bundle", "is_commit_id", "keep", "lay_out", "unbundle"]

_PLAIN = "* -text !eol !crlf !ident !filter !working-tree-encoding !merge !diff !conflict-marker-size !whitespace\n"
"""What `info/attributes` says: bytes are bytes, merged line by line, whatever a `.gitattributes` wants."""

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TIP = "refs/heads/sealed"
_KEPT = "refs/phasegate"


def is_commit_id(text: str) -> bool:
    """Say whether `text` is a full object id, of SHA-1 or of SHA-256."""
    return _ID.fullmatch(text) is not None


def lay_out(where: Path, *, objects: Path, commit: str, bare: bool) -> None:
    """Make the git directory `where`, borrowing the objects of the git directory `objects`.

    A bare one is Phasegate's own and knows no branch. One with a work tree is the persona's: `HEAD` is its branch
    `work` at `commit`, with a name to commit under, so that its git works without any other configuration.

    Raises
    ------
    WorkspaceError: `commit` is not a full id, or the folder cannot be made.

    """
    if not is_commit_id(commit):
        raise WorkspaceError(f"{commit!r} is not a full commit id.", remedy="Give the id `git rev-parse` prints.")
    lender = (objects / "objects").resolve()
    if "\n" in str(lender):
        raise WorkspaceError(f"The folder {str(lender)!r} has a line break in its name.", remedy="Rename it.")
    # No fsync: what lasts is in the store, and a worker that loses power does the task again.
    config = "[core]\n\trepositoryformatversion = {}\n\tfilemode = true\n\tfsync = none\n\tbare = {}\n{}"
    extension = "" if len(commit) == 40 else "[extensions]\n\tobjectformat = sha256\n"
    person = "" if bare else "[user]\n\tname = persona\n\temail = persona@localhost\n[gc]\n\tauto = 0\n"
    try:
        where.mkdir(parents=True)
        for folder in ("objects", "objects/info", "objects/pack", "refs", _KEPT if bare else "refs/heads", "info"):
            (where / folder).mkdir()
        (where / "HEAD").write_text("ref: refs/heads/work\n")
        (where / "config").write_text(config.format(int(bool(extension)), str(bare).lower(), extension + person))
        (where / "info/attributes").write_text(_PLAIN)
        (where / "objects/info/alternates").write_text(f"{lender}\n")
        if not bare:
            (where / "refs/heads/work").write_text(f"{commit}\n")
        if (objects / "shallow").exists():
            shutil.copyfile(objects / "shallow", where / "shallow")
    except OSError as error:
        raise WorkspaceError(
            f"The git directory {where} cannot be made: {error}.", remedy="Give every attempt a new, writable folder."
        ) from error


def keep(git_dir: Path, commit: str) -> None:
    """Name `commit` by a ref of its own, so that git counts it among what this repository has."""
    (git_dir / _KEPT / commit).write_text(f"{commit}\n")


def bundle(git_dir: Path, base: str, commit: str, to: Path) -> None:
    """Write what leads from `base` to `commit` into the file `to`, in git's bundle format (gitformat-bundle(5)).

    Equal commits give a bundle without objects, which git itself declines to write: a caller need not ask first.

    Raises
    ------
    WorkspaceError: a commit is unknown or no full id, or the file cannot be written.

    """
    for name in (base, commit):
        if not is_commit_id(name):
            raise WorkspaceError(f"{name!r} is not a full commit id.", remedy="Give the id `git rev-parse` prints.")
    digest, version = ("sha1", "# v2 git bundle") if len(base) == 40 else ("sha256", "# v3 git bundle\n@object-format=sha256")
    header = f"{version}\n-{base} \n{commit} {_TIP}\n\n".encode()
    # `git bundle create` would start this very command.
    pack = ("pack-objects", "--quiet", "--revs", "--thin", "--delta-base-offset", "--stdout")
    try:
        # Written under another name first: a bundle is there as a whole or not at all.
        with tempfile.TemporaryDirectory(dir=to.parent) as folder:
            fresh = Path(folder) / "bundle"
            with fresh.open("wb") as file:
                file.write(header)
                if base == commit:
                    empty = b"PACK\0\0\0\2\0\0\0\0"
                    file.write(empty + hashlib.new(digest, empty, usedforsecurity=False).digest())
                else:
                    git(*pack, git_dir=git_dir, stdin=f"{commit}\n^{base}\n".encode(), to=file)
            fresh.replace(to)
    except OSError as error:
        raise WorkspaceError(f"The bundle {to} cannot be written: {error}.", remedy="See that the disk is not full.") from error


def unbundle(git_dir: Path, source: Path) -> tuple[str, ...]:
    """Take the commits of the bundle `source` into `git_dir` and return the tips it names.

    Raises
    ------
    WorkspaceError: it is no bundle, it is damaged, or it builds on commits that are not here.

    """
    supposed = [name for name in _prerequisites(source) if not (git_dir / _KEPT / name).exists()]
    for name in supposed:
        keep(git_dir, name)  # spares git a walk over all history to see that they are complete
    result = git("bundle", "unbundle", str(source.absolute()), git_dir=git_dir, ok=tuple(range(256)))
    if result.code:
        for name in supposed:
            with suppress(FileNotFoundError):
                (git_dir / _KEPT / name).unlink()
        raise WorkspaceError(
            f"The bundle {source} cannot be taken in: {last_words(result)}.",
            remedy="Take in the bundles it builds on first; if it is damaged, clear the task that sealed it.",
        )
    tips = tuple(line.split(" ", 1)[0] for line in result.text.splitlines())
    for tip in tips:
        keep(git_dir, tip)
    return tips


def _prerequisites(source: Path) -> list[str]:
    """Read from a bundle's header which commits it builds on; of what is no bundle, none."""
    found = []
    try:
        with source.open("rb") as file:
            if not file.readline(100).startswith(b"# v"):
                return []
            while (line := file.readline(4096)).strip():
                if line.startswith(b"-"):
                    found.append(line[1:].split(b" ")[0].strip().decode("ascii", "replace"))
    except OSError as error:
        raise WorkspaceError(f"The bundle {source} cannot be read: {error.strerror}.", remedy="See that the store is complete.") from error
    return [name for name in found if is_commit_id(name)]
