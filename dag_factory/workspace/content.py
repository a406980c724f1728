"""The files of a commit: a clean copy of them, and which its ignore rules ignore."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.git import git, last_words
from dag_factory.workspace.objects import Objects
from dag_factory.workspace.parsed import REGULAR, Entry

__all__ = ["check_out", "ignored", "replace"]


def check_out(git_dir: Path, commit: str, to: Path, index: Path | None = None) -> None:
    """Write the files of `commit` into `to`, byte for byte: no filter, no line ending, no hook.

    Parameters
    ----------
    to: a folder that holds nothing but, at most, a `.git`.
    index: where to leave the index; without it none is left.

    Raises
    ------
    WorkspaceError: the folder is not empty, or there is no such commit.

    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        strangers = [name for name in os.listdir(to) if name != ".git"]  # noqa: PTH208 - names are all we want
    except OSError as error:
        raise WorkspaceError(f"{to} cannot be a folder: {error}.", remedy="Give a new, writable folder.") from error
    if strangers:
        raise WorkspaceError(f"{to} is not empty: {strangers[0]}.", remedy="Give every attempt a new folder.")
    with tempfile.TemporaryDirectory(dir=git_dir) as folder:
        replace(git_dir, commit, to, index=index or Path(folder) / "index")


def replace(git_dir: Path, commit: str, to: Path, index: Path) -> None:
    """Make the files that `index` knows in `to` those of `commit`, byte for byte; `check_out` without a look at what else is there.

    Raises
    ------
    WorkspaceError: there is no such commit, or it cannot be written.

    """
    ask = ("read-tree", "--reset", "-u", f"{commit}^{{tree}}")
    env = {"GIT_INDEX_FILE": str(index.absolute())}
    done = git(*ask, git_dir=git_dir.absolute(), work_tree=to.absolute(), cwd=to, env=env, ok=(0, 128))
    if done.code:
        with Objects.of(git_dir) as objects:
            objects.stamps([commit])  # says so clearly if it is missing
        lacking = "unable to read" in done.err
        remedy = "The origin is damaged, or a partial clone: fetch everything into it." if lacking else "See that the disk is not full."
        raise WorkspaceError(f"{commit[:12]} cannot be written to {to}: {last_words(done)}.", remedy=remedy)


def ignored(objects: Objects, held: Mapping[bytes, Entry], paths: Iterable[bytes]) -> set[bytes]:
    """Return those of `paths` that the `.gitignore` files among `held` ignore, and nothing else does.

    git judges them in an empty work tree that has only these rules: what a persona wrote into its own is not there.
    """
    asked = b"".join(b"./" + path + b"\0" for path in paths)  # the prefix takes the meaning from a leading colon
    rules = {path: entry.id for path, entry in held.items() if path.rpartition(b"/")[2] == b".gitignore" and entry.mode in REGULAR}
    if not rules or not asked:
        return set()
    texts = objects.blobs(rules.values())
    with tempfile.TemporaryDirectory(prefix="phasegate-") as folder:
        for path, name in rules.items():
            if {b"", b".", b"..", b".git"}.isdisjoint(path.split(b"/")):
                place = Path(folder) / os.fsdecode(path)
                with suppress(OSError):  # rules below a name this system cannot write are about no file on it
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(texts[name])
        said = git("check-ignore", "--no-index", "-z", "--stdin", git_dir=objects.git_dir.absolute(), work_tree=Path(folder),
                   cwd=Path(folder), stdin=asked, ok=(0, 1))  # fmt: skip
    return {path.removeprefix(b"./") for path in said.out.split(b"\0")[:-1]}
