"""Judges the scene of a case by the public ways in: a gate's own judgement, or `phasegate verify` of a run, a folder or a tar."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path

from dag_factory.cli.export import write
from dag_factory.cli.runs import handed_over
from dag_factory.cli.selftest.corpus import Case
from dag_factory.cli.selftest.scene import Scenes
from dag_factory.cli.selftest.stage import Stage
from dag_factory.cli.selftest.verbs import do
from dag_factory.cli.verify import judged_again
from dag_factory.errors import PhasegateError
from dag_factory.evidence.verify import verify

__all__ = ["Outcome", "judged"]


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Parameters
    ----------
    case: the case.
    word: how it was judged; empty where it could not be, `crash` where something broke.
    rules: the rules that spoke, each once.
    texts: what they said.

    """

    case: Case
    word: str
    rules: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether an attack was refused by its own rule, and an honest case passed as it must."""
        if self.case.refused_by is None:
            return self.word == self.case.passes and not self.rules
        return self.word in ("FAILED", "") and set(self.rules) == {self.case.refused_by, *self.case.also}


def judged(case: Case, scenes: Scenes) -> Outcome:
    """Set the scene of a case, do what it tells, and have it judged; whatever breaks is told as a crash."""
    try:
        with scenes.of(case) as stage:
            for action in case.does:
                do(stage, action)
            return _asked(case, stage)
    except Exception as error:  # a case that breaks anything is told, and the next one is judged
        return Outcome(case, "crash", (), (f"{type(error).__name__}: {error}",))


def _asked(case: Case, stage: Stage) -> Outcome:
    try:
        word, findings = _by_gate(stage) if stage.phase else _by_auditor(case, stage)
    except PhasegateError as error:
        return Outcome(case, "", (getattr(error, "rule", ""),), (str(error),))
    rules = tuple(dict.fromkeys(rule for rule, _ in findings))
    return Outcome(case, word, rules, tuple(text for _, text in findings))


def _by_gate(stage: Stage) -> tuple[str, list[tuple[str, str]]]:
    judgement = verify(stage.record, str(stage.phase), stage.store.blob, stage.now, cycle=stage.cycle)
    return judgement.word, [(one.rule, one.text) for one in judgement.findings]


def _by_auditor(case: Case, stage: Stage) -> tuple[str, list[tuple[str, str]]]:
    path = stage.path if case.asks == "run" else _exported(stage, packed=case.asks == "tar")
    with handed_over(str(path), None) as run:
        verified = judged_again(run, stage.trust)
    return verified.word, [(one.rule, one.text) for one in verified.findings]


def _exported(stage: Stage, *, packed: bool) -> Path:
    folder = stage.path.parent / "archive"
    write(stage.store, folder)
    for spoil in stage.spoil:
        spoil(folder)
    if not packed:
        return folder
    target = stage.path.parent / "archive.tar"
    with tarfile.open(target, "w") as tar:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            tar.add(path, arcname=f"archive/{stage.renamed.get(name, name)}", recursive=False)
    return target
