"""Houses to spoil: the sample product as far as it is needed, made once a session and copied for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from support.house import House, git, make_repository
from support.liars import VALIDATORS, lie, replace_text
from support.spending import BOTH, Spender

from dag_factory.runners import RUNNERS

PHASES = ("foundation", "implementation", "validation", "integration")
SMALL = """\
workflow: small
pattern: false
mission: A small mission
{more}
catalogue:
  writer: {{title: Writer, instructions: Write., contracts: {{writing: {{does: Write a note., writes: [{writes}], evidence: {{note: {{{evidence}}}}}}}}}}}
  reader: {{title: Reader, instructions: Read., contracts: {{reading: {{does: Read it., evidence: {{read: {{report: read.txt, kind: file}}}}}}}}}}
personas:
  writer: {{{writer}}}
  reader: {{command: 'cp "$PHASEGATE_INPUTS"/first/write/note.md "$PHASEGATE_EVIDENCE/read.txt"'}}
phases:
  first: {{tasks: {{write: {{persona: writer, duty: writing}}}}, gate: {{}}}}
  second: {{tasks: {{read: {{persona: reader, duty: reading, validates: [first]}}}}, gate: {{}}}}
"""


@dataclass
class Climb:
    """A house that is worked on phase by phase, with a copy of it as it stood when the tasks of each phase were done and no gate was asked."""

    house: House
    done: dict[str, House] = field(default_factory=dict)

    def to(self, phase: str) -> House:
        """The house with the tasks of a phase done; to be copied, not to be changed."""
        for name in PHASES[: PHASES.index(phase) + 1]:
            if name in self.done:
                continue
            before = PHASES[PHASES.index(name) - 1] if self.done else None
            self.house.run("kickoff") if before is None else self.house.close(before)
            self.house.phase(name, gate=False)
            assert self.house.failures == {}
            self.done[name] = self.house.copy(self.house.root.parent / name)
        return self.done[phase]

    def finish(self) -> House:
        """The house with everything done."""
        self.to(PHASES[-1])
        if "complete" not in self.house.tries:
            self.house.close(PHASES[-1])
            self.house.run("complete")
        return self.house


@pytest.fixture(scope="session")
def session_patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory, session_patch: pytest.MonkeyPatch) -> Climb:
    """The sample, done honestly. What its checks run is kept beside the spec, so that a test can replace it."""
    checks = {f"{{check: {run}}}": f'{{check: sh "$PHASEGATE_SPEC_DIR/checks/{name}.sh"}}' for name, run in VALIDATORS.items()}
    house = House.of_orders(tmp_path_factory.mktemp("honest") / "house", session_patch, **checks)
    (house.specs / "checks").mkdir()
    for name, run in VALIDATORS.items():
        (house.specs / "checks" / f"{name}.sh").write_text(f"{run}\n", encoding="utf-8")
    return Climb(house)


@pytest.fixture(scope="session")
def lying(tmp_path_factory: pytest.TempPathFactory, session_patch: pytest.MonkeyPatch) -> Climb:
    """The sample with a liar for every validator, whose word is checked by Phasegate; and an interface that the code does not keep.

    The load of its benchmark is smaller than the sample's: it is there to be too slow.
    """
    bindings = {
        f"{{check: {run}}}": f'{{command: python "$PHASEGATE_SPEC_DIR/personas/{name}.py", verify: {run}}}'
        for name, run in VALIDATORS.items()
    }
    house = House.of_orders(tmp_path_factory.mktemp("lying") / "house", session_patch, **bindings)
    replace_text(
        house.root / "orders_repo/checks/bench.py", ("ROWS = 20_000", "ROWS = 2_000"), ("LIMIT_SECONDS = 5.0", "LIMIT_SECONDS = 0.5")
    )
    git("commit", "-q", "-a", "-m", "A smaller load", cwd=house.root / "orders_repo")
    for name in VALIDATORS:
        lie(house.specs / "personas" / f"{name}.py", instead="")
    wrong = "    text = interface.read_text()\n    interface.write_text(text.replace('load_folder(folder', 'load_folder(path'))\n"
    replace_text(house.specs / "personas" / "software_engineer.py", ("\n\ndef promised", f"{wrong}\n\ndef promised"))
    return Climb(house)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., House]:
    """Makes a small workflow without a pattern: a writer writes a note, a reader reads it."""
    numbers = count()

    def make(
        command: str = "mkdir -p notes && echo a note > notes/note.md", *, binding: str = "", git: bool = True, branch: str = "main",
        writes: str = '"notes/**"', evidence: str = "path: notes/note.md, kind: file", more: str = "",
    ) -> House:  # fmt: skip
        root = tmp_path / f"house{next(numbers)}"
        repository = make_repository(root / "repo") if git else None
        house = House(root, monkeypatch)
        where = f"workspace: {{git: {repository}, branch: {branch}}}\n" if git else ""
        writer = binding or f"command: {command!r}"
        text = SMALL.format(more=where + more, writer=writer, writes=writes if git else "", evidence=evidence)
        house.write(text.replace("first/write/note.md", f"first/write/{'notes/' if 'path: notes' in evidence else ''}note.md"))
        return house

    return make


@pytest.fixture
def spender(monkeypatch: pytest.MonkeyPatch) -> Spender:
    """A runner of commands that only costs."""
    made = Spender()
    monkeypatch.setitem(RUNNERS, "command", made)
    return made


@pytest.fixture
def spent(small: Callable[..., House], spender: Spender) -> Callable[..., House]:
    """Makes a house with two tasks at once, begun."""

    def make(*, more: str = "", writer: str = "", task: str = "") -> House:
        house = small()
        house.write(BOTH.format(more=more, writer=writer, task=task))
        house.run("kickoff")
        return house

    return make
