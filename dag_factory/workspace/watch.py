"""What a persona must leave alone, looked at before it works and after: it runs as the same user, and nothing stops it.

Nothing here prevents anything. It sees to it that what was changed elsewhere is known, by name, before anything is
sealed: the main checkout a local origin has (its files, hooks, settings and the branch), the objects that workspaces
borrow, and folders such as the spec's, the store's and the persona's inputs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dag_factory.workspace.git import git
from dag_factory.workspace.lender import Lender
from dag_factory.workspace.located import Origin
from dag_factory.workspace.seal import Refusal

__all__ = ["Ground", "Watch"]

_ANY = tuple(range(256))
_MOST = 50_000
_TOLD = 5
_SETTINGS = (
    "HEAD",
    "config",
    "config.worktree",
    "commondir",
    "shallow",
    "hooks",
    "info",
    "objects/info/alternates",
    "worktrees",
    "refs/replace",
)
_PASSING = ("index", "logs", "FETCH_HEAD", "ORIG_HEAD", "refs")
"""What git itself writes below `worktrees/` while somebody looks around."""

Facts = tuple[int, ...]


@dataclass(frozen=True)
class Ground:
    """A folder that is looked at.

    Parameters
    ----------
    name: what it is called in a finding.
    root: where it is.
    grows: whether files may be added, as in the store.
    skips: names of files and folders that are not looked at.
    stamps: whether the kernel's time of change counts too, which no program can set; not where Phasegate itself links files.

    """

    name: str
    root: Path
    grows: bool = False
    skips: frozenset[str] = frozenset()
    stamps: bool = True

    def _skipped(self, name: str) -> bool:
        """Also what another task is writing at this moment: it is called otherwise until it is whole."""
        return name in self.skips or (self.grows and name.startswith(".new-"))

    def _listed(self, folder: str) -> Iterator[tuple[str, os.stat_result]]:
        """What is in one of its folders; the ground itself may be a file."""
        try:
            with os.scandir(f"{self.root}/{folder}") as entries:
                for entry in entries:
                    if not self._skipped(entry.name):
                        with suppress(OSError):  # gone since it was listed
                            yield f"{folder}/{entry.name}".lstrip("/"), entry.stat(follow_symlinks=False)
        except NotADirectoryError:
            if (facts := self._known("")) is not None and not stat.S_ISDIR(facts.st_mode):
                yield "", facts
        except OSError:
            pass  # not there, or not for us to read

    def _known(self, path: str) -> os.stat_result | None:
        """Ask the kernel about one of its files; None if it is not there."""
        try:
            return (self.root / path).lstat()
        except OSError:
            return None

    def files(self, before: Iterable[str] = ()) -> dict[str, Facts]:
        """Tell what is known of every file; a link is a file, and nothing is followed.

        Parameters
        ----------
        before: what was there before: where there is more than is looked at, those are asked for by name, and none is taken for removed.

        """
        found: dict[str, Facts] = {}
        waiting = [""]
        while waiting and len(found) < _MOST:
            folder = waiting.pop()
            for path, facts in self._listed(folder):
                if stat.S_ISDIR(facts.st_mode):
                    waiting.append(path)
                else:
                    found[path] = _facts(facts, stamps=self.stamps)
        for path in before if found else ():
            if path not in found and (known := self._known(path)) is not None and not stat.S_ISDIR(known.st_mode):
                found[path] = _facts(known, stamps=self.stamps)
        return found


@dataclass
class Watch:
    """What things were like before a persona worked.

    Parameters
    ----------
    origin: the repository; only what is on this machine can be looked at.
    lender: the git directory whose objects are borrowed; None without a repository.
    grounds: other folders.

    """

    origin: Origin | None
    lender: Path | None
    grounds: tuple[Ground, ...]
    _before: list[tuple[str, bool, dict[str, Facts]]] = field(default_factory=list)
    _objects: Lender | None = None

    @classmethod
    def begin(cls, origin: Origin | None, lender: Path | None, grounds: tuple[Ground, ...]) -> Watch:
        """Look at everything for the first time."""
        made = cls(origin, lender, grounds)
        made._objects = Lender.of(lender) if lender else None
        made._before = [(name, grows, look(())) for name, grows, look in made._places()]
        return made

    def refusals(self) -> list[Refusal]:
        """Look again, and return one refusal that names what is no longer as it was; none where everything is."""
        told = []
        for (name, grows, before), (_, _, look) in zip(self._before, self._places(), strict=True):
            after = look(before)
            if grows and not after:
                continue  # a store that is gone as a whole is told by whoever writes to it next, and accuses nobody here
            if changed := list(_differences(before, after, grows=grows)):
                more = f" and {len(changed) - _TOLD:,} more" if len(changed) > _TOLD else ""
                told.append(f"{name}: {', '.join(changed[:_TOLD])}{more}")
        if self._objects and (forged := self._objects.forged()):
            told.append(f"objects of the repository that are not what their names say: {', '.join(forged[:_TOLD])}")
        text = f"While this task worked, others' files were changed: {'; '.join(told)}."
        return [Refusal("workspace-elsewhere", "", text)] if told else []

    def _places(self) -> Iterator[tuple[str, bool, Callable[[Iterable[str]], dict[str, Facts]]]]:
        for ground in self.grounds:
            yield f"{ground.name} {ground.root}", ground.grows, ground.files
        if self.lender and self.origin and not self.origin.is_url:
            git_dir, branch = self.lender, self.origin.branch
            yield f"git's settings and the branch of {git_dir}", False, lambda _: _settings(git_dir, branch)
            if git_dir.name == ".git":
                yield f"the main checkout {git_dir.parent}", False, lambda _: _checked_out(git_dir)


def _settings(git_dir: Path, branch: str) -> dict[str, Facts]:
    """Tell what steers git in a repository, and where its branch and the one that is checked out stand."""
    found: dict[str, Facts] = {}
    for name in _SETTINGS:
        files = Ground("", git_dir / name, skips=frozenset(_PASSING)).files()
        found |= {f"{name}/{path}".rstrip("/"): facts for path, facts in files.items()}
    # git is asked: a ref may be a link, name another, or lie in packed-refs or a table, and what counts then is for git to say.
    refs = (f"refs/heads/{branch}", "HEAD")
    said = git("rev-parse", *refs, git_dir=git_dir, ok=_ANY).out.split(b"\n")  # one that is not there is answered by its name
    found |= {name: tuple(line) for name, line in zip((refs[0], "what is checked out"), said, strict=False)}
    return found


def _checked_out(git_dir: Path) -> dict[str, Facts]:
    """Tell what is known of the files of a checkout: those that git has, and those that nothing ignores. No filter is run."""
    root = git_dir.parent
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", git_dir=git_dir, work_tree=root, cwd=root, ok=_ANY)
    found: dict[str, Facts] = {}
    for name in listed.out.split(b"\0")[:-1]:
        try:
            found[name.decode("utf-8", "backslashreplace")] = _facts(os.lstat(os.path.join(os.fsencode(root), name)))  # noqa: PTH118 # thousands
        except OSError:
            continue  # deleted there: that is told by its absence
    return found


def _facts(found: os.stat_result, *, stamps: bool = True) -> Facts:
    return (found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns if stamps else 0)


def _differences(before: Mapping[str, Facts], after: Mapping[str, Facts], *, grows: bool) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"{name} (removed)"
        elif name not in before:
            if not grows:
                yield f"{name} (added)"
        elif before[name] != after[name]:
            yield f"{name} (changed)"
