"""One task's git, by Phasegate: the workspace, what is looked at besides, the seal, and a clean checkout of what was sealed.

`workspace.py ORIGIN WHERE CHANGES` prints seconds of the processor and of the clock, by step; what is imported is not counted.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dag_factory.globs import matches
from dag_factory.workspace.origin import Origin, head, objects
from dag_factory.workspace.private import PrivateRepository
from dag_factory.workspace.watch import Watch


def main() -> None:
    """Do what a task does, and what a persona does in between."""
    source, where, changes = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    origin, spent = Origin(str(source), "main"), {}
    matches("src/x", ["**"])  # imports what reads globs

    def timed(name: str, call: Callable[[], Any]) -> Any:
        before, began = os.times(), time.perf_counter()
        answer = call()
        after = os.times()
        spent[name] = (sum(after[:4]) - sum(before[:4]), time.perf_counter() - began)
        return answer

    commit = head(origin, where / "mirrors")
    lender = objects(origin, where / "mirrors", commit)
    repository = timed("workspace", lambda: PrivateRepository.create(where / "task", objects=lender, commit=commit))
    watch = timed("watch", lambda: Watch.begin(origin, lender, ()))
    for number in range(changes):
        path = repository.tree / "src" / f"{number % 100:02d}" / f"changed{number}.txt"
        path.write_text(f"{number}\n" * 100, encoding="utf-8")
    found = timed("watch again", watch.refusals)
    sealed = timed("seal", lambda: repository.seal(writes=["**"], declared=[], message="Work"))
    repository.bundle(commit, sealed.commit, where / "sealed.bundle")
    timed("checkout", lambda: repository.checkout(sealed.commit, where / "clean", anew=True))
    assert not found  # the figures are of honest work
    assert len(sealed.changes) == changes
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
