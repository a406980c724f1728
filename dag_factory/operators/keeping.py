"""What an attempt that failed leaves to the next one of the same task: its files and its conversation. They count for nothing else."""

from __future__ import annotations

import io
import json
import stat
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from dag_factory.errors import RunnerError
from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.reported import Figures, Judgement
from dag_factory.evidence.run import Stored
from dag_factory.evidence.statement import Binding, TaskStatement
from dag_factory.evidence.store import RunStore
from dag_factory.runners import Outcome
from dag_factory.runners.masking import Mask

__all__ = ["figures_of", "judgement_of", "keep_memory", "lay_memory", "left_by", "spoken_in"]

MOST = 64_000_000
"""How many bytes of a conversation are kept; a longer one is not resumed."""


def left_by(case: Case, task: TaskContract, binding: Binding, base: str | None) -> Stored[TaskStatement] | None:
    """Find the attempt just before this one, if it failed in the same place and left something to go on with.

    Parameters
    ----------
    binding: of the attempt that begins.
    base: the commit it begins with.

    Returns
    -------
    None where the attempt begins anew: the one before was completed, was another runner's, followed another verdict, or had another base.

    """
    last = next(reversed(_tried(case, task)), None)
    if last is None or last.keyid != case.record.keyids.get(task.persona):
        return None
    said = last.says
    same = (said.outcome, said.runner, said.base, said.binding.previous_verdict, said.binding.map_index)
    wanted = ("failed", task.runner, base, binding.previous_verdict, binding.map_index)
    return last if same == wanted and said.kept and said.kept.memory and said.figures and said.figures.conversation else None


def spoken_in(case: Case, task: TaskContract, conversation: str) -> tuple[int, int]:
    """The input and output tokens that the attempts at a task in this place told of a conversation."""
    known = [stored.says.figures for stored in _tried(case, task) if stored.keyid == case.record.keyids.get(task.persona)]
    same = [figures for figures in known if figures and figures.conversation == conversation]
    return sum(figures.input_tokens or 0 for figures in same), sum(figures.output_tokens or 0 for figures in same)


def _tried(case: Case, task: TaskContract) -> Sequence[Stored[TaskStatement]]:
    """What was delivered of a task in this place, the oldest first."""
    mended = next((one for one in case.rounds if one.cycle == case.at), None) if case.at else None
    return mended.statements.get(task.id, ()) if mended else () if case.at else case.record.statements.get(task.id, ())


def keep_memory(run: RunStore, folder: Path, secrets: Iterable[str] = ()) -> str | None:
    """Keep the plain files of a folder in the store, as one tar archive; its digest, or None where there are none, or too much.

    Parameters
    ----------
    secrets: texts that are masked in them.

    Raises
    ------
    StoreError: the store cannot be written.

    """
    files = [path for path in sorted(folder.rglob("*")) if not path.is_symlink() and path.is_file()] if folder.is_dir() else []
    if not files or sum(path.lstat().st_size for path in files) > MOST:
        return None
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in files:
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            data = _masked(path.read_bytes(), Mask(secrets), by_line=path.suffix == ".jsonl")
            entry.size, entry.mode = len(data), stat.S_IRUSR | stat.S_IWUSR
            archive.addfile(entry, io.BytesIO(data))
    return run.put_bytes(written.getvalue())


def _masked(data: bytes, mask: Mask, *, by_line: bool) -> bytes:
    """What may be kept of a file; of JSON by lines the texts are masked, so that each line can still be read."""
    if not by_line:
        return mask.take(data) + mask.finish()
    return b"\n".join(_line(line, mask) if mask.found_in(line) else line for line in data.split(b"\n"))


def _line(line: bytes, mask: Mask) -> bytes:
    try:
        return json.dumps(mask.within(json.loads(line)), ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    except (ValueError, RecursionError):
        return mask.take(line) + mask.finish()


def lay_memory(run: RunStore, digest: str, folder: Path) -> None:
    """Lay out again what `keep_memory` kept; nothing of it leaves the folder.

    Raises
    ------
    RunnerError: it is missing or was altered.

    """
    data = run.blob(digest, at_most=MOST * 2)
    try:
        if data is None:
            raise tarfile.ReadError
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise RunnerError(
            f"The conversation {digest[:12]} in {run.path} is missing or was altered.", remedy="Find out by whom; start a new run."
        ) from error


def figures_of(outcome: Outcome) -> Figures | None:
    """What a runner told of its work, in the form in which it is signed."""
    told = outcome.figures
    return Figures(**{**asdict(told), "cost": None if told.cost is None else f"{told.cost:f}"}) if told else None


def judgement_of(outcome: Outcome) -> Judgement | None:
    """The verdict somebody gave, in the form in which it is signed."""
    return Judgement(**asdict(outcome.judgement)) if outcome.judgement else None
