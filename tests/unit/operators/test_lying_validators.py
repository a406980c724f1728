"""Validators who report success over a broken product: Phasegate runs their checks itself, and the gate is red."""

from __future__ import annotations

import pytest
from support.liars import FAULTS, LIES, PASSED, VALIDATORS, replace_text


@pytest.fixture(scope="session")
def faulty(lying, tmp_path_factory, session_patch):
    """A product with four faults, each of which one validator alone can see; it gets past the tests of its own sdet."""
    house = lying.to("implementation").copy(tmp_path_factory.mktemp("faulty") / "house", session_patch)
    for file, edit, _ in FAULTS.values():
        feature, _, rest = file.partition("/")
        replace_text(house.specs / "personas" / "work" / "software-engineer" / feature / rest, edit)
    house.run(*(name for name in house.tasks("implementation") if name.endswith("software-engineer")))
    house.close("implementation")
    assert house.word("implementation") == "PASSED", house.findings("implementation")
    house.phase("validation")
    return house


@pytest.mark.parametrize("who", FAULTS)
def test_a_validator_that_lies_about_a_broken_product_is_stopped_by_re_execution(who, faulty):
    task = f"validation/{who}"
    said = faulty.record.newest(task).says
    assert PASSED in faulty.log(task)
    assert (said.outcome, said.exit_code) == ("completed", 0)
    assert [(check.name, check.exit_code != 0) for check in said.checks] == [("verify", True)]
    assert {entry.grade for entry in said.evidence} == {"re-executed"}, "what the liar faked was not even looked at"
    log = faulty.store.blob(said.checks[0].log).decode()
    assert {name for name, (_, _, word) in FAULTS.items() if word in log} == {who}, "and it is this fault that this validator saw"
    assert faulty.word("validation") == "FAILED"
    assert "check-failed" in {finding.rule for finding in faulty.findings("validation") if finding.task == task}


def test_nobody_else_is_blamed_for_what_validators_found(faulty):
    assert {finding.task for finding in faulty.findings("validation")} == {f"validation/{who}" for who in FAULTS}


def test_a_lie_about_good_work_harms_nobody_and_one_about_interfaces_is_found_in_the_end(lying):
    house = lying.to("integration")
    assert house.word("validation") == "PASSED", "their reports are false, the product is good, and Phasegate looked at the product"
    house.close("integration")
    assert PASSED in house.log("integration/integration-engineer")
    assert house.word("integration") == "FAILED"
    findings = house.findings("integration")
    assert {finding.task for finding in findings} == {"integration/integration-engineer"}
    assert {finding.rule for finding in findings} == {"check-failed", "tests-failed"}
    assert any("test_every_function_is_called_as_the_interface_says" in finding.text for finding in findings)


def test_every_role_of_the_pattern_lied(lying):
    roles = {f"{task.phase}/{task.task.rpartition('.')[2]}" for task in lying.to("foundation").record.contract.tasks.values()}
    assert roles == {*LIES, *(f"validation/{who}" for who in FAULTS), "integration/integration-engineer"}
    assert set(VALIDATORS) == {*FAULTS, "integration-engineer"}
