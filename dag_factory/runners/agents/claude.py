"""Claude Code: `claude -p`, which prints one JSON object a line (https://code.claude.com/docs/en/headless).

It is started in safe mode, with no settings but its own user's: no CLAUDE.md, hook, skill, plugin or MCP server of the workspace is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dag_factory.runners.agents.base import Report, Start, Wanted, counted, grown, named, own_folder, priced, shown
from dag_factory.runners.base import Request

__all__ = ["CLI", "Claude"]

_TOOLS = ("Bash", "Read", "Edit", "Write", "Glob", "Grep")
_EDITS = frozenset({"Edit", "Write"})
_QUIET = {
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}


class Claude:
    """Starts it, and reads what it prints."""

    name = "claude"
    provider = "anthropic"
    program = "claude"
    install = "npm install -g @anthropic-ai/claude-code"

    def start(self, request: Request, wanted: Wanted, home: Path) -> Start:
        """One run without questions: what is not allowed is denied."""
        tools = wanted.tools or _TOOLS
        argv = [
            *(self.program, "-p", "--output-format", "stream-json", "--verbose"),
            *("--safe-mode", "--setting-sources", "user", "--strict-mcp-config", "--disable-slash-commands"),
            *("--permission-mode", "dontAsk", "--tools", ",".join(dict.fromkeys(tool.partition("(")[0] for tool in tools))),
            *("--add-dir", str(request.evidence.absolute()), str(request.inputs.absolute())),
            *("--allowedTools", *(rule for tool in tools for rule in _rules(tool, request))),
        ]
        argv += ["--model", wanted.model] if wanted.model else []
        turns = [most for most in (wanted.turns, request.allowance.requests) if most is not None]
        argv += ["--max-turns", str(min(turns))] if turns else []
        argv += ["--max-budget-usd", f"{request.allowance.money:f}"] if request.allowance.money is not None else []
        argv += ["--resume", request.conversation] if request.conversation else []
        folder = {} if "HOME" in request.environment else {"CLAUDE_CONFIG_DIR": str(home / "claude")}
        return Start(tuple(argv), {**folder, **_QUIET})

    def read(self, event: Mapping[str, Any], report: Report) -> Iterator[str]:
        """Take `system`, `assistant`, `user` and `result` events."""
        report.conversation = named(event.get("session_id"), report.conversation)
        match event.get("type"):
            case "system" if event.get("subtype") == "api_retry":
                report.trouble = shown(f"the model answered {event.get('error_status') or 'nothing'} ({event.get('error')})")
                yield f"{report.trouble}; it is asked again"
            case "system" if event.get("subtype") == "init":
                report.model = named(event.get("model"), report.model)
                yield shown(f"Claude Code {event.get('claude_code_version', '')} with {report.model}")
            case "assistant":
                report.ended = report.ended and bool(event.get("parent_tool_use_id"))  # the rest of a subagent's words is no more work
                yield from self._said(_mapping(event.get("message")), report)
            case "result":
                yield from self._ended(event, report)

    def _said(self, message: Mapping[str, Any], report: Report) -> Iterator[str]:
        """A message may come in parts, each under the same id and with the usage of its beginning."""
        usage = _mapping(message.get("usage"))
        if message.get("model") != "<synthetic>" and report.new(message.get("id")):
            report.requests = (report.requests or 0) + 1
            report.input_tokens = (report.input_tokens or 0) + _taken(usage)
            report.output_tokens = (report.output_tokens or 0) + _count(usage.get("output_tokens"))
        for part in map(_mapping, _listed(message.get("content"))):
            if part.get("type") == "text":
                report.said = shown(part.get("text"))
                yield report.said
            elif part.get("type") == "tool_use":
                yield shown(f"{part.get('name')} {_aim(_mapping(part.get('input')))}")

    def _ended(self, event: Mapping[str, Any], report: Report) -> Iterator[str]:
        report.ended = True
        report.said = report.said or shown(event.get("result") or "")
        usage = _mapping(event.get("usage"))
        if _count(usage.get("output_tokens")):
            report.input_tokens = grown(report.input_tokens, _taken(usage))
            report.output_tokens = grown(report.output_tokens, _count(usage.get("output_tokens")))
        report.cost = grown(report.cost, priced(event.get("total_cost_usd")))
        if event.get("is_error") is not False or event.get("subtype") != "success":
            told = _listed(event.get("errors")) or [event.get("result") or event.get("subtype") or "no reason"]
            report.failed = shown("; ".join(map(str, told)))
        report.spent = report.spent or event.get("subtype") == "error_max_budget_usd"
        if event.get("subtype") == "error_max_turns":
            report.failed = f"{report.failed}; it had not come to its end"
        for denied in map(_mapping, _listed(event.get("permission_denials"))):
            yield shown(f"denied: {denied.get('tool_name')} {_aim(_mapping(denied.get('tool_input')))}")

    def model(self, request: Request, home: Path, conversation: str) -> str:  # noqa: ARG002 # the Protocol's arguments
        """None but what its output names."""
        return ""

    def sessions(self, request: Request, home: Path, conversation: str) -> list[tuple[Path, str]]:
        """One file, in a folder that is named after the workspace."""
        config = own_folder(request, "CLAUDE_CONFIG_DIR", ".claude", home / "claude")
        folder = re.sub(r"[^A-Za-z0-9]", "-", str(request.workspace.resolve()))
        return [(config / "projects" / folder / f"{conversation}.jsonl", f"{conversation}.jsonl")]


CLI = Claude()


def _rules(tool: str, request: Request) -> Iterator[str]:
    """What a tool is allowed: to change files only where the task works. A rule that the author wrote stands as it is."""
    if tool in _EDITS:
        for folder in (request.workspace, request.evidence):
            yield f"Edit(/{folder.absolute()}/**)"  # of all that edits; two slashes: an absolute path
    else:
        yield tool


def _aim(asked: Mapping[str, Any]) -> str:
    """The argument of a tool call that tells the most."""
    return str(next((asked[key] for key in ("file_path", "command", "pattern", "path", "url") if key in asked), ""))


def _taken(usage: Mapping[str, Any]) -> int:
    """All input that was read, from a cache or not."""
    return sum(_count(usage.get(key)) for key in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"))


def _count(value: Any) -> int:
    return counted(value) or 0


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
