"""Which paths a task may write: globs in the language of `.gitignore`, anchored at the root of the workspace.

`ARCHITECTURE.md` is the file at the root only; `src/**` is everything below `src`; a `*` stays within one name. As in
`.gitignore` the name of a folder means everything below it. There is no negation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from dag_factory.errors import WorkspaceError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

__all__ = ["matches"]


def matches(path: str, globs: Sequence[str]) -> bool:
    """Say whether `path`, relative to the root and with forward slashes, is meant by one of `globs`.

    A path that is absolute, climbs (`..`) or is none to any system is meant by none.

    Raises
    ------
    WorkspaceError: a glob cannot be read.

    """
    if "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
        return False
    return _compiled(tuple(globs)).match_file(path)


@lru_cache(maxsize=256)
def _compiled(globs: tuple[str, ...]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    try:
        # The leading slash anchors, and takes the meaning from a leading `!` or `#`.
        return GitIgnoreSpec.from_lines("/" + glob.lstrip("/") for glob in globs if glob.strip("/ "))
    except ValueError as error:
        raise WorkspaceError(
            f"One of the globs {', '.join(globs)} cannot be read: {error}",
            remedy="Write paths as in .gitignore, such as `src/**`.",
        ) from error
