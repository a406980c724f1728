"""Folders that git takes for a bare repository: it reads their settings, which run programs in the git of whoever comes by."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator

__all__ = ["inside", "may_be"]

_SIGNS = frozenset({b"HEAD", b"objects", b"refs", b"commondir"})


def may_be(paths: Iterable[bytes]) -> bool:
    """Whether there is anything among some paths of which git makes a repository: looked at before all that lies beside them is."""
    return any(not _SIGNS.isdisjoint(path.split(b"/")) for path in paths)


def inside(held: Collection[bytes], folders: Collection[bytes], changed: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the first changed path in each such folder.

    Git asks neither whether `objects` and `refs` are folders nor, where a `commondir` names another place for them, whether they are there.

    Parameters
    ----------
    held: all paths of what is no folder.
    folders: the paths of all folders, the empty one of the root among them.
    changed: the paths that are looked for, sorted.

    """
    known = tuple(changed)
    for folder in sorted(folders):
        inner = folder + b"/" if folder else b""
        both = all(inner + name in folders or inner + name in held for name in (b"objects", b"refs"))
        if inner + b"HEAD" in held and (both or inner + b"commondir" in held):
            first = bisect_left(known, inner)
            yield from [path for path in known[first : first + 1] if path.startswith(inner)]
