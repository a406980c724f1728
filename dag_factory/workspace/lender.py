"""The objects that workspaces borrow: whoever can write there could put other bytes under a name that is trusted.

git believes the name of an object that it reads. So whatever came, or was touched, while a persona worked is held
against its name: a loose object is hashed again, a pack is verified by git. What did not change is not read.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dag_factory.workspace.git import git

__all__ = ["Lender"]

_ANY = tuple(range(256))
_PIECE = 1 << 20


@dataclass(frozen=True)
class Lender:
    """The objects of a git directory, as they were at one moment.

    Parameters
    ----------
    git_dir: the git directory.
    found: what the kernel knows of each file, by its path below `objects`.

    """

    git_dir: Path
    found: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, git_dir: Path) -> Self:
        """Look at them."""
        return cls(git_dir, dict(_files(git_dir / "objects")))

    def forged(self) -> list[str]:
        """Name those that came or were touched since, and are not what their names say."""
        fresh = sorted(path for path, facts in _files(self.git_dir / "objects") if self.found.get(path) != facts)
        packs = sorted({path.rpartition(".")[0] for path in fresh if path.startswith("pack/pack-")})
        loose = [path for path in fresh if not path.startswith("pack/") and not _is_loose(self.git_dir / "objects" / path)]
        return [*loose, *(f"{pack}.pack" for pack in packs if not self._is_pack(pack))]

    def _is_pack(self, pack: str) -> bool:
        """Have git unpack and hash everything in a pack, and hold it against its index; one that is gone again is none."""
        index = self.git_dir / "objects" / f"{pack}.idx"
        if not index.exists():
            return True  # git does not look into a pack without one
        return git("verify-pack", str(index), git_dir=self.git_dir, ok=_ANY).code == 0 or not index.exists()


def _files(objects: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    for folder in _names(objects):
        if len(folder) == 2 or folder == "pack":
            try:
                with os.scandir(objects / folder) as entries:
                    for entry in entries:
                        if not entry.name.startswith("tmp_") and (folder != "pack" or entry.name.endswith((".pack", ".idx"))):
                            facts = entry.stat(follow_symlinks=False)
                            yield (
                                f"{folder}/{entry.name}",
                                (facts.st_mode, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns),
                            )
            except OSError:
                continue


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names are all we want
    except OSError:
        return []


def _is_loose(path: Path) -> bool:
    """Hash a loose object (gitrepository-layout(5)); one that is gone again, as after `git gc`, is none."""
    name = path.parent.name + path.name
    digest = hashlib.new("sha1" if len(name) == 40 else "sha256", usedforsecurity=False)
    opened = zlib.decompressobj()
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return False
            while piece := file.read(_PIECE):
                while piece and not opened.eof:
                    digest.update(opened.decompress(piece, _PIECE))
                    piece = opened.unconsumed_tail
    except FileNotFoundError:
        return True
    except (OSError, zlib.error):
        return False
    return digest.hexdigest() == name
