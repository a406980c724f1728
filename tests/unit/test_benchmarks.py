"""The benchmarks measure what they say: the same DAG in every dialect, sound chains, and no figure where there was no measurement. Nothing is timed."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import chain, corpus, cycles, overhead, peers, timing, workspace
from benchmarks.__main__ import main
from benchmarks.table import Row, Section, as_markdown, as_text, machine
from dag_factory.evidence.keys import KeyFolder
from dag_factory.evidence.record import read_record
from dag_factory.evidence.store import Store
from dag_factory.evidence.verify import verify_run
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec

SHAPE = {"kickoff", "complete", *(f"{phase}.{task}" for phase in corpus.PHASES for task in ("open", *corpus.TASKS, "gate"))}


@pytest.mark.parametrize("dialect", corpus.DIALECTS)
def test_every_dialect_is_written(dialect, tmp_path):
    loader = corpus.write(dialect, tmp_path / "dags", 3)
    ast.parse(loader.read_text(encoding="utf-8"))
    specs = sorted((tmp_path / "dags" / "workflows").glob("*.yaml"))
    assert len(specs) == (0 if dialect.startswith("plain") else 3)
    for spec in specs:
        assert yaml.safe_load(spec.read_text(encoding="utf-8"))


def test_plain_python_has_the_shape_of_ours(tmp_path):
    from dag_factory.build import build_dag

    spec = corpus.write("phasegate", tmp_path / "ours", 1).parent / "workflows" / "bench_0000.yaml"
    ours = build_dag(compile_plan(read_spec(spec, patterns=("none",))), spec.parent)
    found = {}
    exec(compile(corpus.write("plain", tmp_path / "plain", 2).read_text(encoding="utf-8"), "plain", "exec"), found)
    plain = found["bench_0000"]
    assert set(ours.task_ids) == set(plain.task_ids) == SHAPE
    edges = [{(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids} for dag in (ours, plain)]
    assert edges[0] == edges[1]


@pytest.mark.filterwarnings("ignore:The `airflow.utils.operator_helpers.determine_kwargs` attribute")  # Airflow's own sensor asks for it
def test_the_dag_written_by_hand_has_the_shape_of_ours(tmp_path):
    from dag_factory.build import build_dag

    loader, written = cycles.write(tmp_path, 1)
    spec = loader.parent / "workflows" / "bench_0000.yaml"
    plan, found = compile_plan(read_spec(spec, patterns=("none",))), {}
    ours = build_dag(plan, spec.parent)
    exec(compile(written.read_text(encoding="utf-8"), "plain", "exec"), found)
    plain = found["bench_0000"]
    edges, rules, mapped = (
        [of(dag) for dag in (ours, plain)]
        for of in (
            lambda dag: {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids},
            lambda dag: {task.task_id: task.trigger_rule for task in dag.tasks},
            lambda dag: {task.task_id for task in dag.tasks if task.is_mapped},
        )
    )
    assert edges[0] == edges[1]
    assert rules[0] == rules[1]
    assert mapped[0] == mapped[1] != set()
    assert (len(plan.contract.tasks), len(plan.contract.phases), plan.contract.fix.cycles) == (40, 4, 3)


def test_a_run_with_cycles_stands_beside_the_one_without():
    took = {"a": [10.0, 20.0, 30.0], "b": [11.0, 24.0, 33.0]}
    first, second = cycles.rows_of(took, {"a": "no-op, no cycles", "b": "no-op, two cycles"})
    assert first.beside == "1.00"
    assert second.cells[1:] == ("median 24.0 s, min 11.0, max 33.0", "+3.0 s, 1.10 x", "at most 5 s more")


def test_dag_factory_s_yaml_has_as_many_tasks(tmp_path):
    corpus.write("dag-factory", tmp_path / "dags", 1)
    [(name, dag)] = yaml.safe_load((tmp_path / "dags" / "workflows" / "bench_0000.yaml").read_text(encoding="utf-8")).items()
    assert name == "bench_0000"
    assert len(dag["tasks"]) == len(SHAPE)
    known = {task["task_id"] for task in dag["tasks"]}
    assert all(set(task.get("dependencies", ())) <= known for task in dag["tasks"])


def test_a_laid_chain_is_a_sound_run(tmp_path):
    import pendulum

    plan = chain.plan_of(tmp_path, "short", 2, 2)
    run = Store(tmp_path / "store").run("short", "bench")
    chain.lay(plan, run, KeyFolder(tmp_path / "keys"), "bench")
    judgements, _, findings = verify_run(read_record(run), run.blob, pendulum.now("UTC"))
    assert findings == ()
    assert [judgement.word for judgement in judgements] == ["PASSED", "PASSED"]


def test_who_does_not_run_has_no_figures(capsys):
    def fails():
        raise timing.NotMeasuredError("it could not be installed")

    found = timing.turns({"one": lambda: 1.0, "other": fails}, 2)
    assert found == {"one": [1.0, 1.0]}
    assert capsys.readouterr().err.count("other: it could not be installed") == 1


def test_a_child_that_fails_says_why():
    with pytest.raises(timing.NotMeasuredError, match="did not run"):
        timing.child(sys.executable, "put.py", env={})


def test_a_peer_that_cannot_be_installed_is_told(monkeypatch):
    monkeypatch.setattr(peers, "_made", lambda: "the peers' environment could not be made")
    with pytest.raises(timing.NotMeasuredError, match="could not be made"):
        peers.need.__wrapped__("in-toto")


def test_both_do_one_task_s_git(tmp_path):
    workspace.fill(tmp_path / "origin", 20, 256)
    said = timing.child(
        sys.executable,
        "workspace.py",
        str(tmp_path / "origin"),
        str(tmp_path / "ours"),
        "3",
        env={**os.environ, "PYTHONPATH": str(timing.ROOT)},
    )
    beside = workspace.bare(tmp_path / "origin", tmp_path / "bare", 3)
    assert set(beside) == set(workspace.STEPS) == set(said) - {"watch", "watch again"}
    assert all(clock > 0 for _, clock in (*said.values(), *beside.values()))


def test_ratios_are_of_rounds():
    assert timing.ratio([2.0, 4.0, 30.0], [1.0, 2.0, 3.0]) == 2.0


def test_own_costs_are_read_from_the_logs_of_the_counted_rounds(tmp_path):
    line = "Phasegate's own part of this task: 184 ms, 131 ms of the processor (begin 79 ms, prepare 59 ms, seal 37 ms, attest 3 ms, drop 6 ms)"
    for number, said in ((0, line.replace("184", "900")), (1, line), (2, "nothing of it")):
        folder = tmp_path / "tasks" / f"dag_id={overhead.WORKFLOW}" / f"run_id=bench-{number}" / "task_id=a.b"
        folder.mkdir(parents=True)
        (folder / "attempt=1.log").write_text(said, encoding="utf-8")
    found = overhead.own_costs(SimpleNamespace(logs=tmp_path))
    assert (found["all"], found["named"], found["processor"], found["begin"]) == ([184], [105], [131], [79])


def test_the_overhead_is_the_median_of_the_rounds_ratios():
    section = Section("Overhead", "What is measured.")
    ours, theirs = [12.0, 30.0, 11.0], [10.0, 15.0, 10.0]
    overhead.show(
        section, {overhead.WORKFLOW: ours, overhead.PLAIN: theirs}, {overhead.WORKFLOW: [0.0], overhead.PLAIN: [0.0]}, {"all": [1.0]}
    )
    assert [row.beside for row in section.rows] == ["1.20 x plain", "1.00"]
    assert "1.20, 2.00, 1.10" in section.more[0]


def test_the_table():
    section = Section(
        "Parse", "What is measured.", [Row("ours", "1.0 s", "1.00", "at most 2 s"), Row("a|peer", "could not be installed")], ["More."]
    )
    page = as_markdown([section])
    assert "| ours | 1.0 s | 1.00 | at most 2 s |" in page
    assert "| a/peer | could not be installed |  |  |" in page
    assert "Measured" not in page
    assert "ours    1.0 s" in as_text(section)


def test_what_is_not_measured_now_stays_in_the_page_with_its_day():
    first = [
        Section("Parse", "How one parses.", [Row("ours", "1.0 s")], measured="on Monday"),
        Section("Start", "And starts.", measured="on Monday"),
    ]
    page = as_markdown(first)
    again = as_markdown(
        [Section("Parse", "How one parses.", [Row("ours", "0.5 s")], measured=machine()), Section("Memory", "What it takes.")], page
    )
    assert [line for line in again.splitlines() if line.startswith("## ")] == ["## Parse", "## Start", "## Memory"]
    assert ("1.0 s" in again, "0.5 s" in again, again.count("Measured on Monday.")) == (False, True, 1)
    assert "UTC, Phasegate at " in again
    assert as_markdown([], again) == again


@pytest.mark.parametrize("asked", [["nonsense"], ["--rounds", "0"]])
def test_what_cannot_be_asked(asked, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", *asked])
    with pytest.raises(SystemExit):
        main()
    assert "benchmark" in capsys.readouterr().err


def test_who_waits_at_once_is_planned_and_told_apart(tmp_path):
    from benchmarks import memory

    path = tmp_path / "memory_phasegate.yaml"
    path.write_text(memory.spec(tmp_path / "lab", 50), encoding="utf-8")
    plan = compile_plan(read_spec(path, patterns=("none",)))
    assert len(plan.contract.phase("waiting").tasks) == memory.MANY == 50
    assert set(memory.DAGS) == {"memory_phasegate", "memory_bash"}
    compile(memory._BASH.format(many=3, command=memory._PROGRAM.format(lab="/lab", run="bash")), "memory_bash", "exec")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_programs_wardens_and_airflow_are_added_up_apart(tmp_path):
    import os
    import subprocess
    import time

    from benchmarks.memory import added_up
    from dag_factory.runners import warden

    ours = [sys.executable, "-I", "-S", warden.__file__]
    part = (  # what the demo starts below a warden of its own, and that has a persona below another
        "import subprocess, sys; subprocess.Popen([*sys.argv[1:], 'sh', '-c', 'touch there; sleep 60 & wait'], stdin=subprocess.PIPE).wait()"
    )
    with subprocess.Popen([*ours, sys.executable, "-c", part, *ours], cwd=tmp_path, stdin=subprocess.PIPE) as process:
        deadline = time.monotonic() + 20
        while not (tmp_path / "there").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        taken = added_up(os.getpid())
        process.terminate()
    assert 0 < taken.programs < taken.wardens
    assert taken.wardens < 8_000_000 < taken.wardens + taken.airflow, "one warden, and the outer one with the part below it"
