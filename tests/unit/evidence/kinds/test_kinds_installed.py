"""Kinds that other distributions bring, and what becomes of a kind that breaks down."""

from __future__ import annotations

from types import SimpleNamespace

import pendulum
import pytest
from support.bringing import bringing
from support.orders import SPEC
from support.runs import honest

from dag_factory.errors import EvidenceError, SpecError
from dag_factory.evidence.kinds import KINDS, Examination, Expectation, Fault, Material, kind_of
from dag_factory.evidence.kinds.asking import ask
from dag_factory.evidence.policies.case import Case
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec


class ProofExpect(Expectation):
    words: int = 1


class Proof:
    name = "proof"
    Expect = ProofExpect

    def examine(self, material, expect):
        if material.data == b"exit":
            raise SystemExit(0)
        if material.data == b"crash":
            raise ZeroDivisionError("nobody divides by that")
        if material.data == b"lie":
            return True
        if material.data == b"more":
            return Examination((Fault("x", rule="evidence-shared-with-the-moon"),) * 1000)
        if material.data == b"facts":
            return Examination((), {"a": "not a tuple"})
        lacks = len(material.data.split()) < expect.words
        return Examination((Fault("too few words.", rule="evidence-missing"),) if lacks else ())


class Impostor(Proof):
    name = "file"


class Strict(Proof):
    class Expect(Expectation):
        needed: int


poor = SimpleNamespace(name="proof", Expect=ProofExpect)
loose = SimpleNamespace(name="proof", Expect=dict, examine=print)
BROUGHT = {"proof": "Proof", "impostor": "Impostor", "poor": "poor", "loose": "loose", "strict": "Strict", "gone": "Nobody"}


@pytest.fixture
def brought(monkeypatch):
    return bringing(monkeypatch, "phasegate.kinds", __name__, BROUGHT)


def test_one_of_our_own_needs_no_look(brought):
    asked = brought(("proof", "proof"))
    assert kind_of("file") is KINDS["file"]
    assert asked == []


def test_what_is_installed_is_found_and_asked(brought):
    asked = brought(("proof", "proof"))
    assert ask("proof", Material("m", b"one two"), {"words": 2}).faults == ()
    assert [fault.rule for fault in ask("proof", Material("m", b"one"), {"words": 2}).faults] == ["evidence-missing"]
    assert set(asked) == {"phasegate.kinds"}


@pytest.mark.parametrize(
    ("points", "name", "says"),
    [
        ([], "proof", "There is no kind of evidence 'proof' here. Use one of "),
        ([("proof", "proof")], "other", "proof, or install the distribution that brings it."),
        (
            [("proof", "proof"), ("junit", "proof")],
            "proof",
            "brings a kind of evidence 'junit', which is the name of one of Phasegate's own.",
        ),
        ([("proof", "proof"), ("proof", "loose")], "proof", "both bring a kind of evidence 'proof'. Remove one of them."),
        ([("proof", "impostor")], "proof", "calls itself otherwise."),
        ([("proof", "poor")], "proof", "lacks examine."),
        ([("proof", "loose")], "proof", "an Expect that is no Expectation"),
        ([("proof", "strict")], "proof", "expects what has no default."),
        ([("proof", "gone")], "proof", "cannot be loaded: AttributeError"),
    ],
)
def test_what_is_no_kind_is_refused(brought, points, name, says):
    brought(*points)
    with pytest.raises(EvidenceError) as told:
        kind_of(name)
    assert says in str(told.value)
    assert [fault.rule for fault in ask(name, Material("m", b"x"), {}).faults] == ["evidence-malformed"]


@pytest.mark.parametrize("data", [b"exit", b"crash", b"lie", b"facts"])
def test_a_kind_that_breaks_down_is_no_pass(brought, data):
    brought(("proof", "proof"))
    assert [fault.rule for fault in ask("proof", Material("m", data), {}).faults] == ["evidence-malformed"]


def test_a_kind_of_others_knows_no_rules_of_its_own_and_no_end(brought):
    brought(("proof", "proof"))
    faults = ask("proof", Material("m", b"more"), {}).faults
    assert {fault.rule for fault in faults} == {"evidence-malformed"}
    assert len(faults) == 200


def test_what_a_kind_cannot_expect_is_no_pass():
    (fault,) = ask("file", Material("m", b"x"), {"min_byte": 1}).faults
    assert "min_byte" in fault.text


MORE = """\
phases:
  validation:
    tasks:
      test-engineer:
        evidence:
          more: {report: p.txt, kind: proof, expect: {words: WORDS}}
"""


@pytest.mark.parametrize(("words", "rule"), [("2", None), ("many", "evidence-expect")])
def test_the_linter_knows_what_is_installed(brought, tmp_path, words, rule):
    brought(("proof", "proof"))
    path = tmp_path / "w.yaml"
    path.write_text(SPEC + MORE.replace("WORDS", words), encoding="utf-8")
    told = _told(path)
    assert ("evidence-expect" in told) == (rule is not None), told
    assert "evidence-kind-unknown" not in told
    brought()
    assert "evidence-kind-unknown" in _told(path)


def _told(path):
    try:
        compile_plan(read_spec(path))
    except SpecError as error:
        return {found.rule for found in error.diagnostics}
    return set()


def test_a_gate_asks_it_and_tells_what_it_said(brought, tmp_path):
    brought(("proof", "proof"))
    run = honest(tmp_path, worked="foundation")
    task = run.contract.tasks["foundation/architect"]
    item = task.items[0].model_copy(update={"kind": "proof", "expect": {"words": 10_000}})
    case = Case(run.record, "foundation", run.store.blob, pendulum.now("UTC"))
    assert [fault.rule for fault in case.examine(task, item).faults] == ["evidence-missing"]
