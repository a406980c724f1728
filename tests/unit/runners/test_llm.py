"""A language model as a persona, in its own process, against a model on loopback that says what is written here."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import pytest
from support.asked_models import HIDDEN, run, task
from support.completions import KEY, Fails, calls, ends, running
from support.elsewhere import folder_elsewhere

from dag_factory.errors import RunnerError
from dag_factory.runners import RUNNERS, Allowance, Outcome, extras
from dag_factory.runners.llm import LlmRunner, _concluded
from dag_factory.runners.llm_order import Report


def test_it_works_through_its_tools_and_says_what_it_took(bench):
    task(bench)
    (bench.workspace / "src").mkdir()
    (bench.workspace / "src" / "a.py").write_text("x = 1\n")
    (bench.root / "inputs" / "SECRET.md").write_text("given\n")
    script = (
        calls(("list_files", {}), ("read_file", {"path": "src/a.py"}), ("read_file", {"path": f"{bench.root}/inputs/SECRET.md"})),
        calls(("edit_file", {"path": "src/a.py", "old": "x = 1", "new": "x = 2"}), ("write_file", {"path": "../out", "content": "no"})),
        calls(("write_report", {"name": "notes.md", "content": "done\n"})),
        ends(references=["src/a.py"]),
    )
    with running(*script) as model:
        outcome = run(bench, model)
    assert (outcome.ended, outcome.exit_code, outcome.reason) == ("exited", 0, "")
    assert (bench.workspace / "src" / "a.py").read_text() == "x = 2\n"
    assert (bench.root / "evidence" / "notes.md").read_text() == "done\n"
    assert not (bench.root / "out").exists()
    figures = outcome.figures
    assert figures is not None
    assert (figures.provider, figures.model, figures.requests, figures.input_tokens, figures.output_tokens, figures.cost) == (
        "openai", "fake-2026", 4, 400, 40, None,
    )  # fmt: skip
    assert outcome.principals == (f"conversation:openai:{figures.conversation}", f"llm:openai/fake-2026/{figures.conversation}")
    assert outcome.judgement is None, "who makes something gives no verdict"
    assert model.keys == {f"Bearer {KEY}"}
    assert model.tools() == [
        "list_files", "read_file", "search_files", "write_file", "edit_file", "delete_file", "write_report", "final_result",
    ]  # fmt: skip
    told = model.said("tool", 1)
    assert "src/a.py  6" in told
    assert "x = 1" in told
    assert "given" in told
    assert "REFUSED: ../out leads out of its folder." in model.said("tool", 2)
    prompt = model.said("user", 0)
    assert "Write {{ it }} down." in prompt
    assert "{{ var.value.x }}" in prompt, "nothing is rendered"
    fence = prompt.partition("<data-")[2].partition(" ")[0]
    assert HIDDEN in prompt.partition(f"<data-{fence} what=finding>")[2].partition(f"</data-{fence}>")[0]
    assert "you cannot run programs" in model.said("system", 0)
    log = bench.log.read_text()
    assert "edit_file src/a.py" in log
    for text in (log, *bench.lines, *(json.dumps(one) for one in model.asked)):
        assert KEY not in text


def test_a_judge_may_only_read_and_its_verdict_is_a_claim(bench):
    task(bench, judges=True, writes=[], evidence=[{"id": "verdict", "kind": "json", "report": "verdict.json"}], findings=[])
    (bench.workspace / "README.md").write_text("text\n")
    script = (
        calls(("read_file", {"path": "README.md"}), ("write_report", {"name": "verdict.json", "content": "{}"})),
        ends("Looked at it.", verdict="FAILED", notes="It is thin.", references=["README.md"]),
    )
    with running(*script) as model:
        outcome = run(bench, model)
    said = outcome.judgement
    assert said is not None
    assert (said.verdict, said.grade, said.notes, said.references) == ("FAILED", "claimed", "It is thin.", ("README.md",))
    assert said.by == outcome.principals[1]
    assert model.tools() == ["list_files", "read_file", "search_files", "write_report", "final_result"]


def test_a_failing_model_is_told_by_name_and_the_next_attempt_goes_on(bench):
    task(bench)
    with running(calls(("write_file", {"path": "src/a.py", "content": "x = 1\n"})), Fails(500, message="the GPU is on fire")) as model:
        first = run(bench, model)
    assert first.exit_code == 1
    assert "The model of the connection my_model answered 500 (internal server error)" in first.why
    assert "the GPU is on fire" in first.why
    assert first.figures is not None
    assert (first.figures.requests, first.figures.input_tokens) == (2, 100)
    task(bench, attempt=2)
    with running(ends()) as model:
        second = run(bench, model, conversation=first.figures.conversation)
    assert second.exit_code == 0
    assert second.figures is not None
    assert second.figures.conversation == first.figures.conversation
    assert second.figures.requests == 1, "only what this attempt took"
    assert "Wrote src/a.py, 6 bytes." in model.said("tool", 0), "it remembers"
    assert "Your attempt before this one failed" in model.said("user", 0)


def test_of_a_model_that_was_ended_in_the_middle_it_is_told_how_far_it_was(bench):
    task(bench)
    request = bench.request({"llm": {"connection": "my_model"}}, timeout=60)
    report = Report(
        doing="waiting for answer 2 of the model", since=time.time() - 50, provider="openai", model="fake", requests=2, input_tokens=100
    )
    ended = Outcome("timed-out", None, ("llm:my_model:c",), 0, False, "", 60.0, reason="Still running after 60 s; it was ended.")
    outcome = _concluded(ended, report, LlmRunner()._order(request))
    assert outcome.reason.startswith("Still running after 60 s; it was ended. It was waiting for answer 2 of the model for 5")
    assert outcome.figures is not None
    assert (outcome.figures.requests, outcome.figures.input_tokens) == (2, 100)
    silent = _concluded(replace(ended, ended="exited", exit_code=0, reason=""), Report(), LlmRunner()._order(request))
    assert silent.principals == ("llm:my_model:c",)
    assert [flaw.rule for flaw in silent.flaws] == ["agent-broken"]
    assert "ended with exit code 0, and no result" in silent.why


def test_a_model_that_claims_and_does_nothing_is_told(bench):
    task(bench)
    request = bench.request({"llm": {"connection": "my_model"}}, timeout=60)
    order = LlmRunner()._order(request)
    ended = Outcome("exited", 0, ("llm:my_model:c",), 0, False, "", 60.0)
    outcome = _concluded(ended, Report(doing="done", summary="All of it is perfect."), order)
    assert [flaw.rule for flaw in outcome.flaws] == ["agent-idle"]
    assert "changed nothing: All of it is perfect." in outcome.why
    assert _concluded(ended, Report(doing="done", summary="Done.", changed=1), order).flaws == ()
    assert _concluded(ended, Report(doing="done", summary="Done."), replace(order, resumed=True)).flaws == ()


def test_a_budget_of_requests_ends_it_and_what_it_did_is_there(bench):
    task(bench)
    with running(calls(("write_file", {"path": "src/a.py", "content": "x = 1\n"})), ends()) as model:
        outcome = run(bench, model, allowance=Allowance(requests=1))
    assert [flaw.rule for flaw in outcome.flaws] == ["budget-exceeded"]
    assert "the 1 requests that were left for it are spent" in outcome.why
    assert len(model.asked) == 1
    assert (bench.workspace / "src" / "a.py").exists()


def test_where_the_extra_is_missing_one_line_says_what_to_do(bench, monkeypatch):
    monkeypatch.setitem(extras._EXTRAS, "llm", ("llm", ("no-such-distribution",)))
    task(bench)
    outcome = RUNNERS["llm"].run(bench.request({"llm": {"connection": "my_model"}}), bench.stop)
    assert (outcome.ended, outcome.exit_code) == ("not-started", None)
    assert outcome.reason == "no-such-distribution is not installed here: pip install 'airflow-phasegate[llm]'"


def test_a_connection_of_another_kind_is_named(bench):
    task(bench)
    request = bench.request({"llm": {"connection": "my_model"}}, timeout=90)
    outcome = RUNNERS["llm"].run(replace(request, connections={"my_model": json.dumps({"conn_type": "http", "password": KEY})}), bench.stop)
    assert outcome.exit_code == 1
    assert "The model of the connection my_model cannot be asked" in outcome.why
    assert KEY not in outcome.why


@pytest.mark.parametrize("value", [None, 5, {}, {"connection": 5}])
def test_a_value_that_names_no_connection(bench, value):
    with pytest.raises(RunnerError, match="names no connection"):
        RUNNERS["llm"].run(bench.request({"llm": value}), bench.stop)


def test_nothing_of_the_provider_is_imported_by_the_side_of_the_task(bench):
    assert RUNNERS["llm"].reports("my_model") == {"requests", "time", "tokens"}, "no money: what it costs is on the provider's bill"
    assert not [name for name in vars(sys.modules["dag_factory.runners.llm"]) if "pydantic_ai" in name]


def test_where_it_is_kept_in_it_leaves_its_conversation_for_a_next_attempt(bench):
    """Below /tmp, where tests work, everything is open to it; so this one works elsewhere."""
    with folder_elsewhere() as folder:
        at = type(bench)(folder)
        task(at)
        with running(calls(("write_report", {"name": "notes.md", "content": "done\n"})), ends()) as model:
            outcome = run(at, model)
        assert (outcome.ended, outcome.exit_code, outcome.reason) == ("exited", 0, "")
        assert list((folder / "memory").iterdir())


def test_what_a_model_calls_itself_is_a_short_line_that_can_be_signed(bench, monkeypatch):
    task(bench)
    names = {"provider": "acme\n\ud800", "model": "large\n" + "x" * 100_000}
    told = Report.last(Report(summary="Done \ud83d.", flaw=("agent-failed", "no \ud800"), changed=1, **names).line())
    monkeypatch.setattr("dag_factory.runners.llm._last", lambda _: told)
    with running(ends()) as model:
        outcome = run(bench, model)
    figures = outcome.figures
    assert (figures.provider, figures.model[:7], len(figures.model)) == ("acme ?", "large x", 202)
    assert outcome.flaws[0].text == "no ?"
    json.dumps([outcome.principals, figures.model, outcome.flaws[0].text], ensure_ascii=False).encode()
