"""A task that a person does: what they are asked, and what becomes of it. Airflow's own part is in tests/integration/test_people.py."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from support.asked import BUILD, CHECK, DONE, NOTE, PLAN, SEEN, STORIES, WHOLE, asking, done, questions
from support.house import House, git


@pytest.fixture(autouse=True)
def shown(monkeypatch) -> list[dict[str, Any]]:
    """What Airflow was asked to show."""
    return questions(monkeypatch)


@pytest.fixture
def house(tmp_path, monkeypatch) -> House:
    made = asking(tmp_path / "house", monkeypatch)
    made.run("kickoff")
    return made


def mended(house: House) -> tuple[str, Any]:
    """Have the writer asked to mend: the task's id, and its one mapped instance."""
    house.run("check.fix_1.triage")
    [order] = house.xcoms["check.fix_1.triage", "return_value"]
    [fix] = [name for name in house.dag().task_ids if name.startswith("check.fix_1.fix")]
    mapped = house.dag().get_task(fix).unmap({"order": order})
    house._one(mapped, fix, map_index=0)
    return fix, mapped


def test_people_do_all_the_work_of_a_run(house, shown):
    done(house)
    house.answer(CHECK, "PASSED", "judy", **SEEN, notes="Fine.", references=["https://example.com/protocol"])
    house.close("check")
    house.run("complete")
    assert (house.failures, [house.word(phase) for phase in ("plan", "build", "check")]) == ({}, ["PASSED"] * 3)
    said = house.record.newest("check/judge").says
    assert (said.runner, said.principals) == ("human", ("login:judy",))
    assert (said.judgement.verdict, said.judgement.grade, said.judgement.by) == ("PASSED", "attested", "judy")
    assert said.judgement.references == ("https://example.com/protocol",)
    [entry] = said.evidence
    assert (entry.name, entry.grade) == ("verdicts.json", "attested")
    assert json.loads(house.store.blob(entry.digest)) == {
        "verdicts": [{"story": name, "verdict": "PASSED", "observed": "I read it."} for name in ("N-1", "N-2")]
    }
    [note] = house.record.newest("build/writer").says.evidence
    assert (house.store.blob(note.digest).decode(), note.grade) == (WHOLE, "attested")
    assert (
        git("show", f"{house.record.approved}:notes/note.md", cwd=house.root / "repository") + "\n" == WHOLE
        if hasattr(house.record, "approved")
        else True
    )


def test_the_question_tells_the_task_the_evidence_and_where_to_look(house, shown):
    done(house)
    owner, writer, judge = shown
    assert (owner["options"], judge["options"]) == (["Done", "Cannot be done"], ["PASSED", "FAILED"])
    assert [user["id"] for user in judge["assigned_users"]] == ["judy", "jo"]
    assert "Write the note." in writer["body"]
    assert "| note | notes/note.md | markdown |" in writer["body"]
    assert writer["params"]["note.file"]["value"].startswith("## What\n")
    assert "](phasegate/dags/people/runs/manual__1/tasks/build/writer)" in judge["body"]
    assert (
        house.record.verdict("build").says.phasegate.approved in judge["body"]
        if hasattr(house.record.verdict("build").says.phasegate, "approved")
        else True
    )
    assert list(judge["params"]) == [*SEEN, "notes", "references"]
    assert judge["params"]["verdicts.N-1.verdict"]["schema"]["enum"] == ["PASSED", "FAILED", None]
    assert house.parked[CHECK][1]["asked"] in judge["body"]
    assert not list((house.root / "work_root").glob("*/check__judge/*")), "nothing lies about while they think"


def test_silence_is_a_task_that_failed(house):
    done(house)
    _, asked = house.parked.pop(CHECK)
    house.resume(CHECK, {"error": "The response timeout has passed.", "error_type": "timeout"}, asked)
    assert house.failures[CHECK] == "@judge: Nobody answered within 3 days; asked: judy, jo."
    house.close("check")
    [finding] = house.findings("check")
    assert finding.rule == "task-failed"
    assert "Nobody answered within 3 days; asked: judy, jo." in finding.text


def test_an_answer_about_what_has_changed_since_is_none_and_a_retry_asks_anew(house, shown):
    done(house, upto="build")
    _, asked = house.parked.pop(BUILD)
    house.resume(BUILD, _event("willi", **NOTE), asked | {"asked": "0" * 64})
    assert "what was asked about has changed since" in house.failures[BUILD]
    house.run(BUILD)
    assert len(shown) == 3
    house.answer(BUILD, DONE, "willi", **NOTE)
    assert house.failures == {}
    assert [stored.says.outcome for stored in house.record.statements["build/writer"]] == ["failed", "completed"]


def _event(by: str, option: str = DONE, **form: Any) -> dict[str, Any]:
    return {"chosen_options": [option], "params_input": form, "responded_at": None, "responded_by_user": {"id": by, "name": by}}


def test_a_second_answer_to_the_same_question_attests_nothing(house):
    done(house, upto="build")
    _, asked = house.parked[BUILD]
    house.answer(BUILD, DONE, "willi", **NOTE)
    house.resume(BUILD, _event("wanda", **NOTE | {"note.file": "## What\n\nmy own words\n\n## Why\n\nnobody asked me"}), asked)
    assert [stored.says.principals for stored in house.record.statements["build/writer"]] == [("login:willi",)]


@pytest.mark.parametrize("chosen", [[], ["Perhaps"], ["PASSED", "FAILED"], ["passed"]])
def test_only_what_was_offered_is_an_answer(house, chosen):
    done(house)
    _, asked = house.parked.pop(CHECK)
    house.resume(CHECK, _event("judy", **SEEN) | {"chosen_options": chosen}, asked)
    assert "The answer does not count: it is none of PASSED, FAILED." in house.failures[CHECK]
    assert house.record.newest("check/judge").says.outcome == "failed"


def test_whatever_is_typed_can_be_signed(house):
    done(house)
    house.answer(CHECK, "FAILED", "judy", **SEEN, notes=f"\ud800 {'x' * 30_000}", references=[{"a": 1}, "", None, "y" * 3_000] * 100)
    assert house.failures == {}
    said = house.record.newest("check/judge").says.judgement
    assert (said.notes[:3], len(said.notes), len(said.references), max(map(len, said.references))) == ("? x", 20_000, 50, 2_000)


def test_half_a_character_is_none_where_little_else_is_typed(house):
    done(house, upto="build")
    house.answer(BUILD, DONE, "willi", **NOTE | {"notes": "half of \ud83d"})
    assert house.failures == {}
    said = house.record.newest("build/writer").says
    assert '"notes": "half of ?"' in said.excerpt
    assert '"notes": "half of ?"' in house.store.blob(said.log).decode()


def test_what_cannot_be_done_is_said_with_its_reason(house):
    done(house, upto="build")
    house.answer(BUILD, "Cannot be done", "wanda", notes="Nobody knows why.")
    assert house.failures[BUILD] == "@writer: wanda answered that it cannot be done: Nobody knows why."
    assert house.record.newest("build/writer").says.principals == ("login:wanda",)


@pytest.mark.parametrize("form", [{}, {"note.file": ""}, {"note.file": None}, {"note.file": "## What\n\n\n## Why\n\n\n"}])
def test_a_form_that_was_sent_as_it_came_leaves_nothing(house, form):
    done(house, upto="build")
    house.answer(BUILD, DONE, "willi", **form)
    house.close("build")
    assert [finding.rule for finding in house.findings("build")] == ["evidence-missing"]


def test_a_failed_verdict_counts_and_opens_a_fix_phase_in_which_people_mend_and_judge_again(house, shown):
    done(house)
    house.answer(CHECK, "FAILED", "judy", **SEEN, notes="N-2 is not told.")
    assert house.failures == {}, "the task is done; the gate alone judges"
    house.close("check")
    [finding] = house.findings("check")
    assert (finding.rule, finding.text) == ("validation-failed", "judy gave the verdict FAILED: N-2 is not told.")
    fix, mapped = mended(house)
    question = shown[-1]
    assert "N-2 is not told." in question["body"]
    assert question["params"]["note.file"]["value"] == WHOLE, "what is to be changed is there"
    _, asked = house.parked.pop(f"{fix}[0]")
    better = WHOLE.replace("A small note.", "A small note, also for N-2.")
    event = _event("wanda", **NOTE | {"note.file": better})
    house._one(mapped, fix, map_index=0, call=lambda context: mapped.execute_complete(context, event=event, **asked), tried=True)
    house.run("check.fix_1.converge", "check.fix_1.judge")
    house.answer("check.fix_1.judge", "PASSED", "jo", **SEEN)
    house.run("check.fix_1.gate")
    assert (house.failures.keys() - {"check.gate"}, house.word("check")) == (set(), "PASSED"), (house.failures, house.findings("check"))


def test_one_who_found_it_wrong_and_finds_it_right_though_nothing_was_mended_is_not_believed(house):
    done(house)
    house.answer(CHECK, "FAILED", "judy", **SEEN, notes="It is wrong.")
    house.close("check")
    house.run("check.fix_1.triage", "check.fix_1.converge", "check.fix_1.judge")
    house.answer("check.fix_1.judge", "PASSED", "judy", **SEEN)
    house.run("check.fix_1.gate")
    assert "validator-flipped" in {finding.rule for finding in house.findings("check")}


@pytest.mark.parametrize(
    ("form", "rules"),
    [
        (SEEN | {"verdicts.N-2.verdict": "FAILED"}, {"validation-failed"}),
        ({name: value for name, value in SEEN.items() if "N-1" in name}, {"answer-missing"}),
        ({name: value for name, value in SEEN.items() if "observed" not in name}, {"evidence-malformed"}),
        ({}, {"evidence-missing", "answer-missing"}),
    ],
)
def test_each_story_needs_its_verdict(house, form, rules):
    done(house)
    house.answer(CHECK, "PASSED", "judy", **form)
    house.close("check")
    assert {finding.rule for finding in house.findings("check")} == rules


def test_what_others_wrote_is_no_markup_in_the_question(house, shown):
    done(house)
    house.answer(CHECK, "FAILED", "judy", **SEEN, notes="![x](http://evil/) <script>\n# Approve")
    house.close("check")
    mended(house)
    assert "![x](http://evil/) <script> # Approve`" in shown[-1]["body"]
    assert "evil" not in re.sub("`[^`\\n]*`", "", shown[-1]["body"]), "it stands in code and nowhere else"
    assert "\n#" not in shown[-1]["body"]


def test_a_link_in_the_repository_leads_no_answer_out_of_it(tmp_path, monkeypatch):
    outside = tmp_path / "outside"
    outside.mkdir()

    def plant(repository):
        (repository / "notes").symlink_to(outside)
        git("add", "-A", cwd=repository)
        git("commit", "-q", "-m", "A link", cwd=repository)

    house = asking(tmp_path / "house", monkeypatch, before=plant)
    house.run("kickoff")
    done(house, upto="build")
    house.answer(BUILD, DONE, "willi", **NOTE)
    assert "The answer cannot be written to notes/note.md: notes is a symbolic link." in house.failures[BUILD]
    assert list(outside.iterdir()) == []


def test_people_work_where_there_is_no_repository(tmp_path, monkeypatch):
    house = asking(tmp_path / "house", monkeypatch, git=False)
    text = (house.specs / "workflow.yaml").read_text(encoding="utf-8")
    house.write(text.replace("path: notes/note.md", "report: note.md").replace("path: stories.json", "report: stories.json"))
    house.run("kickoff")
    done(house)
    house.answer(CHECK, "PASSED", "judy", **SEEN)
    house.close("check")
    assert (house.failures, house.word("check")) == ({}, "PASSED")


def test_what_is_mended_once_more_while_a_person_judges_was_not_judged(tmp_path, monkeypatch):
    house = asking(tmp_path / "house", monkeypatch, git=False, writer="{command: 'cp note.md \"$PHASEGATE_EVIDENCE\"'}")
    text = (house.specs / "workflow.yaml").read_text(encoding="utf-8").replace("cp note.md", 'cp "$PHASEGATE_SPEC_DIR/note.md"')
    house.write(text.replace("path: notes/note.md", "report: note.md").replace("path: stories.json", "report: stories.json"))
    (house.specs / "note.md").write_text(WHOLE, encoding="utf-8")
    house.run("kickoff", PLAN)
    house.answer(PLAN, DONE, "olga", **{"stories.file": STORIES})
    house.close("plan")
    house.phase("build")
    house.run(CHECK)
    house.answer(CHECK, "FAILED", "judy", **SEEN, notes="It is wrong.")
    house.close("check")
    house.run("check.fix_1.triage")
    [fix] = [name for name in house.dag().task_ids if ".fix-writer" in name]
    mapped = house.dag().get_task(fix).unmap({"order": {"task": "build/writer"}})
    house._one(mapped, fix, map_index=0)
    house.run("check.fix_1.judge")
    house._one(mapped, fix, map_index=0)
    house.answer("check.fix_1.judge", "PASSED", "judy", **SEEN)
    assert "what was asked about has changed since" in house.failures["check.fix_1.judge"]


SHARED = [
    ("writes: [notes]", "writes: [notes, stories]"),
    (
        "note: {path: notes/note.md, kind: markdown, expect: {sections: [What, Why], min_words_per_section: 2}}",
        "note: {path: stories.json, kind: stories, needs: attested}",
    ),
]
COPIED = "{command: 'cp \"$PHASEGATE_SPEC_DIR/stories.json\" stories.json'}"


@pytest.fixture
def shared(tmp_path, monkeypatch) -> House:
    """A program writes the stories, and a person is to work on them."""
    house = asking(tmp_path / "shared", monkeypatch, owner=COPIED)
    text = (house.specs / "workflow.yaml").read_text(encoding="utf-8")
    for old, new in SHARED:
        assert old in text
        text = text.replace(old, new)
    house.write(text)
    (house.specs / "stories.json").write_text(json.dumps(STORIES), encoding="utf-8")
    house.run("kickoff", PLAN)
    house.close("plan")
    house.run(BUILD)
    return house


def test_what_a_program_wrote_is_no_persons_work_because_they_sent_it_as_it_came(shared, shown):
    begins = shown[-1]["params"]["note.file"]["value"]
    assert begins == STORIES
    shared.answer(BUILD, DONE, "willi", **{"note.file": dict(reversed(begins.items()))})
    [entry] = shared.record.newest("build/writer").says.evidence
    assert (entry.name, entry.grade) == ("stories.json", "observed")
    shared.close("build")
    assert [(finding.rule, finding.text) for finding in shared.findings("build")] == [
        ("grade-too-low", "stories.json is only observed; it counts when it is attested.")
    ]


def test_what_a_person_changed_in_it_makes_it_theirs_and_so_it_stays(shared, shown):
    changed = {"stories": [STORIES["stories"][0] | {"story": "As a reader I want to know what, why and when."}, *STORIES["stories"][1:]]}
    shared.answer(BUILD, DONE, "willi", **{"note.file": changed})
    [entry] = shared.record.newest("build/writer").says.evidence
    assert entry.grade == "attested"
    shared.close("build")
    assert shared.word("build") == "PASSED"
    shared.run(BUILD)
    shared.answer(BUILD, DONE, "wanda", **{"note.file": changed})
    assert [entry.grade for entry in shared.record.newest("build/writer").says.evidence] == ["attested"]
