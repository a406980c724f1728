"""What command lines of agents print, read whatever it is: a model, or whoever sits in its place, chooses much of it."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.evidence.strict_json import dumps_canonical
from dag_factory.operators.keeping import figures_of
from dag_factory.runners import Outcome
from dag_factory.runners.agents import claude, codex
from dag_factory.runners.agents.base import Report, Wanted, bring, model_of, remember, shown

CLIS = pytest.mark.parametrize("cli", [claude.CLI, codex.CLI], ids=lambda cli: cli.name)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PART = st.fixed_dictionaries({"type": st.sampled_from(["text", "tool_use"]), "text": ANY, "name": ANY, "input": ANY})
ITEM = st.fixed_dictionaries(
    {"type": st.sampled_from(["agent_message", "command_execution", "file_change", "error"]), "text": ANY, "changes": ANY, "message": ANY}
)
TYPES = ["system", "assistant", "user", "result", "thread.started", "turn.completed", "turn.failed", "error", "item.completed"]
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES)},
    optional={
        "message": ANY | st.fixed_dictionaries({"id": ANY, "model": ANY, "usage": ANY, "content": ANY | st.lists(PART, max_size=2)}),
        "item": ANY | ITEM,
        "usage": ANY | st.dictionaries(st.sampled_from(["input_tokens", "output_tokens", "cache_read_input_tokens"]), ANY),
        "subtype": st.sampled_from(["init", "api_retry", "success", "error_max_turns", "error_max_budget_usd"]),
        **dict.fromkeys(
            [
                "session_id",
                "thread_id",
                "model",
                "total_cost_usd",
                "is_error",
                "errors",
                "result",
                "permission_denials",
                "error",
                "error_status",
            ],
            ANY,
        ),
    },
)


@CLIS
@given(events=st.lists(EVENT, max_size=4))
def test_whatever_it_prints_can_be_signed(cli, events):
    report, lines = Report(cli.provider), []
    for event in events:
        lines += cli.read(json.loads(json.dumps(event)), report)
    figures = figures_of(Outcome("exited", 0, (), 0, False, "", 0.0, figures=report.figures))
    assert type(figures).model_validate_json(dumps_canonical(figures.model_dump(by_alias=True, mode="json"))) == figures
    assert report.cost is None or report.cost >= 0
    "\n".join((*lines, report.failed, report.said, report.trouble)).encode()


@CLIS
@pytest.mark.parametrize("value", ["NaN", float("nan"), float("inf"), -1, "-0.5", "1e400", True, [], None, 10**30])
def test_what_is_no_amount_is_none(cli, value):
    report = Report(cli.provider)
    usage = {"input_tokens": value, "output_tokens": value}
    list(cli.read({"type": "result", "total_cost_usd": value, "usage": usage, "is_error": False, "subtype": "success"}, report))
    list(cli.read({"type": "turn.completed", "usage": usage}, report))
    assert report.cost is None
    assert not report.figures.tokens


@pytest.mark.parametrize("value", [0, 0.0, -0.0, "-0", 0.5])
def test_a_cost_of_nothing_can_be_signed_however_it_is_written(value):
    report = Report("anthropic", ended=True)
    list(claude.CLI.read({"type": "result", "total_cost_usd": value, "is_error": False, "subtype": "success"}, report))
    assert figures_of(Outcome("exited", 0, (), 0, False, "", 0.0, figures=report.figures)).cost == f"{abs(float(value)):.6f}"


def test_however_many_messages_it_names_few_are_remembered_and_each_counts():
    report = Report("anthropic")
    for number in (*range(30_000), *range(29_000, 30_000)):
        message = {"id": f"{number}", "usage": {"output_tokens": 1}}
        list(claude.CLI.read({"type": "assistant", "message": message}, report))
    assert (report.requests, report.output_tokens) == (30_000, 30_000)
    assert len(report.seen) <= 10_000


@CLIS
@pytest.mark.parametrize("name", ["../../keys/phasegate", "a/b", "/etc/passwd", "", "*", "a\0b", ".."])
def test_a_conversation_that_leads_elsewhere_is_not_kept(cli, bench, tmp_path, name):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/phasegate.jsonl").write_text("secret")
    request = replace(bench.request({"agent": cli.name}), memory=tmp_path / "memory", conversation=name)
    remember(cli, request, tmp_path / "home", name)
    assert not bring(cli, request, tmp_path / "home")
    assert not (tmp_path / "memory").exists()


def test_a_conversation_of_codex_is_laid_by_its_day(bench, tmp_path):
    request = replace(bench.request({"agent": "codex"}), memory=tmp_path / "memory", conversation="t-1")
    (tmp_path / "memory/codex").mkdir(parents=True)
    (tmp_path / "memory/codex/rollout-2026-11-29T10-33-00-t-1.jsonl").write_text("words")
    assert bring(codex.CLI, request, tmp_path / "home")
    assert (tmp_path / "home/codex/sessions/2026/11/29/rollout-2026-11-29T10-33-00-t-1.jsonl").read_text() == "words"
    (tmp_path / "memory/codex/rollout-2026-11-29T10-33-00-t-1.jsonl").rename(tmp_path / "memory/codex/rollout-x-t-1.jsonl")
    assert bring(codex.CLI, request, tmp_path / "other")
    assert (tmp_path / "other/codex/sessions/rollout-x-t-1.jsonl").is_file()


def test_the_model_of_codex_is_that_of_the_last_turn_in_its_record(bench, tmp_path):
    request = bench.request({"agent": "codex"})
    record = tmp_path / "codex/sessions/2026/11/29/rollout-2026-11-29T10-33-00-t-1.jsonl"
    assert codex.CLI.model(request, tmp_path, "t-1") == ""
    record.parent.mkdir(parents=True)
    turns = [{"model": "gpt-5"}, {"model": "gpt-6"}, {"model": "../x y"}, {"model": 5}, None]
    lines = [json.dumps({"type": "turn_context", "payload": turn}) for turn in turns]
    lines += [
        '{"turn_context": [',
        "[" * 9_000 + '"turn_context"',
        '"turn_context"',
        json.dumps({"type": "x", "payload": {"model": "turn_context"}}),
    ]
    record.write_text("\n".join(lines), encoding="utf-8")
    assert codex.CLI.model(request, tmp_path, "t-1") == "gpt-6"
    record.rename(tmp_path / "elsewhere")
    record.symlink_to(tmp_path / "elsewhere")
    assert codex.CLI.model(request, tmp_path, "t-1") == ""
    record.unlink()
    os.mkfifo(record)
    assert codex.CLI.model(request, tmp_path, "t-1") == "", "and nobody waits for a pipe"


def test_a_conversation_that_leads_elsewhere_tells_no_model(bench, tmp_path):
    request = bench.request({"agent": "codex"})
    for name in ("x/../../t-1", "[t]-1"):
        report = Report("openai", conversation=name)
        assert model_of(None, request, tmp_path, report) == ""
    assert model_of(None, request, tmp_path, Report("openai", conversation="t-1", model="gpt-5")) == "gpt-5"


def test_who_binds_a_home_means_what_lies_there(bench, tmp_path):
    for cli, folder in ((claude.CLI, ".claude/projects"), (codex.CLI, ".codex/sessions")):
        request = bench.request({"agent": cli.name}, HOME=str(tmp_path / "maria"))
        (tmp_path / "maria" / ".codex/sessions").mkdir(parents=True, exist_ok=True)
        (tmp_path / "maria" / ".codex/sessions/rollout-1-c-1.jsonl").touch()
        [(path, _)] = cli.sessions(request, tmp_path / "home", "c-1")
        assert path.is_relative_to(tmp_path / "maria" / folder)
        assert str(tmp_path / "home") not in str(cli.start(request, Wanted(cli.name), tmp_path / "home").environment)


def test_what_codex_says_is_read():
    report = Report("openai")
    events = [
        {"type": "thread.started", "thread_id": "t-1"},
        {"type": "item.completed", "item": {"type": "command_execution", "command": "make", "exit_code": 0}},
        {"type": "item.completed", "item": {"type": "file_change", "changes": [{"path": "a.md"}, 3]}},
        {"type": "item.completed", "item": {"type": "agent_message", "text": "Done."}},
        {"type": "error", "message": "Reconnecting"},
        {"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": True}},
        {"type": "turn.completed", "usage": {"input_tokens": 5, "output_tokens": 2}},
        {"type": "turn.completed", "usage": None},
        {"type": "item.completed", "item": 5},
    ]
    lines = [line for event in events for line in codex.CLI.read(event, report)]
    assert lines == ["$ make (0)", "changed a.md", "Done.", "Reconnecting"]
    assert (report.conversation, report.input_tokens, report.output_tokens, report.ended, report.failed, report.said) == (
        "t-1", 10, 2, True, "", "Done.",
    )  # fmt: skip
    resumed = Report("openai", spoken=(4, 3))
    assert list(codex.CLI.read({"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": 2}}, resumed)) == []
    assert (resumed.input_tokens, resumed.output_tokens) == (6, 0), "what was said before counts once"
    assert list(codex.CLI.read({"type": "turn.failed", "error": {"message": "no credit"}}, report)) == ["failed: no credit"]
    assert report.failed == "no credit"
    list(codex.CLI.read({"type": "turn.completed", "usage": {"input_tokens": 1, "output_tokens": 1}}, report))
    assert (report.failed, report.input_tokens) == ("no credit", 10), "nothing that comes later takes it back"


@pytest.mark.parametrize(("begun", "tokens"), [("t-1", (6, 1)), ("t-2", (10, 4))])
def test_what_codex_counts_of_another_conversation_than_was_resumed_is_all_new(begun, tokens):
    report = Report("openai", resumed="t-1", spoken=(4, 3))
    for event in (
        {"type": "thread.started", "thread_id": begun},
        {"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": 4}},
    ):
        list(codex.CLI.read(event, report))
    assert (report.figures.input_tokens, report.figures.output_tokens) == tokens


def test_codex_is_not_at_its_end_while_it_goes_on():
    report = Report("openai")
    done = {"type": "turn.completed", "usage": {"input_tokens": 1, "output_tokens": 1}}
    for more in ({"type": "item.completed", "item": {"type": "agent_message", "text": "On."}}, {"type": "turn.started"}):
        list(codex.CLI.read(done, report))
        assert (report.ended, report.figures.tokens) == (True, 2)
        list(codex.CLI.read(more, report))
        assert (report.ended, report.figures.tokens) == (False, None), "its tokens are told at the end alone"


def test_no_line_takes_back_what_claude_has_taken():
    report, usage = Report("anthropic"), {"input_tokens": 800, "output_tokens": 100}
    result = {"type": "result", "subtype": "success", "is_error": False, "total_cost_usd": 0.5, "usage": usage}
    little = {**result, "total_cost_usd": 0, "usage": {"input_tokens": 1, "output_tokens": 1}}
    over = {**result, "subtype": "error_max_budget_usd", "is_error": True}
    said = [{"type": "assistant", "message": {"id": name, "usage": usage}} for name in "ab"]
    for event in (said[0], little, said[1]):
        list(claude.CLI.read(event, report))
    assert (report.ended, report.figures.tokens, report.figures.cost) == (False, 1800, None), "it went on after what looked like its end"
    for event in (over, little, {**said[0], "parent_tool_use_id": "t"}):
        list(claude.CLI.read(event, report))
    assert (report.ended, report.spent, report.figures.tokens, str(report.figures.cost)) == (True, True, 1800, "0.500000")


@pytest.mark.parametrize(
    "event", [{}, {"type": 3}, {"type": "assistant"}, {"type": "assistant", "message": 4}, {"type": "result", "usage": "x"}]
)
def test_what_is_no_event_of_claude_breaks_nothing(event):
    report = Report("anthropic")
    list(claude.CLI.read(event, report))
    assert report.cost is None
    assert report.figures.tokens in (None, 0)


def test_a_link_is_no_conversation(bench, tmp_path):
    request = replace(bench.request({"agent": "claude"}), memory=tmp_path / "memory", conversation="c-1")
    [(path, name)] = claude.CLI.sessions(request, tmp_path / "home", "c-1")
    path.parent.mkdir(parents=True)
    path.symlink_to("/etc/passwd")
    remember(claude.CLI, request, tmp_path / "home", "c-1")
    assert not (tmp_path / "memory").exists()
    (tmp_path / "memory/claude").mkdir(parents=True)
    (tmp_path / "memory/claude" / name).symlink_to("/etc/passwd")
    assert not bring(claude.CLI, request, tmp_path / "home")


def test_a_conversation_that_is_too_long_is_not_kept_however_little_room_it_takes(bench, tmp_path):
    request = replace(bench.request({"agent": "claude"}), memory=tmp_path / "memory")
    [(path, name)] = claude.CLI.sessions(request, tmp_path / "home", "c-1")
    path.parent.mkdir(parents=True)
    path.touch()
    os.truncate(path, 64_000_001)
    remember(claude.CLI, request, tmp_path / "home", "c-1")
    assert not (tmp_path / "memory").exists()
    os.truncate(path, 64_000_000)
    remember(claude.CLI, request, tmp_path / "home", "c-1")
    assert (tmp_path / "memory/claude" / name).stat().st_size == 64_000_000


def test_what_cannot_be_kept_of_a_conversation_takes_no_work_with_it(bench, tmp_path):
    folder = tmp_path / ("x" * 200) / ("y" * 200)  # by which its folder would be called
    for made in (folder, tmp_path / "home/claude/projects"):
        made.mkdir(parents=True)
    request = replace(bench.request({"agent": "claude"}), memory=tmp_path / "memory", workspace=folder)
    remember(claude.CLI, request, tmp_path / "home", "c-1")
    assert not (tmp_path / "memory").exists()


def test_a_line_for_people():
    assert shown("a\n  b\tc") == "a b c"
    assert shown("x" * 400) == f"{'x' * 300} …"
