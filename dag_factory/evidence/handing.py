"""How evidence is handed in from outside: the whole command, and what can be said of a file before it is signed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from dag_factory.evidence.contract import Item, TaskContract

__all__ = ["malformed", "submit_command"]

_MOST = 100_000_000  # bytes; what is larger only the gate looks at


def submit_command(run: str, task: TaskContract, root: Path | None = None) -> str:
    """What somebody outside types to hand in all that a task owes; they put a path and a login in the place of the capitals.

    Parameters
    ----------
    run: the run's folder, or ``workflow/run_id``.
    task: the external task.
    root: the evidence root, where the second form needs one.

    """
    files = " ".join(f"-f {shlex.quote(f'{item.id}=PATH_OF_{Path(item.place).name}')}" for item in task.items)
    where = f" --root {shlex.quote(str(root))}" if root else ""
    return f"phasegate submit {shlex.quote(run)} {shlex.quote(task.id)} {files} --by LOGIN{where}"


def malformed(items: Mapping[str, Item], files: Mapping[str, Path]) -> tuple[tuple[str, str], ...]:
    """What a gate would call malformed, or nothing at all, in files that are to be handed in: the item, and the words of the finding.

    What a well-formed report says of the product is for the gate alone: a validator may hand in bad news.

    Parameters
    ----------
    items: what is owed, by id.
    files: the files, by the id of their item.

    """
    from dag_factory.evidence.kinds import KINDS
    from dag_factory.evidence.kinds.base import EVIDENCE_MALFORMED, EVIDENCE_MISSING, Material

    found: list[tuple[str, str]] = []
    for name, path in files.items():
        item = items[name]
        kind = KINDS.get(item.kind)
        if kind is None or item.kind == "command" or path.stat().st_size > _MOST:
            continue
        try:
            faults = kind.examine(Material(item.place, path.read_bytes()), kind.Expect.model_validate(item.expect)).faults
        except (ValidationError, RecursionError, MemoryError) as error:
            why = (
                "the spec expects of it what its kind does not know"
                if isinstance(error, ValidationError)
                else "it is too large, or nests too deep"
            )
            found.append((name, f"It could not be examined: {why}."))
            continue
        found += [(name, fault.text) for fault in faults if fault.rule in (EVIDENCE_MALFORMED, EVIDENCE_MISSING)]
    return tuple(found)
