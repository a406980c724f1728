"""What does not fit together, and what a merge holds."""

from __future__ import annotations

import pytest
from support.house import House, git, make_repository

from dag_factory.operators.merging import _told

TWO = """\
workflow: two
pattern: false
mission: Two engineers
workspace: {{git: {repository}}}
features: {{one: The first, two: The second}}
paths: {{architecture: [ARCHITECTURE.md], product: ["src/**"], interface: ["interfaces/**"]}}
personas:
  architect: {{command: 'printf "## %s\\n\\nAll of %s.\\n\\n" "System design" One Boundaries Two "Data flow" Three "Data architecture" Four > ARCHITECTURE.md'}}
  software-engineer: {{command: '{command}'}}
phases:
  design:
    tasks: {{architect: {{persona: architect, duty: foundation}}}}
    gate: {{}}
  build:
    tasks: {{engineer: {{persona: software-engineer, duty: implementation, each: feature}}}}
    gate: {{}}
"""


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """Makes two engineers who run one command beside each other."""

    def make(command):
        house = House(tmp_path / "house", monkeypatch)
        repository = make_repository(tmp_path / "house" / "repo")
        (repository / "src").mkdir()
        (repository / "src" / "code.py").write_text("answer = 0\n", encoding="utf-8")
        git("add", "-A", cwd=repository)
        git("commit", "-qm", "Code", cwd=repository)
        house.write(TWO.format(repository=repository, command=command))
        house.run("kickoff")
        house.phase("design")
        house.run("build.one.engineer", "build.two.engineer", "build.converge", "build.gate")
        return house

    return make


def conflicts(house):
    return [finding for finding in house.findings("build") if finding.rule == "merge-conflict"]


def code(house, path="src/code.py"):
    """The file in the merge, read from the bundle in the store."""
    from dag_factory.operators.place import fetch_bundle

    bundles = [house.record.converged(phase).says.sealed.bundle for phase in ("design", "build")]
    for digest in (digest for digest in bundles if digest):
        git("bundle", "unbundle", str(fetch_bundle(house.store, digest, house.root / "bundles")), cwd=house.root / "repo")
    return git("show", f"{house.record.converged('build').says.sealed.commit}:{path}", cwd=house.root / "repo")


def test_two_engineers_who_change_one_line(pair):
    house = pair('echo "answer = "$PHASEGATE_FEATURE"" > src/code.py')
    assert "build.converge" not in house.failures, "a conflict is a finding, no failed task"
    [finding] = conflicts(house)
    assert (finding.task, finding.subject) == ("build/two.engineer", "build/two.engineer:src/code.py")
    assert "src/code.py" in finding.text
    said = house.record.converged("build").says
    assert [name for name, _ in said.merged] == ["build/one.engineer"], "what does not fit is left out, in plan order"
    assert code(house) == "answer = one"
    assert house.word("build") == "FAILED"


def test_two_engineers_who_change_different_files(pair):
    house = pair('echo "answer = 1" > src/$PHASEGATE_FEATURE.py')
    assert conflicts(house) == []
    assert [name for name, _ in house.record.converged("build").says.merged] == ["build/one.engineer", "build/two.engineer"]
    assert (code(house, "src/one.py"), code(house, "src/two.py")) == ("answer = 1", "answer = 1")


def test_one_deletes_what_the_other_changes(pair):
    house = pair('if [ $PHASEGATE_FEATURE = one ]; then rm src/code.py; else echo "answer = 2" > src/code.py; fi')
    [finding] = conflicts(house)
    assert finding.task == "build/two.engineer"
    assert "src/code.py" in finding.subject


def test_the_same_work_merges_to_the_same_commit(pair):
    house = pair('echo "answer = 1" > src/$PHASEGATE_FEATURE.py')
    before = house.record.converged("build").says
    house.run("build.converge")
    after = house.record.converged("build").says
    assert (after.sealed.commit, after.sealed.tree, after.product) == (before.sealed.commit, before.sealed.tree, before.product)


def test_a_failed_attempt_is_not_merged(pair):
    house = pair('echo "answer = 1" > src/$PHASEGATE_FEATURE.py; test $PHASEGATE_FEATURE = one')
    assert [name for name, _ in house.record.converged("build").says.merged] == ["build/one.engineer"]
    assert "task-failed" in {finding.rule for finding in house.findings("build") if finding.task == "build/two.engineer"}


def test_a_task_that_changed_nothing_is_nothing_to_merge(pair):
    house = pair("true")
    said = house.record.converged("build").says
    assert (said.merged, said.conflicts, said.sealed.bundle) == ((), (), None)
    assert said.sealed.commit == said.base
    assert "merge-missing" not in {finding.rule for finding in house.findings("build")}


@pytest.mark.parametrize(
    ("command", "same"),
    [
        ("true", True),
        ("mkdir interfaces; echo a > interfaces/$PHASEGATE_FEATURE", True),
        ("chmod +x src/code.py", False),
        ("echo >> src/code.py", False),
    ],
)
def test_the_digest_of_the_product_is_of_its_paths_modes_and_contents(pair, command, same):
    house = pair(command)
    assert (house.record.converged("build").says.product == house.record.converged("design").says.product) is same
    told = house.store.blob(house.record.converged("build").says.product)
    assert told is not None
    assert all(line.count("\0") == 2 and line.startswith("src/") for line in told.decode().splitlines())


def test_of_a_conflict_about_very_many_files_the_first_are_told():
    paths = tuple(f"src/{number}{'x' * 3_000}" for number in range(20_000))
    told = _told("build/make", paths, "\n".join(paths))
    assert len(told.model_dump_json()) < 1_000_000
    assert told.text.endswith("… (20,000 paths in all)")
    assert _told("build/make", paths[:1], "CONFLICT").text == "CONFLICT"
    assert _told("build/make", ("src/a",), "CONFLICT").paths == ("src/a",)
