"""What the demo shows last: a run judged again by the command and by the shell script, really run."""

from __future__ import annotations

import shutil

import pytest
from support.auditing import TAMPERED, finished

from dag_factory.cli.demo import audit as module
from dag_factory.cli.demo.audit import audit


@pytest.fixture
def run(tmp_path):
    return finished(tmp_path)


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "jq", "openssl"))), reason="the script needs bash, jq and openssl")
def test_both_say_that_it_is_good_and_then_that_it_is_not(run, console):
    assert audit(console, run.store.path)
    text = console.file.getvalue()
    assert (
        text.index("phasegate verify ")
        < text.index("The run: PASSED")
        < text.index("verify-run.sh")
        < text.index("GOOD: everything fits together")
    )
    assert "Changed after it was signed" not in text
    TAMPERED["a byte of a file"][0](run)
    assert not audit(console, run.store.path)
    last = console.file.getvalue().splitlines()[-1]
    assert last.startswith(
        "Changed after it was signed: ✗ evidence-altered  foundation/architect/architecture: The bytes of ARCHITECTURE.md"
    )


def test_where_a_tool_is_missing_the_command_alone_is_asked_and_that_is_said(run, console, monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda name: None if name == "jq" else f"/bin/{name}")
    assert audit(console, run.store.path)
    assert "it needs jq." in console.file.getvalue()
