"""What a commit holds: its entries, its blobs, when it was made, and a clean copy of it.

Paths are bytes here, as they are in git; they become text where they leave this package.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.git import git, last_words

__all__ = ["Entry", "Stamp", "blobs", "check_out", "entries", "ignored", "stamps", "verify"]

_ANY = tuple(range(256))
REGULAR = ("100644", "100755", "100664")
"""The modes of ordinary files; the last was written by very old gits."""


@dataclass(frozen=True)
class Entry:
    """One file, link or submodule of a tree: its mode as git writes it, and its object id."""

    mode: str
    id: str


@dataclass(frozen=True)
class Stamp:
    """What a commit's child must know of it: its tree, its committer date in seconds, and its parents."""

    tree: str
    seconds: int
    parents: tuple[str, ...] = ()


def entries(git_dir: Path, commit: str) -> dict[bytes, Entry]:
    """Return everything `commit` holds, by path.

    Raises
    ------
    WorkspaceError: there is no such commit.

    """
    listed = git("ls-tree", "-r", "-z", "--full-tree", f"{commit}^{{tree}}", git_dir=git_dir, ok=(0, 128))
    if listed.code:
        raise _absent(git_dir, commit)
    found = {}
    for line in listed.out.split(b"\0")[:-1]:
        facts, path = line.split(b"\t", 1)
        mode, _, name = facts.decode("ascii").split(" ")
        found[path] = Entry(mode, name)
    return found


def blobs(git_dir: Path, ids: Iterable[str]) -> dict[str, bytes]:
    """Return the bytes of blobs by their ids.

    Raises
    ------
    WorkspaceError: one of them is missing, or no blob.

    """
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    out = git("cat-file", "--batch", git_dir=git_dir, stdin="".join(f"{name}\n" for name in wanted).encode()).out
    found, at = {}, 0
    for name in wanted:
        end = out.index(b"\n", at)
        facts = out[at:end].decode("ascii", "replace").split(" ")
        if len(facts) != 3 or facts[1] != "blob":
            raise WorkspaceError(f"The object {name} is missing from {git_dir}.", remedy="The origin is damaged or a partial clone.")
        at = end + 1 + int(facts[2])
        found[name] = out[end + 1 : at]
        at += 1
    return found


def stamps(git_dir: Path, commits: Iterable[str]) -> dict[str, Stamp]:
    """Return tree and date of each commit.

    Raises
    ------
    WorkspaceError: one of them is not there.

    """
    ask = ("rev-list", "--no-walk=unsorted", "--format=%T %ct %P", "--end-of-options")
    names = list(dict.fromkeys(commits))
    said = git(*ask, *names, git_dir=git_dir, ok=(0, 128))
    if said.code:
        raise _absent(git_dir, *names)
    lines = said.text.splitlines()
    found = {}
    for name, facts in zip(lines[::2], lines[1::2], strict=True):
        tree, seconds, *parents = facts.split()
        found[name.removeprefix("commit ")] = Stamp(tree, int(seconds), tuple(parents))
    return found


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
        stamps(git_dir, [commit])  # says so clearly if it is missing
        lacking = "unable to read" in done.err
        remedy = "The origin is damaged, or a partial clone: fetch everything into it." if lacking else "See that the disk is not full."
        raise WorkspaceError(f"{commit[:12]} cannot be written to {to}: {last_words(done)}.", remedy=remedy)


def verify(git_dir: Path, commits: Iterable[str], *, trees_alone: bool = False) -> None:
    """See that everything the commits hold is what its name says: git believes names, and borrowed objects could be forged.

    Parameters
    ----------
    trees_alone: leave the contents of files out, where they are hashed anyway.

    Raises
    ------
    WorkspaceError: an object is missing, or is not what its name says.

    """
    names = list(dict.fromkeys(commits))
    ask = ("rev-list", "--objects", "--no-walk", "--end-of-options", *names)
    listed = git(*ask[:2], "--filter=blob:none", *ask[2:], git_dir=git_dir, ok=_ANY)
    said = listed if listed.code or trees_alone else git(*ask[:2], "--verify-objects", "--quiet", *ask[2:], git_dir=git_dir, ok=_ANY)
    if not said.code and not said.err.strip():  # of a file that is another, git tells, and ends with 0
        _hold(git_dir, [line.split(" ", 1)[0] for line in listed.text.splitlines()])
        return
    if "mismatch" not in said.err:
        stamps(git_dir, names)  # says so clearly if one is missing
    raise _forged(last_words(said))


def _hold(git_dir: Path, names: list[str]) -> None:
    """Hold commits and trees against their names: git itself hashes neither every tree, nor what it has read before."""
    out = git("cat-file", "--batch", git_dir=git_dir, stdin="".join(f"{name}\n" for name in names).encode()).out
    at = 0
    for name in names:
        end = out.index(b"\n", at)
        facts = out[at:end].split(b" ")
        if len(facts) != 3:
            raise _forged(out[at:end].decode("ascii", "replace"))
        at = end + 1 + int(facts[2])
        digest = hashlib.new("sha1" if len(name) == 40 else "sha256", b"%b %b\0" % (facts[1], facts[2]), usedforsecurity=False)
        digest.update(out[end + 1 : at])
        if digest.hexdigest() != name:
            raise _forged(f"the {facts[1].decode()} {name} has other bytes")
        at += 1


def _forged(why: str) -> WorkspaceError:
    return WorkspaceError(
        f"Objects of the repository are not what their names say: {why}.",
        remedy="Run `git fsck` in the origin and find out who changed it; of a remote, delete this worker's mirror: it is fetched again.",
    )


def ignored(git_dir: Path, held: Mapping[bytes, Entry], paths: Iterable[bytes]) -> set[bytes]:
    """Return those of `paths` that the `.gitignore` files among `held` ignore, and nothing else does.

    git judges them in an empty work tree that has only these rules: what a persona wrote into its own is not there.
    """
    asked = b"".join(b"./" + path + b"\0" for path in paths)  # the prefix takes the meaning from a leading colon
    rules = {path: entry.id for path, entry in held.items() if path.rpartition(b"/")[2] == b".gitignore" and entry.mode in REGULAR}
    if not rules or not asked:
        return set()
    texts = blobs(git_dir, rules.values())
    with tempfile.TemporaryDirectory(prefix="phasegate-") as folder:
        for path, name in rules.items():
            if {b"", b".", b"..", b".git"}.isdisjoint(path.split(b"/")):
                place = Path(folder) / os.fsdecode(path)
                with suppress(OSError):  # rules below a name this system cannot write are about no file on it
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(texts[name])
        said = git("check-ignore", "--no-index", "-z", "--stdin", git_dir=git_dir.absolute(), work_tree=Path(folder),
                   cwd=Path(folder), stdin=asked, ok=(0, 1))  # fmt: skip
    return {path.removeprefix(b"./") for path in said.out.split(b"\0")[:-1]}


def _absent(git_dir: Path, *commits: str) -> WorkspaceError:
    named = ", ".join(commit[:12] for commit in commits)
    return WorkspaceError(
        f"{'The commit' if len(commits) == 1 else 'One of the commits'} {named} is not in {git_dir}.",
        remedy="Take in the bundle that brings it, or see whether the origin's history was replaced.",
    )
