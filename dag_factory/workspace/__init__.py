"""Git: a private repository for each task, what it sealed, and the merge of what a phase sealed.

`git` runs the git command with nobody's configuration. `origin` finds the objects a workspace is made from and leaves
an approved commit behind as a branch: `located` says where that is, `local` and `remote` are its two kinds, `access`
hands a remote what opens it. `gitdir` lays out repositories that borrow those objects. `private` is one
task's repository; `scan` reads the persona's tree without trusting it, `seal` judges what changed in it and commits
it by the task's `dag_factory.globs`. `merge` puts sealed commits together without a work tree. `lock` keeps
two processes from filling one mirror.

Nothing is imported here: parsing a DAG needs no git.
"""

from __future__ import annotations

__all__: list[str] = []
