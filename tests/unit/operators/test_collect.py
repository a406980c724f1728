"""Checks are run by Phasegate and their end is told as it was; only plain files within a folder become evidence."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from dag_factory.errors import RunnerError
from dag_factory.evidence.contract import CheckContract, Item, TaskContract
from dag_factory.evidence.store import Store
from dag_factory.operators.collect import EXCERPT, Bench, collect, collect_file, keep_log, run_check
from dag_factory.runners import Limits, Outcome
from dag_factory.runners.bounds import why_not_offline
from dag_factory.runners.masking import Secrets

ITEMS = (
    Item(id="note", kind="file", path="notes/note.md"),
    Item(id="read", kind="file", report="read.txt"),
    Item(id="ran", kind="command", check="unit"),
)


@pytest.fixture
def run(tmp_path):
    return Store(tmp_path / "store").run("dag", "run")


@pytest.fixture
def task():
    return TaskContract(id="build/one", phase="build", task="one", persona="writer", duty="writing", runner="command", items=ITEMS)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "folder"
    (made / "notes").mkdir(parents=True)
    (made / "notes" / "note.md").write_text("a note\n", encoding="utf-8")
    return made


@pytest.fixture
def lines():
    return []


@pytest.fixture
def bench(run, tmp_path, lines):
    for name in ("inputs", "home", "spec", "clean", "report"):
        (tmp_path / name).mkdir()
    (tmp_path / "task.json").write_text("{}", encoding="utf-8")
    return Bench(
        run, tmp_path / "inputs", tmp_path / "home", tmp_path / "task.json", tmp_path / "spec", {}, lines.append, threading.Event()
    )


@pytest.fixture
def check(bench, task, tmp_path):
    """Runs a command as a check."""

    def ran(command, timeout=30):
        asked = CheckContract(name="unit", run=command, timeout=timeout)
        return run_check(bench, task, asked, workspace=tmp_path / "clean", evidence=tmp_path / "report")

    return ran


# How a check ended.


@pytest.mark.parametrize(
    ("command", "code"), [("true", 0), ("exit 3", 3), ("exit 255", 255), (("sh", "-c", "exit 4"), 4), ("kill -9 $$", 137)]
)
def test_a_check_that_ended_by_itself_is_told_by_its_exit_code(check, command, code):
    result = check(command)
    assert (result.task, result.name, result.exit_code) == ("build/one", "unit", code)


def test_a_check_that_ended_well_says_no_more(check, run, bench, lines):
    result = check("echo out; echo err >&2")
    assert (result.exit_code, result.ended, result.excerpt) == (0, "exited", "out\nerr")
    assert run.blob(result.log) == b"out\nerr\n"
    assert lines == ["Check unit: echo out; echo err >&2", "out", "err"]
    assert 0 <= float(result.seconds) < 30


def test_a_check_that_ran_out_of_time_has_no_exit_code(check):
    result = check("echo begun; exec sleep 60", timeout=1)
    assert result.exit_code is None
    assert result.ended.startswith("Still running after 1 s")
    assert result.excerpt == "begun"


def test_a_check_whose_program_is_missing_has_no_exit_code(check, run):
    result = check(("no-such-program", "x"))
    assert result.exit_code is None
    assert "'no-such-program' is not on the worker's PATH" in result.ended
    assert run.blob(result.log) == b""


def test_a_check_that_was_stopped_is_never_told(check, bench):
    threading.Timer(0.5, bench.stop.set).start()
    with pytest.raises(RunnerError, match="The work was stopped; nothing of it is attested"):
        check("exec sleep 60")


def test_what_was_killed_is_refused_even_if_it_ended_well_in_that_moment(bench):
    ended = Outcome("exited", 0, (), 0, False, "", 0.1)
    bench.stopped(ended)
    bench.stop.set()
    with pytest.raises(RunnerError):
        bench.stopped(ended)


def test_of_a_flood_the_end_is_kept(check, run):
    result = check("yes phasegate | head -c 100000; printf last")
    assert len(result.excerpt) <= EXCERPT
    assert result.excerpt.endswith("last")
    assert len(run.blob(result.log)) == 100_004


def test_a_check_works_in_the_checkout_with_what_it_was_given(check, tmp_path):
    result = check('pwd; echo "$PHASEGATE_INPUTS $PHASEGATE_TASK"; echo report > "$PHASEGATE_EVIDENCE/read.txt"')
    assert result.excerpt.split() == [str(tmp_path / name) for name in ("clean", "inputs", "task.json")]
    assert (tmp_path / "report" / "read.txt").read_text(encoding="utf-8") == "report\n"


def test_a_request_carries_everything_and_the_default_limits(bench, tmp_path):
    asked = bench.request({"check": "true"}, workspace=tmp_path / "clean", evidence=tmp_path / "report", timeout=5, log=tmp_path / "log")
    assert (asked.work, asked.timeout, asked.limits) == ({"check": "true"}, 5, Limits())
    assert (asked.inputs, asked.home, asked.spec_dir) == (bench.inputs, bench.home, bench.spec_dir)


def test_no_log_is_an_empty_log(run, tmp_path):
    assert keep_log(run, tmp_path / "none") == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("put", ["mkfifo $0", "mkdir $0", "ln -s /etc/hostname $0"])
def test_a_log_that_the_program_replaced_is_not_kept_and_not_waited_for(check, tmp_path, put):
    log = tmp_path / "report.log"
    with pytest.raises(RunnerError, match=r"The log report\.log was replaced by what is no plain file"):
        check(("sh", "-c", f"rm $0 && {put}", str(log)))


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("victim")], ids=["pipe", "folder", "link"])
def test_what_was_left_where_the_log_belongs_is_refused_and_not_written_to(check, tmp_path, make):
    (tmp_path / "victim").write_text("mine", encoding="utf-8")
    make(tmp_path / "report.log")
    with pytest.raises(RunnerError, match="The log of the program cannot be written to"):
        check("echo out")
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "mine"


def test_a_log_of_an_earlier_check_is_replaced(check, run, tmp_path):
    (tmp_path / "report.log").write_text("a longer text than the new one", encoding="utf-8")
    assert run.blob(check("echo out").log) == b"out\n"


# What is collected.


def gather(run, task, folder, *, reports=False, grade="observed"):
    return collect(run, task, folder=folder, reports=reports, grade=grade, items=task.items)


def test_a_file_is_collected_by_digest_with_its_grade(run, task, folder):
    [entry], refusals = gather(run, task, folder)
    assert refusals == []
    assert (entry.task, entry.item, entry.name, entry.size, entry.grade) == ("build/one", "note", "notes/note.md", 7, "observed")
    assert run.blob(entry.digest) == b"a note\n"


def test_reports_are_looked_for_where_reports_belong(run, task, folder):
    (folder / "read.txt").write_bytes(b"")
    [entry], _ = gather(run, task, folder, reports=True, grade="re-executed")
    assert (entry.item, entry.size, entry.grade) == ("read", 0, "re-executed")


def test_what_is_missing_is_for_the_gate_to_say(run, task, folder):
    (folder / "notes" / "note.md").unlink()
    assert gather(run, task, folder) == ([], [])
    assert gather(run, task, folder / "nowhere") == ([], [])


def as_link(path):
    path.symlink_to("/etc/hostname")


def as_own_copy(path):
    (path.parent / "same").write_text("a note\n", encoding="utf-8")
    path.symlink_to("same")


def as_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path is short
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


HOSTILE = {
    "link": (as_link, "it is a symbolic link"),
    "link to identical bytes": (as_own_copy, "it is a symbolic link"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "it is a symbolic link"),
    "link to itself": (lambda path: path.symlink_to(path.name), "it is a symbolic link"),
    "pipe": (os.mkfifo, "it is a folder, a pipe or a device"),
    "folder": (Path.mkdir, "Is a directory"),
    "socket": (as_socket, ""),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_what_is_no_plain_file_is_refused_at_once_and_nothing_is_kept(run, task, folder, how):
    make, why = HOSTILE[how]
    path = folder / "notes" / "note.md"
    path.unlink()
    make(path)
    began, open_before = time.monotonic(), open_files()
    entries, [refusal] = gather(run, task, folder)
    assert time.monotonic() - began < 1
    assert open_files() == open_before
    assert entries == []
    assert (refusal.rule, refusal.path) == ("evidence-no-file", "notes/note.md")
    assert refusal.text.startswith(f"notes/note.md is no plain file that can be read: {why}")
    assert run.names("blobs") == []


@pytest.mark.parametrize("linked", ["notes", "."])
def test_a_file_below_a_linked_folder_is_refused(run, task, folder, linked, tmp_path):
    (folder / linked).rename(tmp_path / "elsewhere")
    (folder / linked if linked != "." else folder).symlink_to(tmp_path / "elsewhere")
    entries, [refusal] = gather(run, task, folder)
    assert entries == []
    assert "symbolic link" in refusal.text


def test_one_refusal_does_not_hide_the_others(run, folder):
    (folder / "bad").symlink_to("notes/note.md")
    items = [Item(id="bad", kind="file", path="bad"), ITEMS[0]]
    task = TaskContract(id="build/one", phase="build", task="one", persona="w", duty="d", runner="command", items=tuple(items))
    entries, refusals = gather(run, task, folder)
    assert ([entry.item for entry in entries], [refusal.path for refusal in refusals]) == (["note"], ["bad"])


@pytest.mark.parametrize("name", ["../secret", "notes/../../secret", "{there}/secret"])
def test_no_name_leads_out_of_the_folder(run, folder, tmp_path, name):
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    with pytest.raises(OSError, match="it leads out of the folder"):
        collect_file(run, "build/one", "note", name.format(there=tmp_path), folder, "observed")
    assert run.names("blobs") == []


@pytest.mark.parametrize("name", ["", "."])
def test_the_folder_itself_is_no_file(run, folder, name):
    with pytest.raises(OSError, match="Is a directory"):
        collect_file(run, "build/one", "note", name, folder, "observed")


@pytest.mark.parametrize("name", ["n\0te", "notes/note.md/below"])
def test_a_name_no_file_can_have_is_missing(run, folder, name):
    assert collect_file(run, "build/one", "note", name, folder, "observed") is None


def test_a_name_that_is_too_long_is_refused(run, folder):
    with pytest.raises(OSError, match="File name too long"):
        collect_file(run, "build/one", "note", "x" * 300, folder, "observed")


# Secrets.


SECRET = "tango-tango/whiskey"


def test_a_check_tells_its_secrets_to_nobody(check, bench, run, lines):
    from dataclasses import replace

    object.__setattr__(bench, "secrets", replace(bench.secrets, masked=(SECRET,)))
    result = check(f"printf tango-tan; sleep 0.3; printf '%s\n' go/whiskey; echo {SECRET} >&2; exit 1")
    assert result.excerpt == "***\n***"
    assert run.blob(result.log) == b"***\n***\n"
    assert not [line for line in lines if SECRET in line and not line.startswith("Check unit: ")]


@pytest.mark.parametrize("before", [0, (1 << 20) - 5, (1 << 20) + 7])
def test_a_file_that_tells_a_secret_is_not_kept(run, task, folder, before):
    (folder / "notes" / "note.md").write_bytes(b"x" * before + SECRET.encode() + b"\n")
    entries, refusals = collect(
        run, task, folder=folder, reports=False, grade="observed", items=task.items, secrets=Secrets((SECRET,), (SECRET,))
    )
    assert entries == []
    assert [(refusal.rule, refusal.path) for refusal in refusals] == [("secret-in-evidence", "notes/note.md")]
    assert SECRET not in refusals[0].text
    assert not list(run.path.rglob("blobs/??/*"))


@pytest.mark.parametrize("secrets", [Secrets((SECRET,), ()), Secrets(("a note",), ("a note",)), Secrets((SECRET,), (SECRET,))])
def test_what_is_no_secret_or_too_short_or_not_there_is_kept(run, task, folder, secrets):
    [entry], refusals = collect(run, task, folder=folder, reports=False, grade="observed", items=task.items, secrets=secrets)
    assert (run.blob(entry.digest), refusals) == (b"a note\n", [])


# What was open to it.


@pytest.mark.parametrize("network", [False, True])
def test_a_check_says_whether_it_could_reach_the_network(bench, task, tmp_path, network):
    asked = CheckContract(name="unit", run="tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '", network=network)
    result = run_check(bench, task, asked, workspace=tmp_path / "clean", evidence=tmp_path / "report")
    if network:
        assert (result.network, result.why_open) == ("open", "it may reach it")
    elif why_not_offline():
        assert (result.network, result.why_open) == ("open", why_not_offline())
    else:
        assert (result.network, result.why_open, result.excerpt) == ("none", "", "lo")


def test_a_check_that_takes_too_much_has_no_exit_code(bench, task, tmp_path):
    asked = CheckContract(name="unit", run="while :; do sleep 60 & done", processes=30)
    result = run_check(bench, task, asked, workspace=tmp_path / "clean", evidence=tmp_path / "report")
    assert result.exit_code is None
    assert "processes at once, and 30 are allowed" in result.ended
