"""The agent runner, with stand-ins for command lines that do what a real one hardly ever does: it is read, held, ended, and believed in nothing."""

from __future__ import annotations

import json
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dag_factory.errors import RunnerError
from dag_factory.runners import RUNNERS, Allowance, confinement
from dag_factory.runners.agents import AGENTS, claude, codex
from dag_factory.runners.agents.base import Wanted

RUNNER = RUNNERS["agent"]
INIT = {"type": "system", "subtype": "init", "session_id": "c-1", "model": "large", "claude_code_version": "9"}
RESULT = {
    "type": "result", "subtype": "success", "is_error": False, "session_id": "c-1", "result": "Done.", "total_cost_usd": 0.25,
    "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 1, "output_tokens": 4},
}  # fmt: skip


def message(name="m1", text="Working.", **usage):
    return {"type": "assistant", "session_id": "c-1", "message": {"id": name, "content": [{"type": "text", "text": text}], "usage": usage}}


@pytest.fixture
def played(bench, tmp_path, monkeypatch):
    """Plays a command line by a shell script."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    bench.task_file.write_text(
        json.dumps({"workflow": "w", "mission": "m", "phase": "p", "task": "t", "persona": "writer", "does": "Write.", "attempt": 2})
    )

    def play(script: str, *events: Any, work: Any = "claude", name: str = "claude", after: str = "", stop: Any = None, **asked: Any):
        said = "".join(f"{event if isinstance(event, str) else json.dumps(event)}\n" for event in events)
        (tmp_path / "said").write_text(said)
        program = programs / name
        program.write_text(f"#!/bin/sh\n{script}\ncat {tmp_path}/said\n{after}\n")
        program.chmod(0o755)
        from dataclasses import replace

        (tmp_path / "memory").mkdir(exist_ok=True)
        request = replace(bench.request({"agent": work}, timeout=asked.pop("timeout", 30)), memory=tmp_path / "memory", **asked)
        return RUNNER.run(request, stop or bench.stop)

    return play


WORK = "echo a note > note.md"


def rules(outcome):
    return [flaw.rule for flaw in outcome.flaws]


def test_what_it_reports_is_read(played, bench):
    outcome = played(WORK, INIT, message(), RESULT)
    assert (outcome.ended, outcome.exit_code, outcome.flaws) == ("exited", 0, ())
    figures = outcome.figures
    assert (figures.cost, figures.input_tokens, figures.output_tokens, figures.requests) == (Decimal("0.25"), 16, 4, 1)
    assert outcome.principals == ("agent:anthropic/large/c-1", "conversation:anthropic:c-1")
    assert bench.lines == ["Claude Code 9 with large", "Working."]


@pytest.mark.parametrize("value", ["false", "54321", "success", "large", "tango/whiskey"])
def test_it_is_read_as_it_wrote_and_told_masked(played, bench, value):
    result = {**RESULT, "usage": {"output_tokens": 54321}}
    outcome = played(WORK, INIT, message(text="x" * 295 + value), f"plain {value}", result, secrets=[value])
    assert (outcome.flaws, outcome.figures.output_tokens, outcome.principals[0]) == ((), 54321, "agent:anthropic/large/c-1")
    told = "\n".join([*bench.lines, outcome.excerpt, bench.log.read_text()])
    assert "***" in told
    assert value[:5] not in told


def test_what_speaks_against_it_is_masked(played):
    outcome = played(WORK, {**RESULT, "is_error": True, "result": "x" * 290 + " tango/whiskey"}, secrets=["tango/whiskey"])
    assert outcome.flaws[0].text.endswith(" ***.")


def test_the_prompt_is_its_standard_input_and_in_no_argument(played, bench):
    outcome = played('cat > seen.txt; echo "$@" > arguments.txt', RESULT)
    assert "You are @writer" in (bench.workspace / "seen.txt").read_text()
    assert "writer" not in (bench.workspace / "arguments.txt").read_text()
    assert outcome.flaws == ()


@pytest.mark.parametrize(
    ("script", "events", "rule", "says"),
    [
        (WORK, [], "agent-silent", "claude printed nothing, and ended with exit code 0."),
        (f"{WORK}; exit 3", [], "agent-silent", "exit code 3"),
        (WORK, ["All done!"], "agent-broken", "1 of 1 lines are no JSON; the last words are “All done!”."),
        (WORK, [INIT, '{"type": "resu'], "agent-broken", "1 of 2 lines are no JSON"),
        (WORK, [INIT, message()], "agent-broken", "no result: the last words are “Working.”."),
        (WORK, ["[1]", "null", "[" * 100_000], "agent-broken", "3 of 3 lines are no JSON"),
        (WORK, [{**RESULT, "is_error": True, "result": "Credit balance is too low"}], "agent-failed", "Credit balance is too low"),
        (WORK, [{**RESULT, "subtype": "error_max_turns", "errors": ["Reached 3 turns"]}], "agent-failed", "it had not come to its end"),
        (WORK, [{"type": "result"}], "agent-failed", "no reason"),
        ("true", [message(text="All tests pass."), RESULT], "agent-idle", "says that it is done, and changed nothing: “All tests pass.”."),
        ("touch .git/index", [RESULT], "agent-idle", "changed nothing: “Done.”."),
    ],
)
def test_what_speaks_against_it(played, bench, script, events, rule, says):
    (bench.workspace / ".git").mkdir()
    outcome = played(script, *events)
    assert rules(outcome) == [rule]
    assert says in outcome.flaws[0].text


def test_what_is_remarked_of_how_it_runs_is_no_word_of_its_own(played, bench, monkeypatch):
    monkeypatch.setattr(confinement, "why_not_kept_in", lambda: "this kernel has no Landlock")
    assert rules(played(WORK)) == ["agent-silent"]
    assert bench.lines == ["It may write wherever its user may: this kernel has no Landlock."]


def test_who_finds_all_done_may_leave_it(played):
    assert played("true", RESULT, laid=True).flaws == ()
    assert rules(played("true", RESULT, conversation="c-1")) == ["agent-idle"]


def test_who_did_nothing_and_said_so_in_its_result_alone_is_quoted(played):
    assert played("true", RESULT).flaws[0].text == "claude says that it is done, and changed nothing: “Done.”."


def test_a_report_in_the_evidence_folder_is_work(played):
    assert played('echo x > "$PHASEGATE_EVIDENCE/report.txt"', RESULT).flaws == ()


def test_who_ends_with_an_error_code_alone_has_failed_by_that(played):
    outcome = played(WORK, RESULT, after="exit 4")
    assert (outcome.exit_code, outcome.flaws) == (4, ())


@pytest.mark.parametrize(
    ("allowance", "says"),
    [
        (Allowance(money=Decimal("0.20")), "It took 0.250000 US dollars where 0.20 were left for it."),
        (Allowance(tokens=15), "It took 20 tokens where 15 were left for it."),
        (Allowance(requests=1), "It took 2 requests to a model where 1 were left for it."),
    ],
)
def test_who_ends_with_0_after_being_out_of_money(played, allowance, says):
    outcome = played(WORK, message(), message("m2"), RESULT, allowance=allowance)
    assert (rules(outcome), outcome.flaws[0].text) == (["budget-exceeded"], says)


def test_a_tool_that_speaks_for_it_sets_nothing_back(played):
    little = {**RESULT, "total_cost_usd": 0, "usage": {"input_tokens": 1, "output_tokens": 1}}
    words = [event for name in "abc" for event in (message(name, input_tokens=80, output_tokens=10), little)]
    outcome = played(WORK, *words, allowance=Allowance(tokens=100))
    assert (rules(outcome), outcome.flaws[0].text) == (["budget-exceeded"], "It took 180 tokens where 100 were left for it.")


def test_what_was_killed_after_a_result_has_no_known_cost(played):
    outcome = played(WORK, message(input_tokens=5), {**RESULT, "total_cost_usd": 0}, after="kill -9 $$")
    assert (outcome.exit_code, outcome.figures.cost, outcome.figures.requests) == (137, None, 1)
    assert played(WORK, RESULT, after="exit 1").figures.cost == Decimal("0.25"), "so ends one that says that it failed"


def test_a_result_that_more_work_follows_is_none(played):
    outcome = played(WORK, RESULT, message())
    assert (rules(outcome), outcome.figures.cost) == (["agent-broken"], None)


def test_who_says_that_its_budget_is_spent(played):
    outcome = played(WORK, {**RESULT, "subtype": "error_max_budget_usd", "is_error": True, "errors": ["Reached maximum budget ($0.2)"]})
    assert (rules(outcome), outcome.flaws[0].text) == (
        ["budget-exceeded"],
        "claude ended for want of budget: Reached maximum budget ($0.2).",
    )


def test_it_is_ended_in_the_middle_when_its_tokens_are_gone(played, bench, runs):
    spends = f"echo $$ > pid; {WORK}"
    outcome = played(spends, message(input_tokens=90, output_tokens=20), after="trap '' TERM; sleep 60", allowance=Allowance(tokens=100))
    assert (outcome.ended, outcome.exit_code, rules(outcome)) == ("spent", None, ["budget-exceeded"])
    assert not runs(int((bench.workspace / "pid").read_text()))


def test_who_ignores_that_it_is_to_end_is_ended(played, bench, runs):
    outcome = played("trap '' TERM; echo $$ > pid; (setsid sleep 300 &); while :; do sleep 1; done", timeout=5)
    assert (outcome.ended, outcome.flaws) == ("timed-out", ())
    assert not runs(int((bench.workspace / "pid").read_text()))


def test_who_waits_for_a_model_tells_so_when_its_time_is_over(played):
    retry = {"type": "system", "subtype": "api_retry", "error": "rate_limit", "error_status": 429}
    outcome = played(WORK, retry, after="sleep 60", timeout=5)
    assert outcome.ended == "timed-out"
    assert outcome.reason.endswith("The last of it: the model answered 429 (rate_limit).")


def test_a_daemon_ends_with_it(played, bench, runs):
    outcome = played(f"{WORK}; (setsid sh -c 'echo $$ > pid; sleep 300' &) ; while [ ! -s pid ]; do sleep 0.01; done", RESULT)
    assert outcome.flaws == ()
    assert not runs(int((bench.workspace / "pid").read_text()))


def test_it_is_stopped_by_whoever_stops_the_task(played):
    stop = threading.Event()
    stop.set()
    outcome = played(WORK, RESULT, stop=stop)
    assert (outcome.ended, outcome.flaws) == ("stopped", ())


def test_however_much_it_prints_the_end_is_read(played, bench):
    flood = f"{WORK}; i=0; while [ $i -lt 2500 ]; do echo '{json.dumps(message(text='word'))}'; i=$((i+1)); done; head -c 3000000 /dev/zero | tr '\\0' x; echo"
    outcome = played(flood, RESULT)
    assert (outcome.flaws, outcome.figures.cost) == ((), Decimal("0.25"))
    assert bench.lines[-1] == "[phasegate] output continues in the log file"
    assert len(bench.lines) == 2001


def test_a_conversation_is_kept_and_brought_again(played, bench, tmp_path):
    folder = '"$CLAUDE_CONFIG_DIR/projects/$(pwd -P | sed "s/[^A-Za-z0-9]/-/g")"'
    assert played(f"{WORK}; mkdir -p {folder}; echo words > {folder}/c-1.jsonl", RESULT).flaws == ()
    kept = tmp_path / "memory/claude/c-1.jsonl"
    assert kept.read_text() == "words\n"
    (tmp_path / "scratch" / "agent").rename(tmp_path / "gone")
    again = played(f'echo "$@" > arguments.txt; cat {folder}/c-1.jsonl > seen.txt', RESULT, conversation="c-1")
    assert (bench.workspace / "seen.txt").read_text() == "words\n"
    assert "--resume c-1" in (bench.workspace / "arguments.txt").read_text()
    assert again.flaws == ()
    kept.unlink()
    played('echo "$@" > arguments.txt', RESULT, conversation="c-1")
    assert "--resume" not in (bench.workspace / "arguments.txt").read_text()


def test_one_that_is_not_installed(played):
    outcome = played("true", RESULT, work="codex")
    assert (outcome.ended, outcome.reason) == (
        "not-started",
        "'codex' is not on the worker's PATH: install it there with `npm install -g @openai/codex`, or bind PATH under `env:`.",
    )


def test_one_that_nobody_knows(played):
    with pytest.raises(RunnerError, match=r"there is no command line 'cloude' here\. Use one of claude, codex\."):
        played("true", RESULT, work="cloude")


@pytest.mark.parametrize("name", AGENTS)
def test_every_command_line_is_what_the_registry_says(name):
    from importlib import import_module

    cli = import_module(AGENTS[name].module).CLI
    assert (cli.name, RUNNER.reports(name), RUNNER.reports({"cli": name})) == (name, AGENTS[name].reports, AGENTS[name].reports)
    assert all(getattr(cli, part) for part in ("provider", "program", "install"))
    assert RUNNER.reports("cloude") == frozenset()


def test_claude_is_asked_for_what_a_binding_wants(bench):
    from dataclasses import replace

    request = replace(bench.request({"agent": "x"}), allowance=Allowance(money=Decimal("1.5"), requests=9), conversation="c-1")
    wanted = Wanted.of({"cli": "claude", "model": "small", "tools": ["Read", "Bash(make *)", "Edit"], "turns": 5})
    argv = claude.CLI.start(request, wanted, Path("/h")).argv
    after = {word: argv[index + 1] for index, word in enumerate(argv[:-1])}
    assert (after["--model"], after["--max-turns"], after["--max-budget-usd"], after["--resume"]) == ("small", "5", "1.5", "c-1")
    assert after["--tools"] == "Read,Bash,Edit"
    allowed = argv[argv.index("--allowedTools") + 1 :]
    assert allowed[:4] == ("Read", "Bash(make *)", f"Edit(/{bench.workspace}/**)", f"Edit(/{bench.root}/evidence/**)")
    assert {"--safe-mode", "--strict-mcp-config"} <= set(argv)
    assert "--dangerously-skip-permissions" not in argv


def test_codex_is_asked_for_what_a_binding_wants(bench):
    from dataclasses import replace

    request = replace(bench.request({"agent": "x"}, OPENAI_BASE_URL="http://127.0.0.1:1/v1"), conversation="c-1")
    argv = codex.CLI.start(request, Wanted.of({"cli": "codex", "model": "small", "tools": ["read-only", "network"]}), Path("/h")).argv
    assert argv[-3:] == ("resume", "c-1", "-")
    assert argv[argv.index("-s") + 1] == "read-only"
    for given in (
        "project_doc_max_bytes=0",
        "sandbox_workspace_write.network_access=true",
        'model_provider="gateway"',
        'web_search="live"',
    ):
        assert given in argv
    assert any('base_url="http://127.0.0.1:1/v1"' in word for word in argv)
    assert codex.CLI.start(replace(request, conversation=""), Wanted.of("codex"), Path("/h")).argv[-1] == "-"
    assert codex.CLI.start(request, Wanted.of("codex"), Path("/h")).environment == {"CODEX_HOME": "/h/codex"}
    at_home = replace(request, environment={"HOME": "/home/maria"})
    assert codex.CLI.start(at_home, Wanted.of("codex"), Path("/h")).environment == {}, "it refuses a folder that is named and not there"
