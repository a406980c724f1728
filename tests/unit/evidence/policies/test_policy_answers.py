"""Policy 6: what was published must be cited by whoever owes an answer, and a part of an id is no id."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from support.contents import STORIES, document, interface, junit, sarif
from support.runs import as_json, honest, rules

from dag_factory.evidence.policies.answers import _one
from dag_factory.evidence.policies.named import token

ARCHITECT = "integration/architect"
SDET = "implementation/ingest.sdet"


@pytest.fixture
def run(tmp_path):
    """Everything before the integration phase is done."""
    return honest(tmp_path, through="validation")


@pytest.fixture
def tested(tmp_path):
    return honest(tmp_path, through="foundation")


def unanswered(run, phase, contents=None):
    run.contents |= contents or {}
    run.work(phase)
    return [finding for finding in run.judge(phase).findings if finding.rule == "answer-missing"]


def update(run, text):
    item = next(item for item in run.contract.tasks[ARCHITECT].items if item.id == "architecture")
    return {(ARCHITECT, "architecture"): document(*item.expect["sections"], more=text)}


ALL = "OPT-1, AUDIT-1, DEV-ingest-1, DEV-daily_mart-1"


def test_what_answers_everything_is_no_finding(run):
    assert unanswered(run, "integration", update(run, f"We have settled {ALL}.\n")) == []
    assert run.judge("integration").word == "PASSED"


@pytest.mark.parametrize("left", ["OPT-1", "AUDIT-1", "DEV-ingest-1", "DEV-daily_mart-1"])
def test_each_that_is_left_out_is_named(run, left):
    said = ", ".join(name for name in ALL.split(", ") if name != left)
    [finding] = unanswered(run, "integration", update(run, f"We have settled {said}.\n"))
    kind = "deviation" if left.startswith("DEV") else "finding"
    assert finding.text == f"ARCHITECTURE.md does not answer {kind} {left}."
    assert (finding.task, finding.subject) == (ARCHITECT, f"{ARCHITECT}/architecture:{left}")


@pytest.mark.parametrize("text", ["opt 1", "OPT - 1", "OPT_1", "`OPT-1`", "(OPT—1)", "OPT-1.", "opt.1"])
def test_how_an_id_is_spelled_out_does_not_matter(run, text):
    assert unanswered(run, "integration", update(run, f"We have settled {ALL.replace('OPT-1', text)}.\n")) == []


@pytest.mark.parametrize("text", ["OPT-10", "XOPT-1", "OPT1", "OPT", "1-OPT"])
def test_what_only_resembles_an_id_is_none(run, text):
    [finding] = unanswered(run, "integration", update(run, f"We have settled {ALL.replace('OPT-1', text)}.\n"))
    assert finding.subject.endswith(":OPT-1")


def test_what_no_reader_sees_answers_nothing(run):
    [finding] = unanswered(run, "integration", update(run, f"We have settled {ALL.replace('OPT-1', '<!-- OPT-1 -->')}\n"))
    assert finding.subject.endswith(":OPT-1")


def found(*names):
    return {("validation/performance-engineer", "optimisations"): as_json({"findings": [{"id": name, "text": "slow"} for name in names]})}


@pytest.fixture
def validated(tmp_path):
    """The validation phase is still to be worked on, so that other findings can be made in it."""
    return honest(tmp_path, through="implementation")


def after(validated, *names, text):
    validated.contents |= found(*names)
    validated.work("validation")
    assert validated.answer("validation").word == "PASSED"
    ids = unanswered(validated, "integration", update(validated, f"We settled AUDIT-1, DEV-ingest-1, DEV-daily_mart-1. {text}\n"))
    return [finding.subject.rpartition(":")[2] for finding in ids]


def test_a_longer_id_does_not_stand_for_the_shorter_one_within_it(validated):
    assert after(validated, "P-1", "P-1.1", text="P-1.1 is done.") == ["P-1"]


def test_a_shorter_id_does_not_stand_for_the_longer_one(validated):
    assert after(validated, "P-1", "P-1.1", text="P-1 is done.") == ["P-1.1"]


@pytest.mark.parametrize("name", ["—", "!!!", "*"])
def test_an_id_without_a_letter_or_a_digit_can_never_be_cited(validated, name):
    assert after(validated, name, text=f"{name} is done.") == [name]


@pytest.mark.parametrize(("name", "other"), [("Größe", "Grüße"), ("требование", "дело"), ("要件", "試験"), ("Ä-1", "Ü-1")])
def test_letters_of_every_script_tell_ids_apart(validated, name, other):
    assert after(validated, name, other, text=f"{other} is done.") == [name]


def test_many_are_counted_and_not_all_listed(validated):
    names = [f"P-{number}" for number in range(1, 31)]
    validated.contents |= found(*names)
    validated.work("validation")
    assert validated.answer("validation").word == "PASSED"
    findings = unanswered(validated, "integration", update(validated, "We settled AUDIT-1, DEV-ingest-1, DEV-daily_mart-1.\n"))
    assert len(findings) == 21
    assert findings[-1].text == "ARCHITECTURE.md leaves 10 more findings without an answer."


def test_where_there_is_nothing_to_find_there_is_nothing_to_answer(validated):
    assert after(validated, text="") == []


def test_no_findings_no_deviations_and_no_errors_need_no_answer(tested):
    said = {name: re.sub(rb"- `(?:DEV|Missing).*", b"None.", interface(name)) for name in ("ingest", "daily_mart")}
    tested.contents |= {(f"implementation/{name}.software-engineer", "interface"): text for name, text in said.items()}
    tested.work("implementation")
    assert tested.answer("implementation").word == "PASSED"
    tested.contents |= found() | {("validation/security-engineer", "audit"): as_json(sarif())}
    tested.work("validation")
    assert tested.answer("validation").word == "PASSED"
    listed = [{"feature": name, "sha256": hashlib.sha256(text).hexdigest()} for name, text in said.items()]
    tested.contents["integration/integration-engineer", "interfaces"] = as_json({"interfaces": listed})
    assert unanswered(tested, "integration", update(tested, "There was nothing to answer.\n")) == []


def test_as_many_as_are_listed_are_not_counted(validated):
    names = [f"P-{number}" for number in range(1, 21)]
    assert after(validated, *names, text="") == names


def test_a_test_answers_the_criteria_of_its_own_feature_and_no_others(tested):
    names = ["test_ingest_1_works", "test_missingcolumn_is_told"]
    findings = unanswered(tested, "implementation", {(SDET, "unit-tests"): junit(*names), (SDET, "integration-tests"): junit(*names)})
    assert {finding.subject.rpartition(":")[2] for finding in findings} == {"ingest-2"}
    assert {finding.task for finding in findings} == {SDET}


def test_one_name_may_answer_two_criteria_that_stand_beside_each_other_in_it(tested):
    names = ["test_ingest_1_ingest_2_both_work", "test_missingcolumn_is_told"]
    assert unanswered(tested, "implementation", {(SDET, "unit-tests"): junit(*names), (SDET, "integration-tests"): junit(*names)}) == []


def test_no_data_is_no_answer(tmp_path):
    """Criteria that do not exist cannot be cited: without them nothing shows that the tests test anything."""
    run = honest(tmp_path)
    stories = json.loads(json.dumps(STORIES))
    stories["stories"] = [story for story in stories["stories"] if story["feature"] != "ingest"]
    run.contents["foundation/product-manager", "stories"] = as_json(stories)
    run.work("foundation")
    run.answer("foundation")
    findings = unanswered(run, "implementation")
    assert any(finding.text.startswith("There are no acceptance in foundation/product-manager") for finding in findings)


@pytest.mark.parametrize("of", ["foundation/architect", "implementation/ingest.sdet", "validation/documentation-writer"])
def test_commits_are_those_that_were_merged_before(run, of):
    commits = {name: commit for name, commit in run.commits.items() if name != of}
    left = run.commits[of]
    listed = as_json({"commits": [{"task": name, "commit": commit} for name, commit in commits.items()]})
    [finding] = unanswered(run, "integration", {("integration/integration-engineer", "commits"): listed})
    assert finding.text.endswith(f"does not answer commit {left}.")


def test_what_failed_is_told_once_and_not_answer_by_answer(run):
    for task in run.contract.phase("integration").tasks:
        run.deliver(task.id, **({"outcome": "failed", "exit_code": 1, "evidence": (), "sealed": None} if task.id == ARCHITECT else {}))
    run.converge("integration")
    judgement = run.judge("integration")
    assert "task-failed" in rules(judgement)
    assert not any(finding.rule == "answer-missing" and finding.task == ARCHITECT for finding in judgement.findings)


def test_an_interface_answers_with_its_errors(tested):
    more = interface("ingest").replace(b"`MissingColumn`", b"`WrongDay`")
    findings = unanswered(tested, "implementation", {("implementation/ingest.software-engineer", "interface"): more})
    assert {finding.subject.rpartition(":")[2] for finding in findings} == {"WrongDay"}


@pytest.mark.parametrize(
    ("fact", "one"),
    [("stories", "story"), ("acceptance", "acceptance criterion"), ("commits", "commit"), ("findings", "finding"), ("errors", "error")],
)
def test_one_of_many_is_called_by_its_name(fact, one):
    assert _one(fact) == one


def test_a_name_is_spelled_in_one_way():
    assert [token(name) for name in ("INGEST_2", " ingest - 2 ", "_Ingest:2_", "İ1", "--")] == [
        "ingest_2",
        "ingest_2",
        "ingest_2",
        "i_1",
        "",
    ]


# One entry, one test or one line that holds them all.

STORY = "validation/product-manager"


def test_one_entry_answers_one_story(validated):
    verdicts = [{"story": "story-ingest, story-daily_mart", "verdict": "PASSED", "observed": "it did"}]
    findings = unanswered(validated, "validation", {(STORY, "verdicts"): as_json({"verdicts": verdicts})})
    assert [finding.subject.rpartition(":")[2] for finding in findings] == ["story-ingest", "story-daily_mart"]
    assert findings[0].text == "verdicts.json names story story-ingest only within a longer text. Give it an entry of its own."


@pytest.mark.parametrize(("item", "key", "entry"), [("commits", "commits", "commit"), ("interfaces", "interfaces", "sha256")])
def test_one_entry_answers_one_commit_and_one_interface(run, item, key, entry):
    task = run.contract.tasks["integration/integration-engineer"]
    whole = json.loads(run.content(task, next(one for one in task.items if one.id == item)))[key]
    joined = as_json({key: [{entry: " ".join(one[entry] for one in whole)}]})
    findings = unanswered(run, "integration", {(task.id, item): joined})
    assert len(findings) == len(whole)
    assert all("only within a longer text" in finding.text for finding in findings)


def listed(*names):
    return interface("ingest").replace(
        b"- `MissingColumn` when", "".join(f"- `{name}`: no\n" for name in names).encode() + b"- `MissingColumn` when"
    )


@pytest.mark.parametrize(
    ("tests", "left"),
    [
        (["test_missing_column_bad_date_bad_amount"], 2),
        (["test_missing_column", "test_bad_date_bad_amount"], 1),
        (["test_missing_column", "test_bad_date", "test_bad_amount"], 0),
    ],
)
def test_each_error_is_answered_by_a_test_of_its_own(tested, tests, left):
    contents = {
        ("implementation/ingest.software-engineer", "interface"): listed("BadDate", "BadAmount"),
        (SDET, "unit-tests"): junit(*tests),
    }
    findings = unanswered(tested, "implementation", contents)
    assert len(findings) == left
    assert all("has no test of its own for error" in finding.text for finding in findings)


def test_a_line_of_ids_says_nothing_of_any(run):
    [old] = run.record.newest("foundation/architect").says.evidence
    text = run.store.blob(old.digest) + f"\n{ALL}\n".encode()
    findings = unanswered(run, "integration", {(ARCHITECT, "architecture"): text})
    assert len(findings) == 4
    assert findings[0].text.endswith("and says nothing of it. Write what became of it.")
