"""Policy 5: all that was sealed is in the merge, the merge builds on what was approved, and the product stays as it was validated."""

from __future__ import annotations

import pendulum
import pytest
from support.cycles import Cycle, failing
from support.orders import EXTERNAL
from support.runs import BASE, honest, place, resign, rules, under

from dag_factory.evidence.decisions import Order
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.merges import approved_base, judged_base
from dag_factory.evidence.rounds import JOIN
from dag_factory.evidence.statement import Conflict, Sealed, Undone
from dag_factory.evidence.verify import verify

ARCHITECT = "foundation/architect"
OTHER = Sealed(commit="f" * 40, tree="c" * 40, bundle="a" * 64)


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, worked="foundation")


def merged_but(run, *gone):
    return tuple(pair for pair in run.record.converged("foundation").says.merged if pair[0] not in gone)


def told(run, phase="foundation"):
    return [(finding.rule, finding.subject) for finding in run.judge(phase).findings]


def test_an_honest_merge_is_no_finding(run):
    assert told(run) == []


def test_no_merge_at_all(run):
    place(run, "statements/foundation/converge").unlink()
    assert ("merge-missing", "foundation") in told(run)


def test_a_merge_signed_by_a_persona_is_none(run):
    resign(run, place(run, "statements/foundation/converge"), lambda payload: None, signer="architect")
    assert {"statement-invalid", "merge-missing"} <= rules(run.judge("foundation"))


def test_work_that_was_left_out(run):
    run.converge("foundation", merged=merged_but(run, ARCHITECT))
    assert told(run) == [("merge-missing", ARCHITECT)]


def test_work_sealed_again_after_the_merge(run):
    run.deliver(ARCHITECT, sealed=OTHER)
    assert told(run) == [("merge-missing", ARCHITECT)]
    run.converge("foundation")
    assert told(run) == []


def test_work_that_was_withdrawn_is_not_in_the_merge_any_more(run):
    run.deliver(ARCHITECT, sealed=None, evidence=())
    assert told(run) == [("evidence-missing", f"{ARCHITECT}/architecture"), ("merge-missing", ARCHITECT)]
    assert "The merge still holds" in run.judge("foundation").findings[1].text
    run.converge("foundation")
    assert told(run) == [("evidence-missing", f"{ARCHITECT}/architecture")]


def test_work_that_changed_nothing_need_not_be_merged(run):
    run.deliver(ARCHITECT, sealed=Sealed(commit=BASE, tree="c" * 40, bundle=None))
    run.converge("foundation", merged=merged_but(run, ARCHITECT))
    assert told(run) == []


def test_a_merge_on_another_base(run):
    run.converge("foundation", base="e" * 40)
    assert told(run) == [("merge-missing", "foundation")]


@pytest.mark.parametrize(("name", "value"), [("charter", "f" * 64), ("plan", "f" * 64), ("phase", "validation")])
def test_a_merge_of_something_else(run, name, value):
    bound = run.record.converged("foundation").says.binding.model_copy(update={name: value})
    run.converge("foundation", binding=bound)
    assert told(run) == [("merge-missing", "foundation")]


def test_what_does_not_fit_is_told_once(run):
    conflict = Conflict(task=ARCHITECT, paths=("ARCHITECTURE.md", "x"), text="Both changed ARCHITECTURE.md.")
    run.converge("foundation", merged=merged_but(run, ARCHITECT), conflicts=(conflict,))
    finding = run.judge("foundation").findings[0]
    assert told(run) == [("merge-conflict", f"{ARCHITECT}:ARCHITECTURE.md, x")]
    assert (finding.task, finding.text) == (ARCHITECT, "Both changed ARCHITECTURE.md.")


def test_evidence_that_later_work_took_away_is_told_of_whose_it_was(run):
    run.converge("foundation", undone=(Undone(task=ARCHITECT, path="ARCHITECTURE.md"),))
    [finding] = run.judge("foundation").findings
    assert (finding.rule, finding.subject, finding.task) == ("evidence-undone", f"{ARCHITECT}:ARCHITECTURE.md", ARCHITECT)


def base_of(run, phase):
    return approved_base(Case(run.record, phase, run.store.blob, pendulum.now("UTC")))


def test_each_phase_builds_on_what_was_approved_before(tmp_path):
    run = honest(tmp_path, through="foundation")
    assert base_of(run, "foundation") == BASE
    assert base_of(run, "implementation") == run.record.converged("foundation").says.sealed.commit
    assert base_of(run, "validation") == BASE, "nothing was approved; and the phase is not open"
    run.work("implementation")
    run.converge("implementation", base=BASE)
    assert ("merge-missing", "implementation") in told(run, "implementation")


def test_the_product_stays_as_it_was_validated(tmp_path):
    run = honest(tmp_path, worked="integration")
    assert told(run, "integration") == []
    run.converge("integration", product="9" * 64)
    assert told(run, "integration") == [("product-changed", "integration")]


def test_before_the_validation_the_product_may_change(tmp_path):
    run = honest(tmp_path, worked="implementation")
    run.converge("implementation", product="9" * 64)
    assert told(run, "implementation") == []


def test_a_validation_without_a_verdict_approves_no_product(tmp_path):
    run = honest(tmp_path, worked="integration")
    place(run, "verdicts/validation").unlink()
    assert {"product-changed", "phase-not-open"} <= rules(run.judge("integration"))


def test_a_verdict_that_approved_another_product(tmp_path):
    run = honest(tmp_path, through="validation")
    path = place(run, "verdicts/validation")
    resign(run, path, lambda payload: payload["predicate"]["phasegate"].update(product="9" * 64), signer=AUTHORITY)
    run.work("integration")
    assert "product-changed" in rules(run.judge("integration"))


def test_where_nobody_validates_no_product_is_held_against_what_was(tmp_path):
    run = honest(tmp_path, worked="foundation")

    def unvalidated(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"]):
            task["duty"] = "work"
            task["validates"] = ()

    record = under(run, unvalidated)
    assert record.contract.validated_in is None
    assert "product-changed" not in {found.rule for found in verify(record, "foundation", run.store.blob, pendulum.now("UTC")).findings}


# What is shown and what is sealed.

UNSEALED = ("evidence-unsealed", f"{ARCHITECT}:ARCHITECTURE.md")


def test_who_sealed_nothing_has_no_file_of_the_repository_to_show(run):
    run.deliver(ARCHITECT, sealed=None)
    run.converge("foundation")
    assert told(run) == [UNSEALED]
    assert "ARCHITECTURE.md is not so in the commit that @architect sealed" in run.judge("foundation").findings[0].text


def test_what_a_merge_found_to_be_otherwise_in_the_commit_is_no_evidence(run):
    run.converge("foundation", unsealed=(Undone(task=ARCHITECT, path="ARCHITECTURE.md"),))
    assert told(run) == [UNSEALED]


def test_newer_work_takes_it_back(run):
    run.converge("foundation", unsealed=(Undone(task=ARCHITECT, path="ARCHITECTURE.md"),))
    run.answer("foundation")
    cycle = Cycle(run, "foundation")
    cycle.triage(orders=(Order(task=ARCHITECT, findings=(":".join(UNSEALED),)),))
    cycle.mend(ARCHITECT)
    cycle.merge()
    assert cycle.told() == []
    cycle.merge(unsealed=(Undone(task=ARCHITECT, path="ARCHITECTURE.md"),))
    assert cycle.told() == [":".join(UNSEALED)]


def test_of_who_failed_and_who_is_outside_no_seal_is_asked(tmp_path, run):
    run.deliver(ARCHITECT, outcome="failed", exit_code=1, sealed=None)
    run.converge("foundation")
    assert "evidence-unsealed" not in rules(run.judge("foundation"))
    other = honest(tmp_path / "other", text=EXTERNAL)
    other.work("foundation", without=("foundation/ux-designer",))
    other.deliver("foundation/ux-designer", runner="external", principals=("login:ann",), base=None, sealed=None)
    other.converge("foundation")
    assert told(other) == []


def test_changed_files_are_of_the_repository_too(tmp_path):
    run = honest(tmp_path, worked="implementation")
    run.deliver("implementation/ingest.software-engineer", sealed=None)
    run.converge("implementation")
    found = [subject for rule, subject in told(run, "implementation") if rule == "evidence-unsealed"]
    assert "implementation/ingest.software-engineer:src/orders/code.py" in found


@pytest.mark.parametrize("changes", [{"runner": "check"}, {"report": True}])
def test_a_check_seals_nothing_and_reports_are_not_of_the_repository(run, changes):
    run.deliver(ARCHITECT, sealed=None)
    run.converge("foundation")

    def other(contract):
        [task] = [task for task in contract["phases"][0]["tasks"] if task["id"] == ARCHITECT]
        if "runner" in changes:
            task["runner"] = "check"
        else:
            task["items"][0].update(path=None, report="ARCHITECTURE.md")

    judgement = verify(under(run, other), "foundation", run.store.blob, pendulum.now("UTC"))
    assert "evidence-unsealed" not in rules(judgement)


# Between cycles, and between phases.


def test_work_of_which_the_newest_failed_is_not_in_the_merge_any_more(run):
    run.deliver(ARCHITECT, outcome="failed", exit_code=1, sealed=None)
    assert ("merge-missing", ARCHITECT) in told(run)


def test_a_conflict_is_mended_by_newer_work_of_who_had_it(run):
    conflict = Conflict(task=ARCHITECT, paths=("ARCHITECTURE.md",), text="Both changed ARCHITECTURE.md.")
    run.converge("foundation", merged=merged_but(run, ARCHITECT), conflicts=(conflict,))
    assert run.answer("foundation").word == "FAILED"
    cycle = Cycle(run, "foundation")
    cycle.triage(orders=(Order(task=ARCHITECT, findings=(f"merge-conflict:{ARCHITECT}:ARCHITECTURE.md",)),))
    cycle.mend(ARCHITECT)
    cycle.merge()
    assert cycle.told() == []


def test_validators_look_at_what_was_merged_last_where_nothing_was_mended_yet(tmp_path):
    run = failing(honest(tmp_path, worked="validation"))
    run.codes["validation/test-engineer", "check"] = 1
    first = Cycle(run, "validation").mended().judged()
    assert first.answer().word == "FAILED"
    second = Cycle(run, "validation", 2)
    second.triage()
    last = first.case().merges[-1].says
    assert last.binding.task == JOIN
    assert judged_base(second.case()) == last.sealed.commit


def test_what_validators_wrote_is_not_what_they_looked_at(tmp_path):
    cycle = Cycle(failing(honest(tmp_path, worked="validation")), "validation").mended()
    mended = cycle.case().merges[-1].says.sealed.commit
    cycle.judged()
    last = cycle.case().merges[-1].says
    assert last.binding.task == JOIN
    assert judged_base(cycle.case()) == mended != last.sealed.commit


def test_what_was_validated_again_between_is_what_counts(tmp_path):
    run = honest(tmp_path, worked="validation")
    run.converge("validation", product="9" * 64)
    assert run.answer("validation").word == "PASSED"
    run.work("integration")
    run.converge("integration", product="9" * 64)

    def validated_before(contract):
        for phase in contract["phases"]:
            for task in phase["tasks"]:
                task["duty"] = "validation" if phase["id"] == "implementation" else "work"

    record = under(run, validated_before)
    assert record.contract.validated_in == "implementation"
    assert "product-changed" not in rules(verify(record, "integration", run.store.blob, pendulum.now("UTC")))
    run.converge("integration")
    assert "product-changed" in rules(verify(under(run, validated_before), "integration", run.store.blob, pendulum.now("UTC")))
