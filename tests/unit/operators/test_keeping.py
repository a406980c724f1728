"""What an attempt that failed leaves: kept for people and for the next attempt, and worth nothing to a gate."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from dag_factory.errors import RunnerError
from dag_factory.evidence.store import Store
from dag_factory.operators.keeping import keep_memory, lay_memory
from dag_factory.runners import RUNNERS, Figures, Flaw, Judgement, Outcome

TALKING = "mkdir -p notes && echo a note > notes/note.md"


class Talker:
    """A command that has a conversation, and fails as often as it is told to."""

    name = "command"
    reexecutes = False
    waits = False

    def __init__(self, fails=1):
        self.fails, self.asked = fails, []

    def reports(self, value):
        return frozenset({"money", "tokens", "requests", "time"})

    def principals(self, request):
        return ("script:talker",)

    def run(self, request, stop):
        self.asked.append(request)
        notes = request.workspace / "notes"
        notes.mkdir(exist_ok=True)
        self.found = sorted(path.name for path in notes.iterdir())
        (notes / f"{len(self.asked)}.md").write_text("half\n")
        (notes / "note.md").write_text("a note\n")
        (request.memory / "talk").mkdir(exist_ok=True)
        (request.memory / "talk" / f"{len(self.asked)}.jsonl").write_text("words\n")
        failing = len(self.asked) <= self.fails
        figures = Figures("acme", "large", "talk-1", 2, 100, 10, Decimal("0.50"))
        flaws = (Flaw("task-failed", "It lost its thread."),) if failing else ()
        return Outcome("exited", 0, ("script:talker",), 0, False, "", 0.1, figures=figures, flaws=flaws)


@pytest.fixture
def talker(monkeypatch):
    made = Talker()
    monkeypatch.setitem(RUNNERS, "command", made)
    return made


def said(house, number=-1):
    return house.record.statements["first/write"][number].says


def test_what_a_failed_attempt_left_is_kept_and_the_next_one_goes_on_with_it(small, talker):
    house = small(TALKING)
    house.run("kickoff", "first.write")
    assert house.failures["first.write"] == "@writer failed: It lost its thread."
    first = said(house)
    assert (first.outcome, first.sealed, first.evidence, first.figures.cost) == ("failed", None, (), "0.50")
    assert first.kept.sealed.bundle
    assert first.kept.memory
    house.close("first")
    assert [finding.id for finding in house.findings("first")] == ["task-failed:first/write", "task-failed:first/write:"]
    house.run("first.write")
    assert house.failures == {"first.gate": house.failures["first.gate"]}
    assert talker.found == ["1.md", "note.md"], "its files are there again"
    assert talker.asked[1].conversation == "talk-1"
    assert sorted(path.name for path in Path(talker.asked[1].memory / "talk").glob("*")) == [], (
        "the place is dropped once all is in the store"
    )
    second = said(house)
    assert (second.outcome, second.base, second.kept) == ("completed", first.base, None)
    assert {entry.name for entry in second.evidence} == {"notes/note.md"}
    house.close("first")
    assert house.word("first") == "PASSED"


def test_what_was_completed_is_done_anew(small, talker):
    talker.fails = 0
    house = small(TALKING)
    house.run("kickoff", "first.write", "first.write")
    assert (talker.found, talker.asked[1].conversation) == ([], "")


def test_a_program_that_fails_leaves_what_it_had_done(small):
    house = small(f"{TALKING}; exit 3")
    house.run("kickoff", "first.write")
    kept = said(house).kept
    bundle = house.root / "kept.bundle"
    bundle.write_bytes(house.store.blob(kept.sealed.bundle))
    subprocess.run(["git", "fetch", "-q", str(bundle), "refs/heads/sealed"], cwd=house.root / "repo", check=True, capture_output=True)
    shown = subprocess.run(["git", "show", f"{kept.sealed.commit}:notes/note.md"], cwd=house.root / "repo", check=True, capture_output=True)
    assert shown.stdout == b"a note\n"
    house.run("first.write")
    assert said(house).kept == kept, "a program without a conversation begins anew, and leaves the same again"


@pytest.mark.parametrize("left", ["ln -s /etc/passwd notes/link", "mkdir -p else && echo b > else/b", 'rm -rf "$PWD"'])
def test_what_may_not_be_sealed_is_not_kept_either(small, left):
    house = small(f"{TALKING}; {left}; exit 3")
    house.run("kickoff", "first.write")
    assert (said(house).kept, said(house).sealed) == (None, None)
    assert [refusal.rule for refusal in said(house).refusals]


def test_what_was_stopped_is_neither_kept_nor_attested(small, talker):
    talker.run = lambda request, stop: Outcome("stopped", None, (), 0, False, "", 0.1)
    house = small(TALKING)
    house.run("kickoff", "first.write")
    assert "nothing of it is attested" in house.failures["first.write"]
    assert "first/write" not in {name for name, found in house.record.statements.items() if found}


def test_a_judgement_is_signed_with_its_grade(small, talker):
    talker.fails, plain = 0, talker.run

    def run(request, stop):
        from dataclasses import replace

        return replace(plain(request, stop), judgement=Judgement("PASSED", "attested", "maria", "Looks good.", ("https://x.example/1",)))

    talker.run = run
    house = small(TALKING)
    house.run("kickoff", "first.write")
    judged = said(house).judgement
    assert (judged.verdict, judged.grade, judged.by, judged.references) == ("PASSED", "attested", "maria", ("https://x.example/1",))


def test_an_attempt_goes_on_in_another_process(small):
    """As a person's answer does: the place is found again with what lies in it, and made anew where another worker goes on."""
    from dag_factory.operators.place import remove

    house = small(TALKING)
    house.run("kickoff")
    operator = house.dag().get_task("first.write")
    ti = SimpleNamespace(
        dag_id="small", run_id=house.run_id, task_id="first.write", try_number=1, map_index=-1,
        xcom_pull=lambda task_ids, key="return_value": house.xcoms.get((task_ids, key)),
    )  # fmt: skip
    begun = operator._begun({"ti": ti})
    (begun.workspace / "notes").mkdir()
    (begun.workspace / "notes/note.md").write_text("by hand\n")
    found = house.dag().get_task("first.write")._begun({"ti": ti}, again=True)
    assert (found.root, found.base) == (begun.root, begun.base)
    assert (found.workspace / "notes/note.md").read_text() == "by hand\n"
    remove(begun.root)
    other = house.dag().get_task("first.write")
    anew = other._begun({"ti": ti}, again=True)
    assert not (anew.workspace / "notes").exists()
    (anew.workspace / "notes").mkdir()
    (anew.workspace / "notes/note.md").write_text("elsewhere\n")
    (anew.root / "log.txt").write_text("")
    assert other._delivered(anew, Outcome("exited", 0, ("login:maria",), 0, False, "", 1.0)) is None
    assert said(house).principals == ("login:maria",)
    assert house.store.blob(said(house).evidence[0].digest) == b"elsewhere\n"


def test_a_conversation_is_kept_whole_and_leads_nowhere_else(tmp_path):
    run = Store(tmp_path / "store").run("a", "b")
    folder = tmp_path / "memory"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/one.jsonl").write_text("words\n")
    (folder / "link").symlink_to("/etc/passwd")
    digest = keep_memory(run, folder)
    lay_memory(run, digest, tmp_path / "laid")
    assert [path.relative_to(tmp_path / "laid").as_posix() for path in (tmp_path / "laid").rglob("*")] == ["deep", "deep/one.jsonl"]
    assert keep_memory(run, tmp_path / "nothing") is None


def test_a_conversation_with_a_setting_in_it_can_still_be_read(tmp_path):
    run, folder = Store(tmp_path / "store").run("a", "b"), tmp_path / "memory"
    folder.mkdir()
    turns = [{"n": 1.50}, {"type": "assistant", "isError": False, "text": "false or ü-secret-1"}]
    lines = [json.dumps(turn) for turn in turns]
    (folder / "talk.jsonl").write_text("\n".join([*lines, "is false", "[" * 100_000 + "false", ""]))
    (folder / "other").write_text("is false")
    digest = keep_memory(run, folder, ["false", "assistant", "ü-secret-1"])
    lay_memory(run, digest, tmp_path / "laid")
    first, second, third, fourth, last = (tmp_path / "laid/talk.jsonl").read_text().split("\n")
    assert (first, json.loads(second)) == (lines[0], {**turns[1], "text": "*** or ***"})
    assert (third, fourth[-4:], last) == ("is ***", "[***", "")
    assert (tmp_path / "laid/other").read_text() == "is ***"


@pytest.mark.parametrize("name", ["../out", "/tmp/out"])
def test_a_conversation_from_elsewhere_is_refused(tmp_path, name):
    import io
    import tarfile

    run, made = Store(tmp_path / "store").run("a", "b"), io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        archive.addfile(entry, io.BytesIO())
    digest = run.put_bytes(made.getvalue())
    if name.startswith("/"):
        lay_memory(run, digest, tmp_path / "laid")
        assert (tmp_path / "laid/tmp/out").is_file(), "what is absolute is taken for what is below"
        return
    with pytest.raises(RunnerError, match="missing or was altered"):
        lay_memory(run, digest, tmp_path / "laid")
    with pytest.raises(RunnerError, match="missing or was altered"):
        lay_memory(run, "0" * 64, tmp_path / "laid")
