"""The command as a program: what its terminal, its disk and its reader cannot take is one line, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.runs import HonestRun

COMMAND = (sys.executable, "-c", "from dag_factory.cli import main; main()")


def run(*words: object, out: int = subprocess.PIPE, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *map(str, words)], stdout=out, stderr=subprocess.PIPE, env={**os.environ, **env}, check=False)


@pytest.mark.parametrize("words", [("explain",), ("schema",), ("plan", "examples/orders/workflow.yaml")], ids=lambda words: words[0])
def test_a_full_disk_is_told(words: tuple[str, ...]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = run(*words, out=full)
    finally:
        os.close(full)
    assert done.returncode == 2
    assert (
        done.stderr.decode()
        == "phasegate: The output cannot be read or written: No space left on device. Look at its rights, and for room.\n"
    )


def test_a_folder_that_cannot_be_made_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("explain", "--write", tmp_path / "file" / "below")
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"phasegate: {tmp_path}/file/below cannot be read or written: Not a directory.")


def test_an_error_of_no_file_and_no_disk_is_told_in_its_own_words() -> None:
    raising = "import dag_factory.cli as c\ndef broken(): raise ConnectionRefusedError(111, 'Connection refused')\nc.app = broken\nc.main()"
    done = subprocess.run([sys.executable, "-c", raising], capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (2, "phasegate: [Errno 111] Connection refused.\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_of_few_signs_shows_what_it_can(made: HonestRun, encoding: str) -> None:
    done = run("status", made.store.path, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Nobody validated their own work" in done.stdout
    assert ("✓".encode() in done.stdout) is (encoding != "latin-1")


def test_a_reader_that_goes_away_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        assert run("schema", out=write).stderr == b""
    finally:
        os.close(write)
