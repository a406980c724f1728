"""What the evidence store tells of a run, for people."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from rich.console import Console
from support.runs import honest

from dag_factory.cli.demo.home import fresh_home
from dag_factory.cli.demo.report import shortened, show_cycles, show_findings, show_product, show_table, summarise
from dag_factory.errors import PhasegateError
from dag_factory.evidence.decisions import Decision
from dag_factory.evidence.story import CycleStory, OrderStory
from dag_factory.evidence.verdict import Finding
from dag_factory.workspace.git import git


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=160)


def told(tmp_path, **kwargs):
    run = honest(tmp_path, **kwargs)
    return summarise(run.store.store.root, run.plan.workflow, run.run_id)


def test_a_whole_run_has_every_grade_and_verdict(tmp_path):
    phases = told(tmp_path, through="integration")
    assert [(phase.phase, phase.verdict, phase.findings) for phase in phases] == [
        ("foundation", "PASSED", ()), ("implementation", "PASSED", ()), ("validation", "PASSED", ()), ("integration", "PASSED", ()),
    ]  # fmt: skip
    evidence = {f"{phase.phase}/{task.task}": dict(task.evidence) for phase in phases for task in phase.tasks}
    assert evidence["foundation/architect"] == {"architecture": "observed"}
    assert evidence["implementation/ingest.sdet"] == dict.fromkeys(("unit-tests", "integration-tests", "able-to-fail"), "re-executed")
    assert evidence["integration/devops"]["rehearsal"] == "re-executed"
    assert not [name for name, grades in evidence.items() if None in grades.values()]


def test_what_is_missing_and_what_has_not_begun_are_two_things(tmp_path, console):
    run = honest(tmp_path)
    run.work("foundation", without=("foundation/ux-designer",))
    run.answer("foundation")
    phases = summarise(run.store.store.root, run.plan.workflow, run.run_id)
    assert [(phase.verdict, phase.begun) for phase in phases] == [("FAILED", True), ("", False), ("", False), ("", False)]
    show_table(console, phases)
    show_findings(console, phases)
    text = console.file.getvalue()
    assert "ux missing" in text
    assert text.count("missing") == text.split("✘")[0].count("missing") + text.split("✘", 1)[1].count("missing")
    assert "code missing" not in text
    assert text.count("not begun") == 3
    assert "✘ statement-missing" in text


def test_work_no_gate_has_answered_has_no_verdict(tmp_path, console):
    phases = told(tmp_path, worked="foundation")
    assert (phases[0].verdict, phases[0].begun) == ("", True)
    show_table(console, phases)
    assert "no verdict" in console.file.getvalue()


def test_a_run_that_has_not_begun_has_nothing_to_tell(tmp_path):
    assert summarise(tmp_path, "orders_mart", "demo") == ()


def test_a_findings_text_is_never_markup(tmp_path, console):
    phase = told(tmp_path)[0]
    finding = Finding(rule="evidence-malformed", subject="a/[b]", text="[red]not markup[/red] [/]")
    show_findings(console, (type(phase)(phase.phase, phase.title, "FAILED", phase.tasks, (finding,)),))
    assert "[red]not markup[/red] [/]" in console.file.getvalue()
    assert "a/[b]" in console.file.getvalue()


def test_the_product_is_its_log_and_how_to_run_it(tmp_path, console):
    with fresh_home(tmp_path / "demo") as home:
        git("branch", "phasegate/orders_mart/demo", git_dir=None, cwd=home.product)
        show_product(console, home, "phasegate/orders_mart/demo")
        text = console.file.getvalue()
        assert "Where the repository starts" in text
        assert f"git clone --quiet --branch phasegate/orders_mart/demo {home.product} orders" in text
        with pytest.raises(PhasegateError):
            show_product(console, home, "phasegate/orders_mart/other")


def test_what_became_of_each_finding_is_a_table(tmp_path, console):
    first, second = (Finding(rule="check-failed", subject=f"validation/{name}/check", text="It failed.") for name in ("[a]", "b"))
    orders = (
        OrderStory("implementation/ingest.software-engineer", "software-engineer", (first.id, second.id), None, delivered=True),
        OrderStory(
            "implementation/daily_mart.software-engineer",
            "software-engineer",
            (first.id,),
            "0123456789",
            True,
            "Mended: [x]. 16 edits tried.",
        ),
    )
    cycle = CycleStory("validation", 1, (first, second), orders, (first.id,), (second.id,), (), "")
    answer = Decision.model_construct(
        binding=SimpleNamespace(task="decide_1"), answer="cycle", by="lea", reason="[b]Please[/b]", findings=()
    )
    silent = Decision.model_construct(
        binding=SimpleNamespace(task="decide_2"), answer="void", by="", reason="Nobody answered.", findings=()
    )
    phase = told(tmp_path)[2]
    show_cycles(console, (type(phase)(phase.phase, phase.title, "FAILED", phase.tasks, (), (cycle,), (answer, silent)),))
    text = console.file.getvalue()
    for words in (
        "fix_1",
        "[a]/check",
        "1 finding to daily_mart.software-engineer: 0123456",
        "2 findings to ingest.software-engineer: changed nothing",
        "It failed.",
        "Mended: [x]. 16 edits tried.",
        "mended",
        "open",
    ):
        assert words in text
    assert "validation.decide_1: lea: one more cycle. [b]Please[/b]\nvalidation.decide_2: Nobody answered.\n" in text


def test_on_a_terminal_of_80_columns_no_name_is_torn(tmp_path):
    narrow = Console(file=io.StringIO(), width=80)
    phases = told(tmp_path, through="integration")
    show_table(narrow, phases)
    rows = narrow.file.getvalue()
    assert max(map(len, rows.splitlines())) <= 80
    for phase in phases:
        assert phase.title.split()[0] in rows
        for task in phase.tasks:
            assert f"@{task.persona} " in rows
            assert all(name in rows for name, _ in task.evidence)
    assert "daily_mart @software-engineer" in rows
    assert "re-executed" in rows


def test_a_verdict_that_came_after_fix_cycles_says_so(tmp_path, console):
    phase = told(tmp_path, through="foundation")[0]
    cycle = CycleStory("foundation", 1, (), (), (), (), (), "")
    show_table(console, (type(phase)(phase.phase, phase.title, "PASSED", phase.tasks, (), (cycle,)),))
    assert "after 1 fix cycle" in console.file.getvalue()


def test_a_long_text_is_shortened(tmp_path, console):
    assert shortened("x" * 320) == "x" * 320
    assert shortened("x" * 321) == f"{'x' * 320} …"


def test_a_run_without_red_flags_has_no_such_table(tmp_path, console):
    show_cycles(console, told(tmp_path, through="foundation"))
    assert console.file.getvalue() == ""
