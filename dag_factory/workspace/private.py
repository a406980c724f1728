"""A private repository for one task: the persona's work tree, and Phasegate's own git directory beside it.

It is never a worktree of a shared repository: a worktree shares `.git/config`, and what a persona writes there would
run inside everybody's git. Both repositories borrow the origin's objects and write only into themselves.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from dag_factory.errors import WorkspaceError
from dag_factory.workspace import content, gitdir
from dag_factory.workspace.objects import Objects
from dag_factory.workspace.parsed import REGULAR
from dag_factory.workspace.scan import Tree
from dag_factory.workspace.seal import Change, Refusal, Sealed, refuse, seal

__all__ = ["Change", "PrivateRepository", "Refusal", "Sealed"]

_PIECE = 1 << 20


@dataclass(frozen=True)
class PrivateRepository:
    """One task's repository.

    Laws: nothing outside `where` is written; nothing below `tree` is ever configuration, attribute, ignore rule, index
    or history to Phasegate, only files; the same tree, base and message give the same commit id on every machine.

    A process of the same user can write into `seal.git` too. So sealing begins with a new one, made from `objects` and
    `bundles` alone; keeping a persona away from those is for whoever starts it.

    Parameters
    ----------
    where: the folder that holds `tree` and `seal.git`.
    objects: the git directory whose objects are borrowed.
    commit: the base.
    bundles: the bundles taken in; their files must stay where they are until the tree is sealed.
    identity: device and inode of `tree`.
    packs: size in bytes and sha256 of the packs and indexes that the bundles gave, by name, as they were before anybody could reach them.

    """

    where: Path
    objects: Path
    commit: str
    bundles: list[Path] = field(default_factory=list)
    identity: tuple[int, int] | None = None
    packs: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    @classmethod
    def create(cls, where: Path, *, objects: Path, commit: str, bundles: Sequence[Path] = (), with_tree: bool = True) -> Self:
        """Make the repository in `where`, with a clean checkout of `commit` on the persona's branch `work`.

        Parameters
        ----------
        bundles: what earlier tasks sealed, each after those it builds on.
        with_tree: whether there is a work tree; merging needs none.

        Raises
        ------
        WorkspaceError: the folder is in use, a bundle is damaged, or `commit` is in none of them.

        """
        where = where.absolute()
        if (where / "tree").exists() or (where / "seal.git").exists():
            raise WorkspaceError(f"There is a workspace in {where}.", remedy="Give every attempt a new folder.")
        made = cls(where, objects.absolute(), commit, [source.absolute() for source in bundles])
        made._lay_out()
        if not with_tree:
            with made.reading() as reader:
                reader.stamps([commit])  # says so clearly if it is missing
            return made
        tree = made.tree
        gitdir.lay_out(tree / ".git", objects=objects, commit=commit, bare=False)
        for pack in _packs(made.git_dir):
            shutil.copyfile(pack, tree / ".git/objects/pack" / pack.name)
        content.check_out(made.git_dir, commit, tree, index=tree / ".git/index")
        facts = tree.stat()
        return cls(where, made.objects, commit, made.bundles, (facts.st_dev, facts.st_ino), made.packs)

    def lay(self, commit: str) -> None:
        """Put the files of another commit into the clean tree, staged on the base: what an attempt before left there.

        Raises
        ------
        WorkspaceError: there is no such commit, or it cannot be written.

        """
        content.replace(self.git_dir, commit, self.tree, index=self.tree / ".git/index")

    @property
    def tree(self) -> Path:
        """The persona's work tree."""
        return self.where / "tree"

    @property
    def git_dir(self) -> Path:
        """Phasegate's own git directory."""
        return self.where / "seal.git"

    def seal(self, *, writes: Sequence[str], declared: Sequence[str], message: str) -> Sealed:
        """Commit the files of the tree onto the base, or say why not.

        What the ignore rules *of the base* ignore is left out. The persona's commits, index, ignore rules, attributes
        and configuration count for nothing. The commit is Phasegate's, dated as its parent.

        Parameters
        ----------
        writes: globs of the paths this task may add, modify or delete.
        declared: globs of declared evidence, sealed even if ignored.
        message: the commit's message.

        Returns
        -------
        Refusals have the rules `workspace-symlink` (unless the base has the same), `workspace-special-file`,
        `workspace-submodule`, `workspace-outside-writes`, `workspace-path-name`, `workspace-unreadable`,
        `workspace-too-large` (100 MB), `workspace-too-many` (20,000 changes), `workspace-gone`, and after the
        twentieth `workspace-more`, which counts the rest.

        Raises
        ------
        WorkspaceError: a file changes while it is read, the base is not what its name says, or git fails.

        """
        self._renew()
        try:
            opened = Tree(self.tree, self.identity)
        except WorkspaceError as error:
            return refuse(self.commit, ("workspace-gone", "", error.message))
        with opened:
            sealed = seal(self.git_dir, opened, self.commit, writes=writes, declared=declared, message=message)
        if sealed.commit is not None:
            gitdir.keep(self.git_dir, sealed.commit)
        return sealed

    def bundle(self, base: str, commit: str, to: Path) -> None:
        """Write what leads from `base` to `commit` into the file `to`; equal commits give an empty bundle.

        Where the repository is made anew, that file brings the commit back.

        Raises
        ------
        WorkspaceError: a commit is unknown, or the file cannot be written.

        """
        gitdir.bundle(self.git_dir, base, commit, to)
        if base != commit:
            self.bundles.append(to.absolute())
            self.packs.clear()

    def fetch(self, bundle: Path) -> tuple[str, ...]:
        """Take in the commits of `bundle` and return those it names.

        Raises
        ------
        WorkspaceError: it is damaged, or builds on commits that are not here.

        """
        tips = gitdir.unbundle(self.git_dir, bundle)
        self.bundles.append(bundle.absolute())
        self.packs.clear()  # they are no longer all there is
        return tips

    def read(self, commit: str, path: str) -> bytes | None:
        """Return the file at `path` in `commit`; None if there is none, or no ordinary file.

        Raises
        ------
        WorkspaceError: there is no such commit.

        """
        return self.blobs(commit, [path]).get(path)

    def blobs(self, commit: str, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the ordinary files among `paths` in `commit`, by path; links and folders are not among them.

        Raises
        ------
        WorkspaceError: there is no such commit.

        """
        with self.reading() as objects:
            held = objects.entries(commit)
            found = {path: held[name] for path in paths if (name := path.encode("utf-8", "surrogateescape")) in held}
            wanted = {path: entry.id for path, entry in found.items() if entry.mode in REGULAR}
            bodies = objects.blobs(wanted.values())
        return {path: bodies[name] for path, name in wanted.items()}

    def reading(self) -> AbstractContextManager[Objects]:
        """Open the objects there are, to be read one by one and held against their names."""
        return Objects.of(self.git_dir)

    def checkout(self, commit: str, to: Path, *, anew: bool = False) -> None:
        """Write the files of `commit` into the new or empty folder `to`, without a `.git` and without filters, all of it verified.

        Parameters
        ----------
        anew: make `seal.git` anew before, of the objects and the bundles alone: a program that ran could have written into it. What
            no bundle holds is lost by that.

        Raises
        ------
        WorkspaceError: the folder is not empty, there is no such commit, or what it holds is not what its name says.

        """
        if anew:
            self._renew()
        with self.reading() as objects:
            objects.verify([commit])
        content.check_out(self.git_dir, commit, to)

    def _lay_out(self, old: Path | None = None) -> None:
        """Make `seal.git` of the bundles, or of the packs they gave before, if `old` has them byte for byte."""
        gitdir.lay_out(self.git_dir, objects=self.objects, commit=self.commit, bare=True)
        if old is None or not self._take_over(old):
            for source in self.bundles:
                gitdir.unbundle(self.git_dir, source)
            self.packs.clear()
            self.packs.update({pack.name: (pack.stat().st_size, _digest(pack)) for pack in _packs(self.git_dir)})
        gitdir.keep(self.git_dir, self.commit)

    def _renew(self) -> None:
        """Make `seal.git` anew: what was put there while the persona ran is moved aside first, whatever it is.

        Its packs are taken over if every byte is as it was; else the bundles are taken in again, which git checks.
        """
        try:
            with tempfile.TemporaryDirectory(dir=self.where, ignore_cleanup_errors=True) as aside:
                old = Path(aside) / "old"
                with suppress(FileNotFoundError):
                    self.git_dir.rename(old)
                self._lay_out(old)
        except OSError as error:
            raise WorkspaceError(f"{self.where} cannot be written: {error}.", remedy="Clear the task.") from error

    def _take_over(self, old: Path) -> bool:
        """Copy the packs that the bundles gave, if they are as they were, and tell whether they are; if not, nothing of them stays."""
        if self.bundles and not self.packs:
            return False
        whole = all(
            _copied(old / "objects/pack" / name, self.git_dir / "objects/pack" / name, size, digest)
            for name, (size, digest) in self.packs.items()
        )
        if not whole:
            for pack in _packs(self.git_dir):
                pack.unlink()
        return whole


def _copied(source: Path, to: Path, size: int, digest: bytes) -> bool:
    """Copy an ordinary file of a known size and sha256; anything else may lie there instead, and keep whoever reads it waiting."""
    told = hashlib.sha256()
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file, to.open("xb") as copy:
            facts = os.fstat(handle)
            if not stat.S_ISREG(facts.st_mode) or facts.st_size != size:
                return False
            while size > 0 and (piece := file.read(min(size, _PIECE))):
                size -= len(piece)
                told.update(piece)
                copy.write(piece)
    except OSError:
        return False
    return size == 0 and told.digest() == digest


def _packs(git_dir: Path) -> list[Path]:
    """Return the packs and their indexes."""
    return [pack for pack in (git_dir / "objects/pack").iterdir() if pack.suffix in (".pack", ".idx")]


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
