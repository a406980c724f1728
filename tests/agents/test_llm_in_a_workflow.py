"""A persona that is a language model, in a real workflow, against a scripted model on loopback: sealed, checked and attested like any other."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.completions import KEY, Fails, calls, ends, running
from support.house import House, make_repository

SPEC = """\
workflow: small
pattern: false
mission: A small mission about {{{{ braces }}}}
workspace: {{git: {repository}, branch: main}}
catalogue:
  writer:
    title: Writer
    instructions: Write plainly.
    contracts: {{writing: {{does: Write a note., writes: ["notes/**"], evidence: {{note: {{path: notes/note.md, kind: file}}}}}}}}
  reader: {{title: Reader, instructions: Read., contracts: {{reading: {{does: Read it., evidence: {{read: {{report: read.txt, kind: file}}}}}}}}}}
personas:
  writer: {writer}
  reader: {reader}
phases:
  first: {{tasks: {{write: {{persona: writer, duty: writing}}}}, gate: {{}}}}
  second: {{tasks: {{read: {{persona: reader, duty: reading, validates: [first]}}}}, gate: {{}}}}
"""
WRITE = calls(("write_file", {"path": "notes/note.md", "content": "a note\n"}))
READ = 'cp "$PHASEGATE_INPUTS"/first/write/notes/note.md "$PHASEGATE_EVIDENCE/read.txt"'


@pytest.fixture
def installed(tmp_path):
    """No command line is needed here, and nothing is skipped where none can be installed."""
    return tmp_path


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Makes a small workflow whose writer, and reader if wanted, is the model."""

    def make(model, writer="{llm: my_model}", reader=f"{{command: '{READ}'}}"):
        monkeypatch.setenv("AIRFLOW_CONN_MY_MODEL", model.connection)
        root = tmp_path / "house"
        house = House(root, monkeypatch)
        house.write(SPEC.format(repository=make_repository(root / "repo"), writer=writer, reader=reader))
        house.run("kickoff")
        return house

    return make


def said(house, task="first/write", number=-1):
    return house.record.statements[task][number].says


def findings(house, phase="first"):
    house.close(phase)
    return [finding.id for finding in house.findings(phase)]


def everything(house):
    """All bytes that a run leaves anywhere."""
    return b"".join(path.read_bytes() for path in house.root.rglob("*") if path.is_file())


def test_it_delivers_and_the_gate_passes_and_its_key_is_nowhere(work, caplog):
    with running(WRITE, ends()) as model:
        house = work(model)
        house.run("first.write")
    assert house.failures == {}
    statement = said(house)
    figures = statement.figures
    assert (statement.runner, statement.outcome, figures.provider, figures.model) == ("llm", "completed", "openai", "fake-2026")
    assert (figures.requests, figures.input_tokens, figures.output_tokens, figures.cost) == (2, 200, 20, None)
    assert statement.principals == (f"conversation:openai:{figures.conversation}", f"llm:openai/fake-2026/{figures.conversation}")
    house.close("first")
    assert house.word("first") == "PASSED"
    assert "A small mission about {{ braces }}" in model.said("user", 0)
    for text in (everything(house), caplog.text.encode(), str(house.xcoms).encode(), *(json.dumps(one).encode() for one in model.asked)):
        assert KEY.encode() not in text


def test_a_retry_goes_on_with_conversation_and_files(work):
    with running(WRITE, Fails(429, message="slow down")) as model:
        house = work(model)
        house.run("first.write")
        assert "answered 429 (too many requests)" in house.failures["first.write"]
        first = said(house)
        assert (first.outcome, [refusal.rule for refusal in first.refusals]) == ("failed", ["agent-failed"])
        assert first.kept.memory
        assert first.kept.sealed
        model.script += [calls(("read_file", {"path": "notes/note.md"})), ends()]
        house.run("first.write")
    second = said(house)
    assert second.outcome == "completed"
    assert second.figures.conversation == first.figures.conversation
    assert "Wrote notes/note.md" in model.said("tool", 2), "the conversation"
    assert "a note" in model.said("tool", 3), "the files"
    house.close("first")
    assert house.word("first") == "PASSED"


def test_a_budget_is_kept_over_attempts_and_what_was_done_is_kept(work):
    with running(WRITE, WRITE, WRITE) as model:
        house = work(model, writer="{llm: my_model, budget: {requests: 2}}")
        house.run("first.write")
        assert "the 2 requests that were left for it are spent" in house.failures["first.write"]
        assert said(house).kept.sealed
        house.run("first.write")
    assert "no requests to a model are left" in house.failures["first.write"]
    assert len(model.asked) == 2
    assert any(name.startswith("budget-exceeded") for name in findings(house))


@pytest.mark.parametrize(("code", "word"), [(0, "PASSED"), (1, "FAILED")])
def test_a_judge_only_looks_and_what_it_claims_needs_a_check_beside_it(work, code, word):
    judge = (
        calls(("read_file", {"path": "notes/note.md"}), ("write_file", {"path": "notes/note.md", "content": "mine"})),
        ends("Looked.", verdict="PASSED", notes=f"It is a note, and {KEY}.", references=["notes/note.md"]),
    )
    with running(WRITE, ends(), *judge) as model:
        check = f'cp notes/note.md "$PHASEGATE_EVIDENCE/read.txt"; exit {code}'
        house = work(model, reader=f"{{llm: my_model, verify: '{check}'}}")
        house.run("first.write")
        house.close("first")
        house.run("second.read")
    judged = said(house, "second/read").judgement
    assert (judged.verdict, judged.grade, judged.notes, judged.references) == (
        "PASSED", "claimed", "It is a note, and ***.", ("notes/note.md",),
    )  # fmt: skip
    assert KEY.encode() not in everything(house)
    assert "a note" in model.said("tool", 3)
    assert "Unknown tool name: 'write_file'" in model.said("tool", 3)
    house.close("second")
    assert house.word("second") == word


def test_a_failed_of_a_judge_counts_whatever_the_check_says(work):
    judge = (calls(("read_file", {"path": "notes/note.md"})), ends("Looked.", verdict="FAILED", notes="It is thin."))
    with running(WRITE, ends(), *judge) as model:
        house = work(model, reader="{llm: my_model, verify: 'cp notes/note.md \"$PHASEGATE_EVIDENCE/read.txt\"'}")
        house.run("first.write")
        house.close("first")
        house.run("second.read")
    house.close("second")
    assert [finding.id for finding in house.findings("second")] == ["validation-failed:second/read"]
    assert "gave the verdict FAILED: It is thin." in house.findings("second")[0].text


def test_a_model_that_does_nothing_is_not_believed(work):
    with running(ends("Everything is written and perfect.")) as model:
        house = work(model)
        house.run("first.write")
    assert "changed nothing: Everything is written and perfect." in house.failures["first.write"]
    assert any(name.startswith("agent-idle") for name in findings(house))


def test_a_connection_that_is_not_there(work, monkeypatch):
    with running() as model:
        house = work(model)
        monkeypatch.delenv("AIRFLOW_CONN_MY_MODEL")
        house.run("first.write")
    assert "There is no Airflow connection 'my_model' for this task." in house.failures["first.write"]
    assert model.asked == []


def test_it_has_the_tools_of_the_author_and_of_an_mcp_server(work, monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW_CONN_MARKET", json.dumps({"conn_type": "http", "host": "shop", "password": "sesame-0123"}))
    server = tmp_path / "server.py"
    server.write_text(
        "import os\nfrom mcp.server import MCPServer\napp = MCPServer('docs')\n\n@app.tool()\ndef look_up(word: str) -> str:\n"
        "    return f'{word} means {len(word)}; my environment: {sorted(os.environ)}'\n\napp.run('stdio')\n"
    )
    docs = {"conn_type": "mcp", "extra": {"transport": "stdio", "command": sys.executable, "args": ["-P", str(server)], "timeout": 60}}
    monkeypatch.setenv("AIRFLOW_CONN_DOCS", json.dumps(docs))
    script = (calls(("docs_look_up", {"word": "mart"}), ("price", {"what": "tea"})), WRITE, ends())
    with running(*script) as model:
        house = work(model, writer='{llm: {connection: my_model, mcp: [docs], toolsets: ["shopping:tools"], connections: [market]}}')
        (house.specs / "shopping.py").write_text(
            "from airflow.sdk import Connection\nfrom pydantic_ai import FunctionToolset\n\n\ndef price(what: str) -> str:\n"
            '    """Ask what something costs."""\n    given = Connection.get("market")\n'
            '    return f"{what} costs 3 at {given.host}, said {given.password}"\n\n\ndef tools():\n    return FunctionToolset([price])\n'
        )
        house.run("first.write")
    assert house.failures == {}
    told = model.said("tool", 1)
    assert "mart means 4" in told
    assert "AIRFLOW" not in told.partition("my environment")[2].partition("]")[0]
    assert "tea costs 3 at shop, said ***" in told
    assert b"sesame-0123" not in everything(house)
    assert {"docs_look_up", "price"} <= set(model.tools())


def test_a_toolset_that_is_not_there_is_named(work):
    with running() as model:
        house = work(model, writer='{llm: {connection: my_model, toolsets: ["nowhere:tools"]}}')
        house.run("first.write")
    assert "No module named 'nowhere'" in house.failures["first.write"]


def test_a_secret_that_a_model_writes_down_is_no_evidence(work):
    with running(calls(("write_file", {"path": "notes/note.md", "content": f"the key is {KEY}\n"})), ends()) as model:
        house = work(model)
        house.run("first.write")
    assert any(name.startswith("secret-in-evidence") for name in findings(house))
    store = b"".join(path.read_bytes() for path in Path(house.store.path).rglob("*") if path.is_file())
    assert KEY.encode() not in store
