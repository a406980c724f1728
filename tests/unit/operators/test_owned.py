"""Whose a file is: what testers brought stays as it is, no signed commit reaches further than its task may write, and none holds other than is shown."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from support.house import House, git, make_repository

from dag_factory.evidence.envelope import sign_envelope
from dag_factory.evidence.keys import KeyFolder

SPEC = """\
workflow: owned
pattern: false
mission: Tests stay as their owner made them
workspace: {{git: {repository}}}
paths: {{code: ["src/**"], suites: ["tests/**"]}}
personas:
  planner: {{command: 'echo done > "$PHASEGATE_EVIDENCE/plan.txt"'}}
  engineer: {{command: 'echo "answer = 1" > src/code.py'}}
  tester: {{command: 'mkdir -p tests; echo "assert 1" > tests/test_a.py; echo "assert 2" > tests/test_b.py'}}
  tidier: {{command: '{command}; echo done > "$PHASEGATE_EVIDENCE/done.txt"'}}
catalogue:
  planner:
    {{title: P, instructions: Plans., contracts: {{foundation: {{does: Plans., evidence: {{plan: {{report: plan.txt, kind: file}}}}}}}}}}
  engineer:
    {{title: E, instructions: Builds., contracts: {{build: {{does: Builds., writes: [code], evidence: {{code: {{changed: code, kind: file}}}}}}}}}}
  tester:
    {{title: T, instructions: Tests., contracts: {{testing: {{does: Tests., writes: [suites], evidence: {{suites: {{changed: suites, kind: file}}}}}}}}}}
  tidier:
    {{title: D, instructions: Tidies., contracts: {{tidying: {{does: Tidies., writes: [suites, code], evidence: {{done: {{report: done.txt, kind: file}}}}}}}}}}
phases:
  design:
    tasks: {{planner: {{persona: planner, duty: foundation}}}}
    gate: {{}}
  build:
    tasks: {{engineer: {{persona: engineer, duty: build}}, tester: {{persona: tester, duty: testing}}}}
    gate: {{}}
  tidy:
    tasks: {{tidier: {{persona: tidier, duty: tidying}}}}
    gate: {{}}
"""


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Makes a house whose tidier runs a command after engineer and tester are done."""

    def make(command: str = "true", *, duty: str = "tidying") -> House:
        made = House(tmp_path / "house", monkeypatch)
        repository = make_repository(tmp_path / "house" / "repo")
        (repository / "src").mkdir()
        (repository / "src" / "code.py").write_text("answer = 0\n", encoding="utf-8")
        git("add", "-A", cwd=repository)
        git("commit", "-qm", "Code", cwd=repository)
        made.write(SPEC.format(repository=repository, command=command).replace("tidying", duty))
        made.run("kickoff")
        made.phase("design")
        return made

    return make


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("cd tests; echo pass > test_a.py", ["tests/test_a.py"]),
        ("rm -r tests", ["tests/test_a.py", "tests/test_b.py"]),
        ("cd tests; sed -i s/$/\\\\r/ test_b.py", ["tests/test_b.py"]),
        ("cd tests; mv test_a.py a.py", ["tests/test_a.py"]),
        ("cd tests; echo pass > test_c.py", []),
        ("cd tests; touch test_a.py", []),
        ("cd src; echo \"answer = 2\" > code.py", []),
    ],
)  # fmt: skip
def test_whoever_changes_a_testers_file_is_found_out_by_the_merge(house, command, found):
    made = house(command)
    made.phase("build")
    assert made.word("build") == "PASSED", made.findings("build")
    made.phase("tidy")
    assert "tidy.converge" not in made.failures, made.failures
    assert [(one.task, one.path) for one in made.record.converged("tidy").says.altered] == [("build/tester", path) for path in found]
    assert [finding.id for finding in made.findings("tidy") if finding.rule == "tests-changed"] == [
        f"tests-changed:build/tester:{path}" for path in found
    ]
    assert made.word("tidy") == ("FAILED" if found else "PASSED"), made.findings("tidy")


def test_another_tester_may_change_a_test(house):
    made = house("cd tests; echo pass > test_a.py; rm test_b.py", duty="testing")
    made.phase("build")
    made.phase("tidy")
    assert made.record.converged("tidy").says.altered == ()
    assert "tests-changed" not in {finding.rule for finding in made.findings("tidy")}


def test_a_merge_that_is_made_again_says_the_same(house):
    made = house("cd tests; echo pass > test_a.py")
    made.phase("build")
    made.phase("tidy")
    before = made.record.converged("tidy").says
    made.run("tidy.converge", again=True)
    assert made.record.converged("tidy").says.altered == before.altered != ()


def forged(made: House, paths: dict[str, str], twist: Callable[[Path], None] = lambda _: None) -> str:
    """A statement of the engineer's, signed with their own key, that names a commit which sealing would have refused.

    Parameters
    ----------
    twist: makes another commit out of the one that is checked out.

    """
    repository, record = made.root / "repo", made.record
    base = str(record.charter.says.base)
    git("checkout", "-q", "--detach", base, cwd=repository)
    for path, text in paths.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text, encoding="utf-8")
        git("add", "-A", cwd=repository)
        git("commit", "-qm", f"Change {path}", cwd=repository)  # more than one commit hides nothing
    twist(repository)
    commit, tree = (git("rev-parse", name, cwd=repository) for name in ("HEAD", "HEAD^{tree}"))
    git("update-ref", "refs/heads/forged", commit, cwd=repository)
    bundle = made.root / "forged.bundle"
    subprocess.run(["git", "bundle", "create", "-q", str(bundle), f"{base}..refs/heads/forged"], cwd=repository, check=True)
    git("checkout", "-q", "main", cwd=repository)
    digest = made.store.put_bytes(bundle.read_bytes())
    path = Path(made.store.path) / record.charter.digest[:16] / "statements" / "build" / "engineer" / "0001.json"
    payload = json.loads(b64decode(json.loads(path.read_bytes())["payload"]))
    payload["predicate"]["sealed"] = {"commit": commit, "tree": tree, "bundle": digest}
    for subject in payload["subject"]:
        subject["digest"] = {"gitCommit": commit} if subject["name"] == "sealed" else subject["digest"]
    data = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    path.write_bytes(sign_envelope(data, KeyFolder(made.root / "keys_root").signer("engineer")))
    return commit


def test_a_signed_commit_that_reaches_further_than_its_task_may_write_is_left_out(house):
    made = house()
    made.run("build.engineer", "build.tester")
    forged(made, {"tests/test_a.py": "pass\n", "src/code.py": "answer = 1\n"})
    made.run("build.converge", "build.gate")
    said = made.record.converged("build").says
    assert [name for name, _ in said.merged] == ["build/tester"]
    assert [(one.task, one.paths) for one in said.conflicts] == [("build/engineer", ("tests/test_a.py",))]
    assert "merge-conflict:build/engineer:tests/test_a.py" in {finding.id for finding in made.findings("build")}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("src/co\u202ede.py", "has the invisible sign U+202E in its name; rename it"),
        ("src/co\\de.py", "has a backslash in its name; rename it"),
        ("src/.gitattributes", "was changed, and `writes:` does not name .gitattributes"),
        ("tests/test_a.py", "was changed, and this task may write src/**"),
    ],
)
def test_a_signed_commit_that_sealing_would_have_refused_is_left_out(house, name, why):
    made = house()
    made.run("build.engineer", "build.tester")
    forged(made, {name: "x\n"})
    made.run("build.converge", "build.gate")
    said = made.record.converged("build").says
    assert [task for task, _ in said.merged] == ["build/tester"]
    assert [one.text for one in said.conflicts] == [f"build/engineer sealed a commit in which {name} {why}"]


def test_a_signed_commit_with_a_link_is_left_out(house):
    made = house()
    made.run("build.engineer", "build.tester")

    def linked(repository: Path) -> None:
        (repository / "src" / "link.py").symlink_to("code.py")
        git("add", "-A", cwd=repository)
        git("commit", "-qm", "Link", cwd=repository)

    forged(made, {"src/code.py": "answer = 3\n"}, linked)
    made.run("build.converge", "build.gate")
    said = made.record.converged("build").says
    assert [task for task, _ in said.merged] == ["build/tester"]
    assert said.conflicts[0].paths == ("src/link.py",)
    assert "src/link.py is a link or another repository" in said.conflicts[0].text


def test_one_that_stays_where_it_may_write_is_merged_whoever_made_it(house):
    made = house()
    made.run("build.engineer", "build.tester")
    commit = forged(made, {"src/code.py": "answer = 3\n", "src/more.py": "more = 1\n"})
    made.run("build.converge", "build.gate")
    assert ("build/engineer", commit) in made.record.converged("build").says.merged


# What is shown as evidence, and what lies in the commit.


def resigned(made: House, change: Callable[[dict], object]) -> None:
    """Change what the engineer's statement says, and sign it with the engineer's own key."""
    path = Path(made.store.path) / made.record.charter.digest[:16] / "statements" / "build" / "engineer" / "0001.json"
    payload = json.loads(b64decode(json.loads(path.read_bytes())["payload"]))
    change(payload)
    data = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    path.write_bytes(sign_envelope(data, KeyFolder(made.root / "keys_root").signer("engineer")))


def renamed(said: dict) -> None:
    """Name the code as it is called in no commit."""
    for one in (*said["predicate"]["evidence"], *said["subject"]):
        one["name"] = "src/other.py" if one["name"] == "src/code.py" else one["name"]


def unsealed(made: House) -> list[str]:
    made.run("build.converge", "build.gate")
    assert "build.converge" not in made.failures, made.failures
    told = [f"evidence-unsealed:{one.task}:{one.path}" for one in made.record.converged("build").says.unsealed]
    assert told == [finding.id for finding in made.findings("build") if finding.rule == "evidence-unsealed"]
    return told


def test_what_is_shown_lies_in_the_commit_byte_for_byte(house):
    made = house()
    made.run("build.engineer", "build.tester")
    forged(made, {"src/code.py": "answer = 3\n"})
    assert unsealed(made) == ["evidence-unsealed:build/engineer:src/code.py"]


def test_what_is_shown_and_lies_nowhere_is_named(house):
    made = house()
    made.run("build.engineer", "build.tester")
    resigned(made, renamed)
    assert unsealed(made) == ["evidence-unsealed:build/engineer:src/other.py"]


@pytest.mark.parametrize("based", [True, False])
def test_a_commit_that_nobody_gets_holds_nothing(house, based):
    """One without a bundle is what the work began with; that of the engineer is said to be it, or some other."""
    made = house()
    made.run("build.engineer", "build.tester")
    base = made.record.newest("build/engineer").says.base

    def elsewhere(said):
        said["predicate"]["sealed"] = {"commit": base if based else "a" * 40, "tree": "c" * 40, "bundle": None}
        for subject in said["subject"]:
            subject["digest"] = {"gitCommit": base if based else "a" * 40} if subject["name"] == "sealed" else subject["digest"]

    resigned(made, elsewhere)
    assert unsealed(made) == ["evidence-unsealed:build/engineer:src/code.py"]


def test_what_is_shown_after_the_merge_was_held_against_no_commit(house):
    made = house()
    made.run("build.engineer", "build.tester", "build.converge")
    resigned(made, renamed)
    made.run("build.gate")
    assert [finding.id for finding in made.findings("build") if finding.rule == "merge-missing"] == ["merge-missing:build/engineer"]


def test_honest_work_is_sealed_as_it_is_shown(house):
    made = house()
    made.run("build.engineer", "build.tester")
    assert unsealed(made) == []
    assert made.word("build") == "PASSED"


def with_a_folder_twice(repository: Path) -> None:
    """Give the commit a second `tests` before the true one: git lists the last of them, and checks out both."""
    evil = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=repository, input=b"pass\n", capture_output=True, check=True
    ).stdout.decode().strip()  # fmt: skip

    def tree(*entries: tuple[str, str, str]) -> str:
        body = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(named) for mode, name, named in entries)
        made = ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
        return subprocess.run(made, cwd=repository, input=body, capture_output=True, check=True).stdout.decode().strip()

    rows = [line.split("\t") for line in git("ls-tree", "HEAD", cwd=repository).splitlines()]
    entries = [(facts.split()[0].lstrip("0"), name, facts.split()[2]) for facts, name in rows]
    twice = tree(*entries, ("40000", "src", tree(("100644", "evil.py", evil))))
    commit = git("commit-tree", twice, "-p", "HEAD^", "-m", "Twice", cwd=repository)
    git("update-ref", "HEAD", commit, cwd=repository)


def test_a_signed_commit_that_git_would_not_write_is_left_out_and_named(house):
    made = house()
    made.run("build.engineer", "build.tester")
    forged(made, {"src/code.py": "answer = 3\n"}, with_a_folder_twice)
    made.run("build.converge", "build.gate")
    said = made.record.converged("build").says
    assert [name for name, _ in said.merged] == ["build/tester"]
    [left] = said.conflicts
    assert left.task == "build/engineer"
    assert "is none that git writes" in left.text
    assert "merge-conflict" in {finding.rule for finding in made.findings("build")}
