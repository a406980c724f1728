"""What a verification accepts that it should not: the same attacks on a run of Phasegate's and on one of in-toto's, each beside the honest case.

in-toto's are done in `inside/attacks.py`, with its own functions.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import chain, peers
from benchmarks.table import Row, Section
from benchmarks.timing import NotMeasuredError, child, environment
from dag_factory.cli.runs import record_of
from dag_factory.cli.verify import judged_again
from dag_factory.errors import PhasegateError
from dag_factory.evidence.keys import KeyFolder
from dag_factory.evidence.record import read_record
from dag_factory.evidence.store import RunStore, Store
from dag_factory.evidence.verdict import Finding
from dag_factory.operators.collect import collect
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

__all__ = ["STORIES", "Outcome", "measure", "ours", "summary"]

STORIES = {
    "edited": "The report is edited after it was reviewed (so much both must see).",
    "one-key": "The maker's key also signs the review; the charter has it for both personas, the layout lists it for both steps.",
    "alias": "The same, with the maker's key written down a second time: other lines in its PEM, another key id.",
    "two-by-one": "Two must review, and one key signs for both: for both reviewers, for both of a threshold of two.",
    "replayed": "All that an earlier run left and signed is brought as the work of this one.",
    "replayed-whole": "The same, and the earlier run's own charter (layout) with it.",
    "symlink": "What was made is a symbolic link to identical bytes elsewhere.",
}
"""Each attack, by its id: in words that are true of both. The first is the control."""

_SPEC = """\
workflow: release
pattern: false
mission: A report that others review
personas: {default: {command: work}}
catalogue:
  maker: {title: Maker, instructions: Makes it., contracts: {make: {does: Makes it., evidence: {report: {report: report.txt, kind: file}}}}}
  reviewer: &reviews
    title: Reviewer
    instructions: Reviews it.
    contracts: {review: {does: Reviews it., evidence: {review: {report: review.txt, kind: file}}}}
  second: *reviews
phases:
  make: {tasks: {make: {persona: maker, duty: make}}, gate: {}}
  review:
    after: make
    tasks:
      review: {persona: reviewer, duty: review, validates: [make/make]}
      again: {persona: second, duty: review, validates: [make/make]}
    gate: {}
"""


@dataclass(frozen=True)
class Outcome:
    """What a verification said of the honest case and of the attack: why it refuses; empty where it accepts."""

    honest: str
    attack: str


def measure(_rounds: int) -> Section:
    """Try every attack on both; nothing is timed."""
    mine = ours()
    try:
        version = peers.need("in-toto")
        theirs, why = _theirs(), ""
    except NotMeasuredError as error:
        version, theirs, why = "", {}, str(error)
    section = Section(
        "Attacks: what a verification accepts",
        "A report is made, and reviewed by others. Each attack is done for real, with real keys, and so is the honest case beside it, in which "
        "everybody has a key and works in this run. Phasegate: signed statements, judged gate by gate and then by `phasegate verify`; the rules of whichever "
        "refuses first are named (`docs/rules`). in-toto: `in_toto_run`, a layout whose review must be of the report that was made, and an inspection of the "
        "report that is delivered, judged by `in_toto_verify`.",
        head=("attack", "Phasegate", f"in-toto {version}".rstrip(), "the honest case beside it"),
    )
    for name, story in STORIES.items():
        honest = "accepted by both" if theirs else "accepted by Phasegate"
        section.rows.append(Row(story, _said(mine[name].attack), _said(theirs[name].attack) if theirs else why, honest))
    section.more = [f"Phasegate {summary(mine)}"]
    if theirs:
        section.more.append(f"in-toto {version} {summary(theirs)}")
    return section


def summary(found: dict[str, Outcome]) -> str:
    """How many are accepted, the control apart."""
    tried = {name: outcome for name, outcome in found.items() if name != "edited"}
    accepted = sum(not outcome.attack for outcome in tried.values())
    return f"accepts {accepted} of {len(tried)} attacks, and {'refuses' if found['edited'].attack else 'accepts'} a report that was edited."


def _said(reason: str) -> str:
    return f"refused: {reason}" if reason else "accepted"


def _sound(who: str, found: dict[str, Outcome]) -> dict[str, Outcome]:
    for name in STORIES:
        if found[name].honest:
            raise NotMeasuredError(f"{who} refuses the honest case beside {name}: {found[name].honest}")
    return found


def _theirs() -> dict[str, Outcome]:
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        said = child(peers.PYTHON, "attacks.py", str(Path(folder).resolve()), env=environment(Path(folder)))
    return _sound("in-toto", {name: Outcome(*both) for name, both in said.items()})


def ours() -> dict[str, Outcome]:
    """What Phasegate says of each attack, and of the honest case beside it.

    Raises
    ------
    NotMeasuredError: an honest case is refused.

    """
    found = {}
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        for name in STORIES:
            honest, attack = (_Run(Path(folder) / name / kind, name if kind == "attack" else "") for kind in ("honest", "attack"))
            found[name] = Outcome(honest.verdict(), attack.verdict())
    return _sound("Phasegate", found)


class _Run:
    """One run in a store of its own; an earlier one of the same workflow, with the same keys, lies beside it."""

    def __init__(self, folder: Path, attack: str) -> None:
        folder.mkdir(parents=True)
        (folder / "release.yaml").write_text(_SPEC, encoding="utf-8")
        self.folder, self.attack = folder, attack
        self.plan: Plan = compile_plan(read_spec(folder / "release.yaml", patterns=("none",)))
        self.store, self.keys = Store(folder / "store"), KeyFolder(folder / "keys")
        self.run: RunStore = self.store.run(self.plan.workflow, "today")

    def verdict(self) -> str:
        """Work it, attack it, and have it judged gate by gate, then as a whole: the rules that the first to refuse it names; empty if none does."""
        written = self._keys()
        if self.attack.startswith("replayed"):
            earlier = self.store.run(self.plan.workflow, "earlier")
            assert not self._worked(earlier, "earlier"), "the earlier run is sound"
            chain.begin(self.plan, self.run, self.keys, "today")
            return self._replay(earlier)
        return self._worked(self.run, "today", **written)

    def _keys(self) -> dict[str, str]:
        """Have one key do what two should; answers what the charter is to say of it otherwise."""
        pairs = {"one-key": ("maker", "reviewer"), "alias": ("maker", "reviewer"), "two-by-one": ("reviewer", "second")}
        if self.attack not in pairs:
            return {}
        one, both = pairs[self.attack]
        pem = self.keys.signer(one, make=True).public.pem
        shutil.copy(self.keys.path / f"{one}.pem", self.keys.path / f"{both}.pem")
        head, body, foot = pem.strip().splitlines()
        return {both: "\n".join([head, body[:32], body[32:], foot]) + "\n"} if self.attack == "alias" else {}

    def _worked(self, run: RunStore, run_id: str, **written: str) -> str:
        """Work through every phase, and have each judged; stop at the first that is refused."""
        chain.begin(self.plan, run, self.keys, run_id, **written)
        for phase in self.plan.contract.phases:
            record = read_record(run)
            for task in phase.tasks:
                left = self._left(run_id, task.task, str(task.items[0].report))
                evidence, refusals = collect(run, task, folder=left, reports=True, grade="observed", items=task.items)
                chain.attest(
                    record, run, self.keys, phase.id, task.task, persona=task.persona, evidence=tuple(evidence), refusals=tuple(refusals)
                )
            if found := self._asked(run, phase.id):
                return found
        if self.attack == "edited":
            self._edit(run)
        return _rules(judged_again(run).findings)

    def _left(self, run_id: str, task: str, name: str) -> Path:
        """The folder in which a task leaves its file: a link to it, where that is the attack."""
        folder = self.folder / run_id / task
        folder.mkdir(parents=True)
        linked = self.attack == "symlink" and task == "make"
        file = self.folder / "elsewhere.txt" if linked else folder / name
        file.write_text(f"All is well in {run_id}, says {task}.\n", encoding="utf-8")
        if linked:
            (folder / name).symlink_to(file)
        return folder

    def _edit(self, run: RunStore) -> None:
        """Change the report in the store once it was reviewed, and say nothing."""
        record = read_record(run)
        assert record is not None
        stored = record.newest("make/make")
        assert stored is not None
        blob: Path = run.blob_path(stored.says.evidence[0].digest)
        blob.chmod(0o644)
        blob.write_text("All is well, and more", encoding="utf-8")

    def _replay(self, earlier: RunStore) -> str:
        """Put what the earlier run left where this one's should be; its charter too, or under this one's."""
        if self.attack == "replayed-whole":
            shutil.rmtree(self.run.path)
            shutil.copytree(earlier.path, self.run.path)
        else:
            was, now = (str(record.charter.digest[:16]) for run in (earlier, self.run) if (record := read_record(run)))
            for path in earlier.path.iterdir():
                if path.name != "charters":
                    shutil.copytree(path, self.run.path / (now if path.name == was else path.name), dirs_exist_ok=True)
        return self._asked(self.run, "make") or _rules(judged_again(self.run).findings)

    def _asked(self, run: RunStore, phase: str) -> str:
        """The rules that a gate names; what it says where the run is not one at all."""
        try:
            record_of(run)
            judgement = chain.judge(run, self.keys, phase)
        except PhasegateError as error:
            return error.message.replace(f"{self.folder}/", "")
        return _rules(judgement.findings)


def _rules(findings: Iterable[Finding]) -> str:
    return ", ".join(dict.fromkeys(finding.rule for finding in findings))
