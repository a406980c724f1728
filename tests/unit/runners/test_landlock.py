"""Who is kept in writes to its own folders and to what everybody shares, and nowhere else; nor do its children, and nor does root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.elsewhere import folder_elsewhere

from dag_factory.runners import confinement, landlock, warden
from dag_factory.runners.base import Bounds
from dag_factory.runners.confinement import Confinement, confine, why_not_kept_in

ANYWHERE = Bounds(outside=("/",))
needs_landlock = pytest.mark.skipif(bool(why_not_kept_in()), reason=f"this machine does not allow it: {why_not_kept_in()}")
needs_scopes = pytest.mark.skipif(
    bool(why_not_kept_in()) or landlock.version() < 6, reason="signals are kept in by Landlock 6 (Linux 6.12) and newer"
)


@pytest.fixture
def elsewhere():
    with folder_elsewhere() as folder:
        yield folder


def facts(folder: Path) -> dict[str, tuple[int, str]]:
    return {path.name: (path.lstat().st_mode, path.read_text() if path.is_file() else "") for path in [folder, *sorted(folder.rglob("*"))]}


WAYS = {
    "make a file": "echo x > E/new",
    "change a file": "echo x >> E/kept",
    "empty a file": "truncate -s 0 E/kept",
    "remove a file": "rm -f E/kept",
    "remove a folder": "rmdir E/inner",
    "make a folder": "mkdir E/new",
    "make a link": "ln -s /nowhere E/new",
    "make a pipe": "mkfifo E/new",
    "rename a file": "mv E/kept E/new",
    "take a file away": "mv E/kept taken",
    "give it a second name": "ln E/kept second && echo x >> second",
    "put a file there": "echo x > made; mv made E/new",
    "replace a file": "echo x > made; mv made E/kept",
    "by a link of its own": "ln -s E/kept mine; echo x > mine",
    "by a folder of its own": "ln -s E mine; echo x > mine/new",
    "as a child's child": "sh -c 'sh -c \"echo x > E/new\"'",
    "as a daemon": "setsid sh -c 'echo x > E/new; echo $? > told' & while ! test -s told; do sleep 0.05; done; exit $(cat told)",
}


@needs_landlock
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_written_elsewhere(bench, elsewhere, way):
    before = facts(elsewhere)
    outcome = bench.run("sh", "-c", WAYS[way].replace("E", str(elsewhere)))
    assert outcome.exit_code
    assert (outcome.kept_in, outcome.why_loose) == (True, "")
    assert facts(elsewhere) == before


@needs_landlock
def test_a_program_that_calls_the_kernel_itself_is_refused_too(bench, elsewhere):
    script = f"import os\nfor tried in (lambda: os.truncate({str(elsewhere / 'kept')!r}, 0), lambda: os.open({str(elsewhere)!r}, os.O_TMPFILE | os.O_RDWR)):\n"
    script += "    try:\n        tried()\n    except PermissionError:\n        print('refused')\n"
    assert bench.run(sys.executable, "-c", script).excerpt == "refused\nrefused"


@needs_landlock
def test_who_was_denied_something_is_told_where_it_may_write(bench, elsewhere):
    outcome = bench.run("sh", "-c", f"echo x > {elsewhere}/new")
    assert str(elsewhere) in outcome.excerpt
    assert "`outside:`" in outcome.reason
    assert bench.run("sh", "-c", f"echo x > {elsewhere}/new; true").reason == ""


@needs_landlock
def test_its_own_folders_and_what_everybody_shares_are_open(bench, tmp_path_factory):
    own, home = bench.root / "own", tmp_path_factory.mktemp("home")
    own.mkdir()
    script = (
        "mkdir -p a/b && echo x > a/b/one && mv a/b/one two && ln two three && mkfifo pipe && rm pipe && "
        'echo x > "$HOME/file" && mv "$HOME/file" "$OWN/file" && echo x > /dev/null && echo x > /dev/stdout && '
        "scratch=$(mktemp) && echo x > $scratch && rm $scratch && echo 10 > /proc/self/oom_score_adj"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "OWN": str(own)}
    outcome = bench.run("sh", "-c", script, environment=environment, folders=[own])
    assert (outcome.exit_code, outcome.kept_in) == (0, True), outcome.excerpt


@needs_landlock
def test_other_files_are_read_as_ever(bench, elsewhere):
    assert bench.run("cat", str(elsewhere / "kept")).excerpt == "as it was"


@needs_landlock
@pytest.mark.parametrize("network", [True, False])
def test_with_and_without_the_network(bench, elsewhere, network):
    before = facts(elsewhere)
    assert bench.run("sh", "-c", f"echo x > {elsewhere}/new", bounds=Bounds(network=network)).exit_code
    assert bench.run("sh", "-c", "echo x > new", bounds=Bounds(network=network)).exit_code == 0
    assert facts(elsewhere) == before


@needs_landlock
def test_a_folder_that_is_named_is_open_and_its_neighbours_are_not(bench, elsewhere):
    named = Bounds(outside=(str(elsewhere / "inner"), "/not/there"))
    outcome = bench.run("sh", "-c", f"echo x > {elsewhere}/inner/new", bounds=named)
    assert (outcome.exit_code, outcome.kept_in) == (0, True)
    assert bench.run("sh", "-c", f"echo x > {elsewhere}/new", bounds=named).exit_code
    assert sorted(path.name for path in elsewhere.iterdir()) == ["inner", "kept"]


def test_who_may_write_anywhere_does(bench, elsewhere):
    outcome = bench.run("sh", "-c", f"echo x > {elsewhere}/new", bounds=ANYWHERE)
    assert (outcome.exit_code, outcome.kept_in, outcome.why_loose) == (0, False, "it may write anywhere")


@needs_landlock
def test_it_looks_into_no_process_but_its_own(bench):
    with subprocess.Popen(["sleep", "60"], env={"CANARY": "tango"}) as other:
        try:
            memory, environ = f"exec 3< /proc/{other.pid}/mem && echo open", f"/proc/{other.pid}/environ"
            assert bench.run("sh", "-c", memory, bounds=ANYWHERE).excerpt == "open"
            assert "tango" in bench.run("cat", environ, bounds=ANYWHERE).excerpt
            assert bench.run("sh", "-c", memory).exit_code
            if os.geteuid() != 0:  # root has CAP_PERFMON, which reads environments
                assert "tango" not in bench.run("cat", environ).excerpt
            assert bench.run("sh", "-c", "sleep 60 & exec 3< /proc/$!/mem && echo open; kill $!").excerpt == "open"
        finally:
            other.kill()


@needs_scopes
def test_it_ends_nobody_but_its_own(bench, runs):
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            assert bench.run("sh", "-c", f"kill -KILL {other.pid} || kill -KILL $PPID").exit_code == 1
            assert other.poll() is None
        finally:
            other.kill()
    assert bench.run("sh", "-c", "sleep 600 & kill $!; wait $!; exit 7").exit_code == 7


@needs_landlock
def test_it_is_ended_as_ever(bench, runs):
    outcome = bench.run("sh", "-c", "trap '' TERM; setsid sleep 600 & echo $! > child; sleep 600", timeout=1)
    assert outcome.ended == "timed-out"
    assert not runs(bench.pid_in("child"))


# Where it cannot be had.


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (OSError(38, "Function not implemented"), "this kernel has no Landlock: Function not implemented"),
        (2, "of version 2, and 3 is needed"),
    ],
)
def test_a_kernel_that_cannot_says_why(monkeypatch, answer, why):
    def version():
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(confinement.landlock, "version", version)
    why_not_kept_in.cache_clear()
    try:
        assert why in why_not_kept_in()
    finally:
        why_not_kept_in.cache_clear()


def test_only_linux_has_it(monkeypatch):
    monkeypatch.setattr(landlock.sys, "platform", "darwin")
    with pytest.raises(OSError, match="only Linux"):
        landlock.version()


def test_who_cannot_be_kept_in_works_all_the_same_and_it_is_told(bench, monkeypatch):
    monkeypatch.setattr(confinement, "why_not_kept_in", lambda: "this kernel has no Landlock")
    outcome = bench.run("true")
    assert (outcome.exit_code, outcome.kept_in, outcome.why_loose) == (0, False, "this kernel has no Landlock")
    assert bench.lines == ["It may write wherever its user may: this kernel has no Landlock."]


def test_where_the_kernel_refuses_after_all_nothing_is_started(bench, tmp_path, monkeypatch):
    shutil.copy(warden.__file__, tmp_path / "warden.py")
    (tmp_path / "landlock.py").write_text("def keep_in(folders, hidden):\n    raise OSError(1, 'Operation not permitted')\n")
    monkeypatch.setattr(warden, "__file__", str(tmp_path / "warden.py"))
    monkeypatch.setattr(confinement, "why_not_kept_in", str)
    outcome = bench.run("touch", "made")
    assert outcome.exit_code == 126
    assert "cannot be kept in its folders: Operation not permitted" in outcome.excerpt
    assert not (bench.workspace / "made").exists()


@pytest.fixture
def able(monkeypatch):
    monkeypatch.setattr(confinement, "why_not_kept_in", str)


@pytest.mark.usefixtures("able")
def test_the_folders_are_whole_paths_each_once(monkeypatch):
    monkeypatch.chdir("/usr")
    assert confine(Bounds(), ["/a", "b", Path("/a"), "/a/"], []).options == ("--write=/a", "--write=/usr/b")


@pytest.mark.usefixtures("able")
@pytest.mark.parametrize("folder", ["/", "//", "/.", "/usr/..", "LINK"])
def test_who_may_write_to_the_top_may_write_anywhere(tmp_path, folder):
    (tmp_path / "top").symlink_to("/")
    assert confine(Bounds(), ["/a", folder.replace("LINK", str(tmp_path / "top"))], []) == Confinement(why_loose="it may write anywhere")


@pytest.mark.usefixtures("able")
def test_a_folder_that_is_named_and_not_there_is_told():
    [remark] = confine(Bounds(outside=("/not/there", "/usr")), ["/a"], []).remarks
    assert remark.startswith("/not/there is not there")


@pytest.mark.usefixtures("able")
def test_what_lies_in_a_folder_that_it_may_write_to_is_told():
    """As where somebody gives it a HOME that holds Airflow's."""
    kept = confine(Bounds(), ["/a", "/srv/home"], [Path("/srv/home/airflow/keys"), Path("/srv/other")])
    assert kept.options == ("--write=/a", "--write=/srv/home", "--hide=/srv/other")
    assert kept.remarks == (
        "/srv/home/airflow/keys is open to it: it lies in /srv/home, to which it may write. Keep one of them elsewhere.",
    )


@needs_landlock
@pytest.mark.skipif(os.geteuid() != 0, reason="asks what root may")
def test_root_writes_to_no_disk_and_to_no_setting_of_the_kernel(bench):
    script = "echo x > /dev/null && mknod made c 1 3 || (: > /proc/sys/kernel/core_pattern) || echo refused"
    outcome = bench.run("sh", "-c", script)
    assert outcome.excerpt.endswith("refused")
    assert not (bench.workspace / "made").exists()


def test_a_folder_that_cannot_be_listed_is_named(monkeypatch):
    def refuse(folder: str) -> None:
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr(landlock.os, "scandir", refuse)
    with pytest.raises(OSError, match="/srv holds something that is hidden, and cannot be listed"):
        list(landlock._beside("/srv", [["keys"]]))
