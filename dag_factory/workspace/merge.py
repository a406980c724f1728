"""Merge what the tasks of a phase sealed, in the plan's order, without a work tree.

The result depends on nothing but the commits and their order: merge commits carry Phasegate's name and their newest
parent's date, and no configuration or attribute is asked. What a task changed lands at the path it was allowed to
write or not at all: git follows renames (before 2.50 it cannot be told not to), so what it carried elsewhere is a
conflict, whichever of the two was merged first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.bare import inside, may_be
from dag_factory.workspace.git import git, last_words
from dag_factory.workspace.gitdir import keep
from dag_factory.workspace.objects import Objects
from dag_factory.workspace.parsed import Stamp
from dag_factory.workspace.private import PrivateRepository
from dag_factory.workspace.seal import as_text, as_written

__all__ = ["Conflict", "Merged", "changed", "merge"]


@dataclass(frozen=True)
class Conflict:
    """A sealed commit that was left out: whose, at which paths, and what git says."""

    name: str
    paths: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Merged:
    """The commit and tree that hold the base and all that is listed in `merged`, as (name, commit)."""

    commit: str
    tree: str
    merged: tuple[tuple[str, str], ...]
    conflicts: tuple[Conflict, ...]


def merge(repo: PrivateRepository, base: str, sealed: Sequence[tuple[str, str]]) -> Merged:
    """Merge sealed commits, as (name, commit), in the given order onto `base`.

    One that equals the base changed nothing and is skipped; one that conflicts with what was merged before it is left
    out and reported; one that is there twice is merged once and listed twice.

    Raises
    ------
    WorkspaceError: a commit is not in the repository, is not what its name says, or shares no history with the base.

    """
    with repo.reading() as objects:
        objects.verify([base, *(commit for _, commit in sealed)])
        merged = _merge(repo, objects, base, sealed)
    keep(repo.git_dir, merged.commit)
    return merged


def _merge(repo: PrivateRepository, objects: Objects, base: str, sealed: Sequence[tuple[str, str]]) -> Merged:
    known = objects.stamps([base, *(commit for _, commit in sealed)])
    head, stamp = base, known[base]
    merged: list[tuple[str, str]] = []
    conflicts: list[Conflict] = []
    for name, commit in sealed:
        if commit == base:
            continue
        apart = commit not in {one for _, one in merged} and all(
            known[one].parents == (base,) for one in (commit, *(one for _, one in merged))
        )
        fork = base if apart else _fork(objects, head, commit, name)  # where all stand on the base alone, git need not be asked
        if fork != commit:
            tree, conflict = known[commit].tree, None
            if fork != head:
                tree, conflict = _merge_trees(repo, head, commit, name)
                if not conflict:
                    conflict = _strayed(name, objects, (_tree(objects, fork), stamp.tree, known[commit].tree, tree))
            if conflict:
                conflicts.append(conflict)
                continue
            made = Stamp(tree, max(stamp.seconds, known[commit].seconds))
            joined = commit_tree(repo, made, (head, commit), f"Merge {name}")
            if conflict := _bare(name, objects, stamp.tree, (joined, tree)):
                conflicts.append(conflict)
                continue
            stamp, head = made, joined
        merged.append((name, commit))
    return Merged(head, stamp.tree, tuple(merged), tuple(conflicts))


def commit_tree(repo: PrivateRepository, stamp: Stamp, parents: Sequence[str], message: str) -> str:
    """Commit `stamp.tree` at `stamp.seconds`; the same arguments give the same id everywhere."""
    date = f"@{stamp.seconds} +0000"
    env = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    options = [word for parent in parents for word in ("-p", parent)]
    stdin = as_written(message).encode()
    return git("commit-tree", stamp.tree, *options, "-F", "-", git_dir=repo.git_dir, env=env, stdin=stdin).text


def _tree(objects: Objects, commit: str) -> str:
    return objects.stamps([commit])[commit].tree


def _fork(objects: Objects, head: str, commit: str, name: str) -> str:
    found = git("merge-base", head, commit, git_dir=objects.git_dir, ok=(0, 1))
    if found.code:
        raise WorkspaceError(
            f"The commit {commit[:12]} of {name} shares no history with {head[:12]}.",
            remedy="See that it was sealed in this run, on this base.",
        )
    return found.text


def changed(objects: Objects, base: str | None, commit: str) -> set[bytes]:
    """The paths that `commit` changes since it left `base`; since its first parent, where there is no base.

    Raises
    ------
    WorkspaceError: it is not in the repository, has no parent, or shares no history with the base.

    """
    known = objects.stamps([commit])[commit]
    if base is not None and known.parents != (base,):
        return objects.differing(_tree(objects, _fork(objects, base, commit, commit[:12])), known.tree)
    if not known.parents:
        raise WorkspaceError(f"The commit {commit[:12]} has no parent.", remedy="See that it was sealed in this run, on its base.")
    return objects.differing(_tree(objects, known.parents[0]), known.tree)


def _strayed(name: str, objects: Objects, trees: tuple[str, str, str, str]) -> Conflict | None:
    """Hold a merge against both of its sides: what one of them alone changed must be as it has it, and what neither changed as it was.

    Parameters
    ----------
    trees: where they parted, what was merged before, what `name` sealed, and what git made of these.

    """
    fork, before, sealed, made = trees
    own, others = objects.differing(fork, sealed), objects.differing(fork, before)
    landed, other = objects.differing(before, made) - own, own & objects.differing(sealed, made)
    strays = landed or other - others
    if not strays:
        return None
    where = ", ".join(as_text(path) for path in sorted(strays))
    text = f"what {name} changed would land at {where}, where another task moved it"
    if not landed:
        text = f"what another task changed would land at {where}, where {name} moved it"
    return Conflict(name, tuple(as_text(path) for path in sorted(landed | other)), f"CONFLICT (rename): {text}")


def _bare(name: str, objects: Objects, before: str, made: tuple[str, str]) -> Conflict | None:
    """Look for a folder that git would take for a bare repository: of two tasks each may bring a part that is none by itself.

    Parameters
    ----------
    before: the tree of what was merged before.
    made: the merge, and its tree.

    """
    came = objects.differing(before, made[1])
    if not may_be(came):
        return None
    held = objects.entries(made[0]).keys()
    folders = {b"", *(path[:at] for path in held for at, sign in enumerate(path) if sign == ord("/"))}
    paths = tuple(as_text(path) for path in inside(held, folders, sorted(came)))
    text = f"CONFLICT (repository): with what {name} changed, git would take the folder of {', '.join(paths)} for a repository"
    return Conflict(name, paths, text) if paths else None


def _merge_trees(repo: PrivateRepository, head: str, commit: str, name: str) -> tuple[str, Conflict | None]:
    """Run git-merge-tree(1): a tree id; then, of a conflict, its paths up to an empty one, then its messages.

    A message is how many paths it is about, these, its stable type, and its text.
    """
    ask = ("merge-tree", "--write-tree", "-z", "--name-only", "--messages", head, commit)
    said = git(*ask, git_dir=repo.git_dir, ok=tuple(range(256)))
    if said.code not in (0, 1):
        raise WorkspaceError(
            f"{commit[:12]} of {name} cannot be merged onto {head[:12]}: {last_words(said)}.",
            remedy="See that the origin's history is complete.",
        )
    tree, *rest = said.out.split(b"\0")
    if said.code == 0:
        return tree.decode("ascii"), None
    end = rest.index(b"")
    texts, at = [], end + 1
    while at < len(rest) - 1:
        count = int(rest[at])
        kind, text = rest[at + count + 1], rest[at + count + 2]
        if kind.startswith(b"CONFLICT"):
            texts.append(as_text(text).strip())
        at += count + 3
    paths = tuple(dict.fromkeys(as_text(path) for path in rest[:end]))
    return tree.decode("ascii"), Conflict(name, paths, "\n".join(texts))
