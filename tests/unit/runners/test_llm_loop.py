"""The conversation with a model: its limits, its memory, and what it can answer that is no answer."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.providers.openai import OpenAIProvider
from support.completions import Fails, calls, ends, running

from dag_factory.runners import llm_order
from dag_factory.runners.llm_loop import Loop
from dag_factory.runners.llm_order import Order, Report
from dag_factory.runners.llm_told import told

WRITES = ("write_file", {"path": "src/a.py", "content": "x = 1\n"})


@dataclass
class Hook:
    """Makes an agent as the provider's hook does."""

    model: Any

    def create_agent(self, output_type: Any, **kwargs: Any) -> Any:
        return Agent(self.model, output_type=output_type, **kwargs)


@dataclass
class Told:
    """What came of a conversation."""

    reports: list[Report]
    lines: list[str]
    error: Exception | None = None
    rule: str = ""
    failed: str = ""


@pytest.fixture
def converse(bench):
    """Have a model work in this process."""

    def work(model: Any, **more: Any) -> Told:
        folders = {name: str(bench.root / name) for name in ("workspace", "inputs", "evidence")}
        room = {**folders, "task_file": str(bench.task_file), "writes": ["src/**"], "reports": []}
        asked: dict[str, Any] = {
            "connection": "my_model",
            "prompt": "Do it.",
            "conversation": "c-1",
            "room": room,
            "spec_dir": str(bench.spec),
        }
        order = Order(**(asked | more))
        found = Told([], [])
        try:
            asyncio.run(Loop(order, Hook(model), (), found.reports.append, found.lines.append).run())
        except Exception as error:
            found.error = error
            found.rule, found.failed = told(error, order)
        return found

    return work


@contextmanager
def reached(*script: Any):
    """A model over HTTP, which asks once and not again."""
    with running(*script) as model:
        from openai import AsyncOpenAI

        client = AsyncOpenAI(base_url=model.url, api_key="none", max_retries=0)
        yield model, OpenAIChatModel("fake", provider=OpenAIProvider(openai_client=client))


def test_a_model_that_uses_every_tool_once(bench, converse):
    found = converse(TestModel(), judges=True)
    assert found.error is None
    last = found.reports[-1]
    assert last.doing == "done"
    assert last.summary is not None
    assert last.verdict == "PASSED"
    assert any(line.startswith("write_file") for line in found.lines)
    assert list(bench.workspace.rglob("*")) == [], "what a test model makes up is refused"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Fails(429, message="slow down"), "answered 429 (too many requests): {'message': 'slow down'"),
        (Fails(500, message="broken"), "answered 500 (internal server error): {'message': 'broken'"),
        (Fails(401, message="who are you"), "answered 401 (unauthorized)"),
        (Fails(200, half=True), "could not be reached, or broke off in the middle of its answer"),
        (Fails(200), "answered what cannot be used"),
        (Fails(silent=True), "did not answer within 1 s"),
    ],
)
def test_what_is_no_answer_is_told_by_name(converse, answer, says):
    with reached(calls(WRITES), answer) as (model, asked):
        found = converse(asked, patience=1.0)
    assert found.rule == ("agent-broken" if "cannot be used" in says else "agent-failed")
    assert found.failed.startswith("The model of the connection my_model ")
    assert says in found.failed
    assert len(model.asked) == 2
    assert found.reports[-1].requests == 2
    assert found.reports[-1].doing == "waiting for answer 2 of the model"


def test_a_model_that_nobody_answers_for(converse):
    with reached() as (_, asked):
        pass
    found = converse(asked, patience=5.0)
    assert "could not be reached" in found.failed


SECRET = "tango-whiskey-foxtrot"


def test_what_it_says_is_masked_before_it_is_cut_short(converse):
    at, path = "x" * 1_990, f"{'p' * 190}{SECRET}"

    def speak(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if len(messages) == 1:
            return ModelResponse(parts=[TextPart(f"{at}{SECRET}"), ToolCallPart("read_file", {"path": path})])
        return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, {"summary": f"{at}{SECRET}"})])

    found = converse(FunctionModel(speak), secrets=(SECRET,))
    assert found.error is None
    assert found.lines[:2] == [f"{at}***", f"read_file {'p' * 190}***"]
    assert found.lines[-1] == f"Done: {at}***"


def test_what_is_told_of_a_failure_is_masked_before_it_is_cut_short(converse):
    with reached(Fails(401, message=f"{'x' * 470} the key {SECRET} is unknown")) as (_, asked):
        found = converse(asked, secrets=(SECRET,))
    assert "answered 401 (unauthorized)" in found.failed
    assert "the key ***" in found.failed
    assert "tango" not in found.failed


def test_each_that_stands_in_is_told(converse):
    with reached(Fails(500, message="first")) as (_, one), reached(Fails(429, message="second")) as (_, other):
        found = converse(FallbackModel(one, other))
    assert "and each that stands in for it, failed" in found.failed
    assert "answered 500" in found.failed
    assert "answered 429" in found.failed


def test_tokens_that_are_spent_end_it(bench, converse):
    with reached(calls(WRITES, usage=(900, 200)), ends()) as (model, asked):
        found = converse(asked, tokens=1000)
    assert (found.rule, found.failed) == ("budget-exceeded", "It was ended: the 1000 tokens that were left for it are spent.")
    assert len(model.asked) == 1
    assert found.reports[-1].input_tokens == 900


@pytest.mark.parametrize("usage", [None, (-100_000, 10), (100, -10)], ids=["nothing", "less than nothing", "less than nothing was written"])
@pytest.mark.filterwarnings("ignore:Failed to extract usage")
def test_a_model_that_does_not_say_what_it_takes_is_held_to_no_budget_of_tokens(bench, converse, usage):
    with reached(calls(WRITES, usage=usage), ends()) as (_, asked):
        found = converse(asked, tokens=1000)
    assert found.rule == "budget-exceeded"
    assert "does not say how many tokens it takes" in found.failed
    assert found.reports[-1].tokens_told is False
    assert list(bench.workspace.rglob("*")) == []
    with reached(calls(WRITES, usage=usage), ends()) as (_, asked):
        found = converse(asked)
    assert found.error is None
    assert found.reports[-1].tokens_told is False


def test_a_model_that_goes_round_in_circles_is_stopped(converse, monkeypatch):
    monkeypatch.setattr(llm_order, "MOST_REQUESTS", 5)

    def again(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart("list_files", {})])

    found = converse(FunctionModel(again))
    assert found.rule == "agent-failed"
    assert "asked the model 5 times" in found.failed
    assert "budget: {requests: N}" in found.failed
    found = converse(FunctionModel(again), requests=3)
    assert (found.rule, found.failed) == ("budget-exceeded", "It was ended: the 3 requests that were left for it are spent.")


@pytest.mark.parametrize("given", [{"summary": "x", "verdict": "pass"}, {"summary": "x", "verdict": True}, {"verdict": "PASSED"}, {}])
def test_a_verdict_in_no_known_word_is_none(converse, given):
    def again(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart("final_result", given)])

    found = converse(FunctionModel(again), judges=True)
    assert found.reports[-1].summary is None
    assert "answered what cannot be used" in found.failed


def test_the_conversation_is_kept_whole_and_goes_on(bench, converse):
    memory = bench.root / "memory"
    with reached(calls(WRITES), Fails(500)) as (_, asked):
        assert converse(asked, memory=str(memory)).error is not None
    kept = json.loads((memory / "conversation.json").read_bytes())
    assert [part["part_kind"] for part in kept[-1]["parts"]] == ["tool-return"], "every call has its answer"
    with reached(ends()) as (model, asked):
        assert converse(asked, memory=str(memory), resumed=True, prompt="Go on.").error is None
    assert model.said("user") == "Do it.\nGo on."
    assert "Wrote src/a.py" in model.said("tool")


@pytest.mark.parametrize("content", [None, b"", b"[{]", b'{"kind": "no"}'])
def test_a_conversation_that_cannot_be_read_begins_anew(bench, converse, content):
    memory = bench.root / "memory"
    if content is not None:
        memory.mkdir()
        (memory / "conversation.json").write_bytes(content)
    with reached(ends()) as (model, asked):
        found = converse(asked, memory=str(memory), resumed=True)
    assert found.error is None
    assert model.said("user") == "Do it."
    assert any("begins anew" in line for line in found.lines)


def test_it_is_told_nothing_but_what_the_order_says(converse):
    with reached(ends()) as (model, asked):
        converse(asked, prompt="Write {{ conn.my_model.password }} and ${HOME}.")
    assert model.said("user") == "Write {{ conn.my_model.password }} and ${HOME}."
