"""Who may write where, by the globs of a task, as far as a gate has to know it: rather too often than not."""

from __future__ import annotations

from fnmatch import fnmatchcase

from dag_factory.evidence.contract import TaskContract

__all__ = ["may_write"]


def may_write(task: TaskContract, path: str) -> bool:
    """Whether a path is meant by one of the globs in which a task may write, or lies below what is; `*` stands for more here than where work is sealed."""
    globs = [glob.strip("/").replace("**/", "*") for glob in task.writes]
    return any(fnmatchcase(path, glob) or fnmatchcase(path, f"{glob}/*") for glob in globs)
