"""A persona that is a real agent, in a real workflow: sealed, checked, attested and judged like any other, and believed in nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from agents.conftest import KEY
from support.house import git
from support.models import Call, Refuse, Say

HALF = "mkdir -p notes && echo half > notes/note.md && echo more > notes/more.md"
WRITE = Call("Bash", {"command": "mkdir -p notes && echo a note > notes/note.md", "description": "Write it"})


def bash(command: str) -> Call:
    return Call("Bash", {"command": command, "description": "Do it"})


def said(house, number=-1):
    return house.record.statements["first/write"][number].says


def told(house):
    house.close("first")
    return [finding.id for finding in house.findings("first")]


def test_it_delivers_and_the_gate_passes(house):
    made, model = house("claude", WRITE, Say("Written."))
    made.run("first.write")
    assert made.failures == {}
    statement = said(made)
    assert (statement.runner, statement.outcome, statement.figures.provider) == ("agent", "completed", "anthropic")
    assert statement.principals == (
        f"agent:anthropic/{statement.figures.model}/{statement.figures.conversation}",
        f"conversation:anthropic:{statement.figures.conversation}",
    )
    assert float(statement.figures.cost) > 0
    made.close("first")
    assert made.word("first") == "PASSED"
    assert "Write plainly." in model.work[0].text
    made.run("second.read")
    made.close("second")
    made.run("complete")
    assert made.failures == {}


def test_its_key_is_nowhere(house, caplog):
    made, _ = house("claude", bash("env; mkdir -p notes && env > notes/more.md && echo a note > notes/note.md"), Say(f"The key is {KEY}."))
    made.run("first.write")
    kept = b"".join(path.read_bytes() for path in Path(made.store.path).rglob("*") if path.is_file())
    assert KEY.encode() not in kept
    assert KEY not in caplog.text
    assert KEY not in str(made.xcoms)
    assert KEY not in str(made.failures)


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("echo x > README.md", "workspace-outside-writes"),
        ("ln -s /etc/passwd notes/link", "workspace-symlink"),
        ("git init -q notes/inner", "workspace-submodule"),
        ("python3 -c \"open('.git' + 'modules', 'w').write('x')\"", "workspace-outside-writes"),
        ("mkfifo notes/pipe", "workspace-special-file"),
    ],
    ids=["outside its paths", "symlink", "repository", "submodule", "fifo"],
)
def test_what_it_may_not_leave_is_refused(house, command, rule):
    made, _ = house("claude", WRITE, bash(command), Say("Done."))
    made.run("first.write")
    assert rule in {name.partition(":")[0] for name in told(made)}
    assert said(made).sealed is None


@pytest.mark.parametrize(
    "command",
    [
        "git add -A && git commit -qm mine",
        "git add -A && git commit -qm mine && git commit --amend -qm other && git checkout -q --orphan new && git commit -qm rewritten",
        "printf '#!/bin/sh\\ntouch {root}/hooked' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; git config core.fsmonitor 'touch {root}/hooked'",
        "rm -rf .git",
    ],
    ids=["commits", "rewrites history", "hooks", "removes git"],
)
def test_what_it_does_to_its_own_git_counts_for_nothing(house, command):
    before = None
    made, _ = house("claude", WRITE, bash(command.replace("{root}", "/tmp/phasegate-never")), Say("Done."))
    before = git("rev-parse", "HEAD", cwd=made.root / "repo")
    made.run("first.write")
    assert told(made) == []
    assert made.word("first") == "PASSED"
    assert not Path("/tmp/phasegate-never/hooked").exists()
    assert (git("rev-parse", "HEAD", cwd=made.root / "repo"), git("status", "--porcelain", cwd=made.root / "repo")) == (before, "")
    assert git("for-each-ref", "refs/heads", "--format=%(refname)", cwd=made.root / "repo") == "refs/heads/main"


def test_what_it_wrote_elsewhere_on_the_disk_it_did_with_its_hands_tied(house, tmp_path):
    made, _model = house("claude", Call("Write", {"file_path": str(tmp_path / "outside.md"), "content": "x"}), Say("Done."))
    made.run("first.write")
    assert not (tmp_path / "outside.md").exists()
    assert made.failures["first.write"].startswith("@writer failed: claude says that it is done, and changed nothing")


def test_a_retry_goes_on_with_its_conversation_and_its_files(house):
    made, model = house("claude", bash(HALF), Refuse(500, "boom"), Refuse(500, "boom"), WRITE, Say("Done."))
    made.run("first.write")
    first = said(made)
    assert (first.outcome, first.sealed, bool(first.kept.sealed), bool(first.kept.memory)) == ("failed", None, True, True)
    made.run("first.write")
    second = said(made)
    assert (second.outcome, second.figures.conversation) == ("completed", first.figures.conversation)
    assert set(git_paths(made, second)) == {"notes/more.md", "notes/note.md"}, "what the first left is there"
    assert made.store.blob(second.evidence[0].digest) == b"a note\n"
    resumed = model.work[3].text
    assert "Your attempt before this one failed" in resumed
    assert HALF in resumed
    made.close("first")
    assert made.word("first") == "PASSED"


def git_paths(made, statement):
    bundle = made.root / "sealed.bundle"
    bundle.write_bytes(made.store.blob(statement.sealed.bundle))
    git("fetch", "-q", str(bundle), "refs/heads/sealed", cwd=made.root / "repo")
    return git("diff", "--name-only", "main", statement.sealed.commit, cwd=made.root / "repo").split()


def test_a_budget_ends_it_and_keeps_what_it_did(house):
    steps = [bash(f"mkdir -p notes && echo {n} >> notes/note.md") for n in range(12)]
    made, model = house("claude", *steps, Say("Done."), more=", budget: 0.02 USD")
    made.run("first.write")
    assert made.failures["first.write"].endswith("US dollars where 0.020000 were left for it.")
    statement = said(made)
    assert (statement.outcome, statement.sealed, bool(statement.kept.sealed)) == ("failed", None, True)
    asked = len(model.work)
    assert asked < 8
    made.run("first.write")
    assert "no US dollars are left in persona/writer" in made.failures["first.write"]
    assert len(model.work) == asked, "nothing more is spent"
    assert {"budget-exceeded:first/write:", "task-failed:first/write"} <= set(told(made))


def test_a_command_line_that_is_not_there_is_told(house, monkeypatch):
    made, _ = house("claude", Say("Never."))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    made.run("first.write")
    assert (
        "'claude' is not on the worker's PATH: install it there with `npm install -g @anthropic-ai/claude-code`"
        in made.failures["first.write"]
    )
