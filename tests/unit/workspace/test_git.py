from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace import program as of_git
from dag_factory.workspace.git import git
from dag_factory.workspace.program import _program, found


def test_answers_are_code_bytes_and_words(main: Path) -> None:
    assert git("cat-file", "-p", "main:README.md", git_dir=main / ".git").out == b"read me\n"
    assert git("rev-parse", "--verify", "-q", "nothing", git_dir=main / ".git", ok=(0, 1)).code == 1
    assert "Not a valid object" in git("cat-file", "-p", "nothing", git_dir=main / ".git", ok=(128,)).err


def test_an_unexpected_code_tells_what_git_said(main: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"`git cat-file` ended with code 128.*Not a valid object") as raised:
        git("cat-file", "-p", "nothing", git_dir=main / ".git")
    assert raised.value.remedy


def test_nobodys_configuration_is_read(main: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = tmp_path / "home"
    person.mkdir()
    (person / ".gitconfig").write_text("[alias]\n\thello = !echo hello\n[user]\n\tname = me\n")
    monkeypatch.setenv("HOME", str(person))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(person))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'alias.hello=!echo hello'")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "alias.hello")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "!echo hello")
    assert git("hello", git_dir=main / ".git", ok=(1,)).out == b""
    assert git("config", "user.name", git_dir=main / ".git", ok=(1,)).out == b""
    assert git("rev-parse", "main", git_dir=main / ".git").text
    assert git("var", "GIT_COMMITTER_IDENT", git_dir=main / ".git").text.startswith("Phasegate <phasegate@localhost> ")


def test_the_repositorys_own_programs_do_not_run(main: Path, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\necho $0 >> {trace}\n")
    script.chmod(0o755)
    hooks = main / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("reference-transaction", "post-index-change", "post-checkout"):
        (hooks / hook).symlink_to(script)
    with (main / ".git/config").open("a") as file:
        file.write(f"[core]\n\tfsmonitor = {script}\n\thooksPath = {hooks}\n\tsshCommand = {script}\n")
        file.write(f'[filter "x"]\n\tclean = {script}\n\tsmudge = {script}\n')
    git("status", git_dir=main / ".git", work_tree=main)
    git("update-ref", "refs/heads/other", "main", git_dir=main / ".git")
    assert not trace.exists()


def test_input_may_come_in_pieces(main: Path) -> None:
    pieces = (piece for piece in (b"read ", b"me\n"))
    written = git("hash-object", "--stdin", git_dir=main / ".git", stdin=pieces).text
    assert written == git("rev-parse", "main:README.md", git_dir=main / ".git").text


def test_an_error_while_making_input_ends_git(main: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"read "
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        git("hash-object", "--stdin", git_dir=main / ".git", stdin=broken())


def test_git_that_reads_no_input_is_no_broken_pipe(main: Path) -> None:
    assert git("version", git_dir=main / ".git", stdin=[b"x" * 1_000_000] * 5).out.startswith(b"git version")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="cannot be started"):
        git("version", git_dir=None, cwd=tmp_path / "nothing")


def test_missing_git_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorkspaceError, match="not on PATH") as raised:
        git("version", git_dir=None)
    assert "2.38" in raised.value.remedy


@pytest.mark.parametrize(
    ("said", "fine"),
    [
        ("git version 2.37.9", False),
        ("git version 1.99.0", False),
        ("huh", False),
        ("git version 2.38.0", True),
        ("git version 3.0.1", True),
        ("git version 2.39.5 (Apple Git-154)", True),
        ("git version 2.55.GIT", True),
    ],
)
def test_versions(said: str, fine: bool, tmp_path: Path) -> None:
    program = tmp_path / "git"
    program.write_text(f"#!{os.path.realpath('/bin/sh')}\necho '{said}'\n")
    program.chmod(0o755)
    if fine:
        assert _program(str(tmp_path)) == str(program)
    else:
        with pytest.raises(WorkspaceError, match="version"):
            _program(str(tmp_path))


def pretending(folder: Path, does: str = "echo git version 2.40.0") -> Path:
    """A program that says it is git."""
    folder.mkdir()
    program = folder / "git"
    program.write_text(f"#!{os.path.realpath('/bin/sh')}\n{does}\n")
    program.chmod(0o755)
    return program


def test_a_git_that_was_moved_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pretending(tmp_path / "first")
    monkeypatch.setenv("PATH", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    assert found() == str(first)
    second = pretending(tmp_path / "second")
    first.unlink()
    assert found() == str(second)
    second.unlink()
    with pytest.raises(WorkspaceError, match="not on PATH"):
        found()


@pytest.mark.parametrize("does", ["while :; do :; done", "\0"])
def test_a_git_that_does_not_answer(does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_git, "_PATIENCE", 0.2)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    pretending(tmp_path / "bin", does)
    with pytest.raises(WorkspaceError, match="does not tell its version"):
        found()


def test_what_git_writes_goes_where_a_file_stands(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.write(b"before\n")
        result = git("version", git_dir=None, cwd=tmp_path, to=file)
        file.write(b"after\n")
    assert result.out == b""
    before, version, after = (tmp_path / "file").read_text().splitlines()
    assert (before, after) == ("before", "after")
    assert version.startswith("git version")
