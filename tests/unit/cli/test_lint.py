"""`phasegate lint`: every broken rule of every file, on standard output; the sum on standard error."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.cli.lint import load
from dag_factory.errors import SpecError

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "examples" / "orders" / "workflow.yaml"
BOUND = SAMPLE.read_text().partition("\nphases:")[0] + "\n"  # the sample, without what it adds to the pattern's evidence


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(app, ["lint", *map(str, args)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sound specs, one of them deeper, and files that are none."""
    (tmp_path / "deep").mkdir()
    shutil.copy(SAMPLE, tmp_path / "a.yaml")
    (tmp_path / "deep" / "b.yml").write_text(SAMPLE.read_text().replace("workflow: orders_mart", "workflow: other"))
    (tmp_path / ".hidden.yaml").write_text("broken: [")
    (tmp_path / "notes.txt").write_text("broken: [")
    return tmp_path


def test_sound_specs(folder: Path) -> None:
    result = run(folder)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "2 specs, all sound" in result.stderr


def test_data_beside_the_specs_is_no_spec_but_what_airflow_would_load_is_one(folder: Path) -> None:
    """The personas of the sample bring YAML of their own, in a folder beside the spec."""
    data = folder / "personas" / "infrastructure.yaml"
    data.parent.mkdir()
    data.write_text("services: [orders]\n")
    assert "2 specs, all sound" in run(folder).stderr
    assert run(data).exit_code == 1, "who names a file means it"
    data.rename(folder / "infrastructure.yaml")
    result = run(folder)
    assert "missing-key: workflow is missing" in result.stdout
    assert "3 specs" in result.stderr


def test_a_single_file() -> None:
    assert run(SAMPLE).exit_code == 0


def test_broken_rules_are_told_line_by_line_and_siblings_are_still_read(folder: Path) -> None:
    broken = folder / "broken.yaml"
    broken.write_text(BOUND + "phases:\n  validation:\n    gate: ~\n    tasks: {security-engineer: ~}\n")
    lines = BOUND.count("\n")
    result = run(folder)
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{broken}:{lines + 3}:5: gate-missing: ")
    assert second.startswith(f"{broken}:{lines + 4}:13: persona-removed: ")
    assert "3 specs, 2 broken rules" in result.stderr


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "file-empty"),
        ("a: [", "yaml-broken"),
        ("- a\n", "wrong-type"),
        ("persona: @architect\n", "yaml-broken"),
        ("workflow: a\nmission: b\nmission: c\n", "duplicate-key"),
        ("[" * 100_000, "file-unreadable"),
    ],
)
def test_bad_input_is_a_line_not_a_traceback(tmp_path: Path, text: str, rule: str) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(text)
    result = run(path)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    [line] = result.stdout.splitlines()
    assert line.startswith((f"{path}:1:", f"{path}:2:", f"{path}:3:"))
    assert f" {rule}: " in line


def test_faults_of_every_kind_are_told_in_one_go(tmp_path: Path) -> None:
    """A wrong type, an unknown key, a broken rule of the spec, one of its plan, and a param that its schema refuses."""
    path = tmp_path / "w.yaml"
    more = "max_active_runs: many\nphases:\n  validation: {concurrency: 3}\nparams: {n: {default: 1, schema: {type: string}}}\n"
    text = BOUND.replace("test-engineer: {check: make e2e}", "test-engineer: {agent: cloude, verify: make e2e}")
    path.write_text(text + "fix: {never_waive: [no-such-rule]}\n" + more)
    told = [line.split(": ")[1] for line in run(path).stdout.splitlines()]
    assert told == ["agent-unknown", "rule-unknown", "wrong-type", "unknown-key", "param-invalid"]


def test_a_rule_of_the_plan_is_told_as_well(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(SAMPLE.read_text().replace("test-engineer: {check: make e2e}", "test-engineer: {agent: cloude, verify: make e2e}"))
    assert ":18:19: agent-unknown: " in run(path).stdout


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere.yaml")
    assert result.exit_code == 1
    assert "nowhere.yaml:1:1: file-unreadable: " in result.stdout


def test_a_folder_without_specs(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "There is no spec in" in result.stderr


def test_a_folder_that_is_called_like_a_spec_is_none(folder: Path) -> None:
    (folder / "data.yaml").mkdir()
    assert "data.yaml" not in run(folder).stdout


def test_two_workflows_of_one_name(folder: Path) -> None:
    shutil.copy(SAMPLE, folder / "c.yaml")
    result = run(folder)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{folder / 'c.yaml'}:2:1: workflow-duplicate: {folder / 'a.yaml'} has a workflow orders_mart already.")


def test_the_platforms_patterns(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(BOUND.replace("pattern: standard", "pattern: false"))
    assert "pattern-forbidden" in run(path).stdout
    assert "phase-misplaced" in run(path, "--patterns", "standard, none").stdout


def test_loading_is_reading_and_planning(tmp_path: Path) -> None:
    assert load(SAMPLE, "standard").workflow == "orders_mart"
    with pytest.raises(SpecError):
        load(tmp_path / "nowhere.yaml", "standard")


def test_linting_needs_no_airflow() -> None:
    program = "import sys; from pathlib import Path; from dag_factory.cli.lint import load; "
    program += "load(Path(sys.argv[1]), 'standard'); print('airflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, str(SAMPLE)], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


WITHOUT = """workflow: hello
pattern: false
mission: Hello
catalogue: {writer: {title: W, instructions: W., contracts: {drafting: {does: W., evidence: {notes: {report: n.txt, kind: file}}}}}}
personas: {writer: {command: "true"}}
phases: {drafting: {tasks: {writer: {persona: writer, duty: drafting}}, gate: {}}}
"""


def test_the_platform_s_patterns_are_honoured_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tmp_path / "hello.yaml"
    spec.write_text(WITHOUT)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONFIG", raising=False)
    monkeypatch.delenv("AIRFLOW__PHASEGATE__PATTERNS", raising=False)
    refused = run(spec)
    assert (refused.exit_code, "pattern-forbidden" in refused.stdout) == (1, True)
    assert "Patterns: standard, assumed." in refused.stderr
    assert "AIRFLOW__PHASEGATE__PATTERNS" in refused.stderr
    (tmp_path / "airflow.cfg").write_text("[phasegate]\npatterns = standard, none\nodd = %(x\n")
    found = run(spec)
    assert found.stderr == f"1 spec, all sound.\nPatterns: standard, none (from {tmp_path}/airflow.cfg).\n"
    monkeypatch.setenv("AIRFLOW__PHASEGATE__PATTERNS", "standard")
    assert run(spec).exit_code == 1, "the environment is stronger than the file, as for Airflow"
    assert run(spec, "--patterns", "none").exit_code == 0
    (tmp_path / "airflow.cfg").write_bytes(b"\xff[")
    monkeypatch.delenv("AIRFLOW__PHASEGATE__PATTERNS")
    assert run(spec).exit_code == 1


def test_a_default_that_binds_who_must_write_to_a_check(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    bound = "".join(line for line in BOUND.splitlines(True) if "software-engineer:" not in line and "  devops:" not in line)
    spec.write_text(bound.replace("personas:\n", "personas:\n  default: {check: make all}\n"))
    result = run(spec)
    line = spec.read_text().splitlines().index("  default: {check: make all}") + 1
    assert result.exit_code == 1
    [told] = result.stdout.splitlines()
    assert told.startswith(f"{spec}:{line}:3: check-cannot-write: personas.default binds a check")
    assert "implementation/ingest.software-engineer (" in told
    assert "integration/devops (deploy/DEPLOY.md" in told
    assert "test-engineer" not in told


def test_a_script_that_is_not_beside_the_spec_is_a_warning_with_its_place(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(BOUND)
    shutil.copytree(SAMPLE.parent / "personas", tmp_path / "personas")
    assert "warning" not in run(spec).stderr
    (tmp_path / "personas" / "sdet.py").unlink()
    result = run(spec)
    line = next(number for number, text in enumerate(BOUND.splitlines(), 1) if text.startswith("  sdet:"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"warning: {spec}:{line}:3: script-missing: personas.sdet names personas/sdet.py" in result.stderr
    spec.write_text(BOUND.replace("personas/sdet.py", "personas/$NAME.py"))
    assert "warning" not in run(spec).stderr


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('command: python "$PHASEGATE_SPEC_DIR/personas/sdet.py"', "command: 'make day={{ ds }}'", "personas.sdet.command"),
        ('command: python "$PHASEGATE_SPEC_DIR/personas/sdet.py"', "command: [make, '{{ params.day }}']", "personas.sdet.command"),
        ("check: make bench", "check: 'make bench {{ var.value.host }}'", "personas.performance-engineer.check"),
        ("check: make bench", "check: make bench, env: {DAY: '{{ data_interval_end }}'}", "personas.performance-engineer.env.DAY"),
        ("check: make bench", "check: 'docker ps --format {{.Names}}; dbt run --vars {{ var(1) }} {{ dagger }}'", None),
    ],
)
def test_a_template_that_nobody_fills_is_a_warning_with_its_place(tmp_path: Path, old: str, new: str, place: str | None) -> None:
    spec = tmp_path / "spec.yaml"
    shutil.copytree(SAMPLE.parent / "personas", tmp_path / "personas")
    assert BOUND.count(old) == 1
    spec.write_text(BOUND.replace(old, new))
    result = run(spec)
    assert (result.exit_code, result.stdout) == (0, "")
    assert ("template-unread" in result.stderr) is bool(place)
    if place:
        line = next(number for number, text in enumerate(spec.read_text().splitlines(), 1) if new in text)
        assert f"warning: {spec}:{line}:" in result.stderr
        assert f"template-unread: {place} has " in result.stderr


ELSEWHERE = """\
workflow: w
pattern: false
mission: m
workspace: {git: ./repo, branch: main}
checks: {look: {run: make look%s}}
catalogue:
  maker: {title: M, instructions: M., contracts: {making: {does: M., writes: ["a/**"], evidence: {a: {path: a/a.md, kind: file, check: look}}}}}
personas:
  maker: {command: make a, %s}
phases:
  one: {tasks: {make: {persona: maker, duty: making}}, gate: {}}
"""


@pytest.mark.parametrize(
    ("at", "binding", "warns"),
    [
        (", at: converge", "queue: builds, env: {PARTNER: {env: THEIRS}}", "works in builds"),
        (", at: converge", "executor: KubernetesExecutor, env: {PARTNER: {env: THEIRS}}", "works in KubernetesExecutor"),
        (", at: converge", "queue: builds, env: {PARTNER: {var: partner}, STAGE: test}", None),
        (", at: converge", "env: {PARTNER: {env: THEIRS}}", None),
        ("", "queue: builds, env: {PARTNER: {env: THEIRS}}", None),
    ],
)
def test_a_variable_that_a_merge_cannot_find_is_a_warning(tmp_path: Path, at: str, binding: str, warns: str | None) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(ELSEWHERE % (at, binding))
    result = run(spec, "--patterns", "none")
    assert (result.exit_code, result.stdout) == (0, "")
    assert ("warning" in result.stderr) is bool(warns)
    if warns:
        assert f"warning: {spec}:9:3: env-elsewhere: personas.maker {warns}, and its checks run on the merge (look) do not" in result.stderr
        assert "THEIRS" in result.stderr
