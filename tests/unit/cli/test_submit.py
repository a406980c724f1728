"""`phasegate submit`: evidence from outside, and every reason to refuse it."""

from __future__ import annotations

import os
import shlex
import shutil

import pytest
import typer
from support.contents import document
from support.orders import EXTERNAL
from support.runs import honest, place, rules
from typer.testing import CliRunner

from dag_factory.cli.status import status
from dag_factory.cli.submit import submit
from dag_factory.errors import EvidenceError, KeyFolderError, PhasegateError, StoreError
from dag_factory.evidence.handing import submit_command

APP = typer.Typer()
APP.command()(submit)
STATUS = typer.Typer()
STATUS.command()(status)
TASK = "foundation/ux-designer"
FOLDER = f"statements/{TASK}"
UX = document("User flows", "Wireframes", "Experience")


@pytest.fixture
def run(tmp_path):
    """A run whose designer is external; everyone else has delivered, and the designer was asked."""
    run = honest(tmp_path, text=EXTERNAL)
    run.work("foundation", without=(TASK,))
    run.store.create(f"{run.record.charter.digest[:16]}/assignments/{TASK}.json", b"{}")
    (tmp_path / "UX.md").write_bytes(UX)
    return run


def ask(run, *more, task=TASK, file=None, keys=None, by=("--by", "maria")):
    files = ["--file", f"ux={run.tmp_path / 'UX.md'}"] if file is None else [part for one in file for part in ("-f", one)]
    return CliRunner().invoke(APP, [str(run.store.path), task, *files, "--keys", str(keys or run.keys.path), *by, *more])


def refused(run, result, error=EvidenceError):
    assert isinstance(result.exception, error), (result.output, result.exception)
    assert result.exit_code == 1
    assert place(run, FOLDER).exists() is False, "nothing was signed"
    assert result.exception.remedy, "it says what to do next"
    return str(result.exception)


def test_what_was_submitted_passes_the_gate(run):
    assert run.judge("foundation", may_wait=True).word == "INCONCLUSIVE"
    result = ask(run)
    assert result.exit_code == 0, result.exception
    assert result.output == f"Submitted {TASK} as 0001.json: 1 file, signed by @ux-designer.\n"
    stored = run.record.newest(TASK)
    assert stored.keyid == run.record.keyids["ux-designer"]
    assert stored.says.principals == ("login:maria",)
    assert stored.says.runner == "external"
    assert [(entry.item, entry.name, entry.size, entry.grade) for entry in stored.says.evidence] == [("ux", "UX.md", len(UX), "observed")]
    assert run.store.blob(stored.says.evidence[0].digest) == UX
    run.converge("foundation")
    assert run.judge("foundation", may_wait=True).word == "PASSED"


def test_whoever_submits_has_a_name(run):
    result = ask(run, by=())
    assert result.exit_code == 2
    assert "--by" in result.output
    assert place(run, FOLDER).exists() is False


@pytest.mark.parametrize("by", ["", " ", "\u200b", "\u2800", "login:", "-", "ma\nria", "\x00maria", "maria\udcff"])
def test_it_is_a_name_that_can_be_read(run, by):
    """The gate would take it for nobody's, or show it as another."""
    assert "Nobody is said to have done the work" in refused(run, ask(run, by=("--by", by)))


def test_a_login_that_is_copied_from_a_statement_is_the_same_login(run):
    assert ask(run, by=("--by", " login:m\u00e1ria ")).exit_code == 0
    assert run.record.newest(TASK).says.principals == ("login:m\u00e1ria",)


def test_evidence_that_nobody_brought_is_a_finding(run):
    run.deliver(TASK, runner="external", principals=())
    run.converge("foundation")
    assert rules(run.judge("foundation")) == {"principal-missing"}


def test_keys_are_looked_for_below_the_home_of_airflow(run, monkeypatch, tmp_path):
    shutil.copytree(run.keys.path, tmp_path / "home" / "phasegate" / "keys")
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    result = CliRunner().invoke(APP, [str(run.store.path), TASK, "-f", f"ux={tmp_path / 'UX.md'}", "--by", "maria"])
    assert result.exit_code == 0


def test_by_the_name_of_the_run(run, tmp_path):
    files = ["-f", f"ux={tmp_path / 'UX.md'}", "--keys", str(run.keys.path)]
    assert (
        CliRunner().invoke(APP, ["orders_mart/manual__1", TASK, "--root", str(tmp_path / "evidence"), "--by", "maria", *files]).exit_code
        == 0
    )


def test_evidence_that_is_not_good_is_kept_and_the_gate_says_so(run, tmp_path):
    (tmp_path / "UX.md").write_bytes(b"# Nothing\n")
    assert ask(run, "--as-is").exit_code == 0
    run.converge("foundation")
    assert "evidence-malformed" in rules(run.judge("foundation"))


def test_submitted_twice_before_the_gate_looked_the_newest_counts(run, tmp_path):
    (tmp_path / "UX.md").write_bytes(b"# Nothing\n")
    assert ask(run, "--as-is").exit_code == 0
    (tmp_path / "UX.md").write_bytes(UX)
    assert "as 0002.json" in ask(run).output
    assert run.record.newest(TASK).says.binding.attempt == 2
    run.converge("foundation")
    assert run.judge("foundation").word == "PASSED"


def test_submitted_again_after_the_gate_failed(run, tmp_path):
    (tmp_path / "UX.md").write_bytes(b"# Nothing\n")
    ask(run)
    run.converge("foundation")
    assert run.answer("foundation").word == "FAILED"
    (tmp_path / "UX.md").write_bytes(UX)
    result = ask(run)
    assert result.exit_code == 0
    assert "has answered FAILED before; clear it in Airflow and it looks again." in result.output
    assert "Fix cycle 1 may begin by itself and ask for it anew" in result.output
    assert run.answer("foundation").word == "PASSED"


def test_two_who_submit_at_once_get_different_attempts(run, monkeypatch):
    names = type(run.store).names
    assert ask(run).exit_code == 0
    monkeypatch.setattr(type(run.store), "names", lambda self, folder: [] if folder.endswith(FOLDER) else names(self, folder))
    result = ask(run)
    monkeypatch.undo()
    assert "as 0002.json" in result.output
    assert [stored.says.binding.attempt for stored in run.record.statements[TASK]] == [1, 2]


def test_after_the_gate_passed_nothing_more_is_taken(run):
    assert ask(run).exit_code == 0
    run.converge("foundation")
    assert run.answer("foundation").word == "PASSED"
    result = ask(run)
    assert isinstance(result.exception, EvidenceError)
    assert "The gate of phase foundation has answered already: PASSED." in str(result.exception)
    assert not place(run, FOLDER, 2).exists()


@pytest.mark.parametrize("task", ["foundation/nobody", "ux-designer", "", "foundation", f"{TASK}/ux", "../ux-designer"])
def test_a_task_that_is_not_there(run, task):
    assert f"External tasks of this run: {TASK}." in refused(run, ask(run, task=task))


def test_a_task_that_is_not_external(run):
    text = refused(run, ask(run, task="foundation/architect", file=[f"architecture={run.tmp_path / 'UX.md'}"]))
    assert "foundation/architect is no external task of this run" in text


def test_a_run_without_external_tasks(tmp_path):
    run = honest(tmp_path)
    (tmp_path / "UX.md").write_bytes(UX)
    assert "External tasks of this run: none." in refused(run, ask(run))


def test_a_task_that_is_not_asked_for_yet(run):
    (run.store.path / run.record.charter.digest[:16] / "assignments" / f"{TASK}.json").unlink()
    assert "is not asked for yet" in refused(run, ask(run))


def test_what_an_earlier_charter_asked_for_is_not_asked_for_any_more(run):
    run.kickoff(previous=run.record.charter.digest)
    assert "is not asked for yet" in refused(run, ask(run))


@pytest.mark.parametrize("text", ["ux", "ux=", "=UX.md", "UX.md", "", "UX=UX.md", "u x=UX.md", "architecture=UX.md"])
def test_what_is_not_an_item_and_a_path(run, monkeypatch, text):
    monkeypatch.chdir(run.tmp_path)
    assert "is not item=PATH" in refused(run, ask(run, file=[text]))
    assert "It owes ux." in refused(run, ask(run, file=[text]))


def test_a_path_may_have_an_equals_sign(run):
    (run.tmp_path / "UX.md").rename(run.tmp_path / "a=b.md")
    assert ask(run, file=[f"ux={run.tmp_path / 'a=b.md'}"]).exit_code == 0


def test_two_files_for_one_item(run):
    assert "UX.md is given twice" in refused(run, ask(run, file=[f"ux={run.tmp_path / 'UX.md'}"] * 2))


def test_no_file_at_all(run):
    result = ask(run, file=[])
    assert result.exit_code == 2
    assert not place(run, FOLDER).exists()


def test_an_item_that_is_missing(tmp_path):
    more = "phases: {foundation: {tasks: {ux-designer: {evidence: {sketch: {path: SKETCH.md, kind: file}}}}}}\n"
    run = honest(tmp_path, text=EXTERNAL + more)
    run.store.create(f"{run.record.charter.digest[:16]}/assignments/{TASK}.json", b"{}")
    (tmp_path / "UX.md").write_bytes(UX)
    result = ask(run, file=[f"ux={tmp_path / 'UX.md'}"])
    assert isinstance(result.exception, EvidenceError)
    assert f"{TASK} owes more: sketch" in str(result.exception)
    assert run.record.newest(TASK) is None


KINDS = {
    "missing": lambda path, other: None,
    "a folder": lambda path, other: path.mkdir(),
    "a link to the same bytes": lambda path, other: path.symlink_to(other),
    "a link to nothing": lambda path, other: path.symlink_to("/nowhere"),
    "a pipe": lambda path, other: os.mkfifo(path),
    "a device": lambda path, other: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_only_plain_files_are_evidence(run, kind):
    path = run.tmp_path / "it"
    KINDS[kind](path, run.tmp_path / "UX.md")
    assert "it is no file. Give a plain file." in refused(run, ask(run, file=[f"ux={path}"]))


def test_keys_that_are_not_those_of_the_run(run, tmp_path):
    other = type(run.keys)(tmp_path / "other")
    other.signer("ux-designer", make=True)
    text = refused(run, ask(run, keys=other.path), PhasegateError)
    assert "The key of ux-designer in" in text
    assert "Name the right folder with --keys." in text


def test_the_key_of_another_persona_under_its_name(run):
    shutil.copy(run.keys.path / "architect.pem", run.keys.path / "ux-designer.pem")
    assert "is not the one of this run" in refused(run, ask(run), PhasegateError)


def test_no_keys_at_all_and_none_are_made(run, tmp_path):
    assert "There is no key for ux-designer" in refused(run, ask(run, keys=tmp_path / "none"), KeyFolderError)
    assert not (tmp_path / "none").exists()


def test_a_broken_key(run):
    (run.keys.path / "ux-designer.pem").write_text("broken")
    assert "cannot be read" in refused(run, ask(run), KeyFolderError)


def test_a_run_that_is_not_there(tmp_path):
    result = CliRunner().invoke(APP, ["orders_mart/manual__1", TASK, "-f", "ux=x", "--root", str(tmp_path), "--by", "maria"])
    assert isinstance(result.exception, StoreError)


def test_a_malformed_file_is_refused_in_the_finding_s_words_unless_it_is_wanted_as_it_is(run):
    (run.tmp_path / "UX.md").write_bytes(document("User flows", "Wireframes"))
    says = refused(run, ask(run))
    assert "ux: " in says
    assert "Experience" in says
    assert "--as-is" in says
    assert ask(run, "--as-is").exit_code == 0
    run.converge("foundation")
    [finding] = run.judge("foundation", may_wait=True).findings
    assert finding.text in says


@pytest.mark.parametrize("data", [b"", b" \n", b"<!-- to do -->\n"])
def test_a_file_with_nothing_in_it_is_refused_as_the_gate_would(run, data):
    (run.tmp_path / "UX.md").write_bytes(data)
    assert "Nothing was signed, for the gate would refuse it. ux: UX.md: " in refused(run, ask(run))
    assert ask(run, "--as-is").exit_code == 0
    run.converge("foundation")
    assert rules(run.judge("foundation", may_wait=True)) == {"evidence-missing"}


def test_the_command_that_is_told_is_the_one_that_is_taken(run):
    command = submit_command(str(run.store.path), run.record.contract.tasks[TASK])
    assert command.startswith(f"phasegate submit {run.store.path} {TASK} -f ux=PATH_OF_UX.md --by LOGIN")
    told = CliRunner().invoke(STATUS, [str(run.store.path)])
    assert command in " ".join(told.output.split())
    words = shlex.split(command.replace("PATH_OF_UX.md", str(run.tmp_path / "UX.md")).replace("LOGIN", "maria"))
    result = CliRunner().invoke(APP, [*words[2:], "--keys", str(run.keys.path)])
    assert result.exit_code == 0, result.exception
