"""Codex: `codex exec --json`, which prints one JSON object a line (https://developers.openai.com/codex/noninteractive).

No AGENTS.md is read, the workspace's own `.codex` is not trusted, and rules and settings of the user are left out. Its sandbox is asked for: it may write
only to the workspace, the evidence folder and its temporary folder. It tells no cost, and its tokens only at its end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dag_factory.runners.agents.base import Report, Start, Wanted, shown
from dag_factory.runners.base import Request

__all__ = ["CLI", "Codex"]

_SANDBOXES = ("read-only", "workspace-write", "danger-full-access")


class Codex:
    """Starts it, and reads what it prints."""

    name = "codex"
    provider = "openai"
    program = "codex"
    install = "npm install -g @openai/codex"

    def start(self, request: Request, wanted: Wanted, home: Path) -> Start:
        """One run without questions, in its own sandbox; `tools` may name another sandbox, and features to switch off as `no-…`."""
        sandbox = next((tool for tool in wanted.tools if tool in _SANDBOXES), "workspace-write")
        roots = [str(request.evidence.absolute())]
        given = {
            "project_doc_max_bytes": "0",
            "approval_policy": '"never"',
            "sandbox_workspace_write.writable_roots": json.dumps(roots),
            "sandbox_workspace_write.network_access": json.dumps("network" in wanted.tools),
            "history.persistence": '"none"',
            "check_for_update_on_startup": "false",
            "analytics.enabled": "false",
        }
        if url := request.environment.get("OPENAI_BASE_URL"):
            given["openai_base_url"] = json.dumps(url)
        own = "CODEX_HOME" in request.environment
        argv = [
            self.program,
            "exec",
            "--json",
            "--skip-git-repo-check",
            "--ignore-rules",
            "-s",
            sandbox,
            "-C",
            str(request.workspace.absolute()),
        ]
        argv += ["--ignore-user-config"] if own else []
        argv += [word for tool in wanted.tools if tool.startswith("no-") for word in ("--disable", tool.removeprefix("no-"))]
        argv += [word for key, value in given.items() for word in ("-c", f"{key}={value}")]
        argv += ["-m", wanted.model] if wanted.model else []
        argv += ["resume", request.conversation] if request.conversation else []
        return Start((*argv, "-"), {"CODEX_HOME": str(home / "codex")})

    def read(self, event: Mapping[str, Any], report: Report) -> Iterator[str]:
        """Take `thread.started`, `turn.completed`, `turn.failed`, `error` and `item.completed` events."""
        item = event["item"] if isinstance(event.get("item"), Mapping) else {}
        match event.get("type"):
            case "thread.started":
                report.conversation = str(event.get("thread_id") or "")
            case "turn.completed":
                report.ended, report.failed = True, ""
                usage = event["usage"] if isinstance(event.get("usage"), Mapping) else {}
                report.input_tokens = _more(report.input_tokens, usage.get("input_tokens"))
                report.output_tokens = _more(report.output_tokens, usage.get("output_tokens"))
            case "turn.failed":
                report.ended, report.failed = True, shown(_words(event.get("error")))
                yield f"failed: {report.failed}"
            case "error":
                report.trouble = shown(_words(event))
                yield report.trouble
            case "item.completed":
                report.said = shown(item.get("text")) if item.get("type") == "agent_message" else report.said
                yield from _item(item)

    def sessions(self, request: Request, home: Path, conversation: str) -> list[tuple[Path, str]]:
        """One file below `sessions`, by date; a conversation that goes on is laid where its date does not matter."""
        config = Path(request.environment.get("CODEX_HOME", home / "codex")) / "sessions"
        found = sorted(config.rglob(f"rollout-*-{conversation}.jsonl")) if config.is_dir() else []
        if found:
            return [(found[-1], found[-1].name)]
        kept = sorted((request.memory / self.name).glob(f"rollout-*-{conversation}.jsonl")) if request.memory else []
        # rollout-2026-11-29T10-33-00-<id>.jsonl lies in 2026/11/29
        return [
            (config.joinpath(*path.name.split("-", 4)[1:3], path.name.split("-", 4)[3][:2], path.name), path.name) for path in kept[-1:]
        ]


CLI = Codex()


def _item(item: Mapping[str, Any]) -> Iterator[str]:
    """One thing it did, in a line."""
    match item.get("type"):
        case "agent_message":
            yield shown(item.get("text"))
        case "command_execution":
            yield shown(f"$ {item.get('command')} ({item.get('exit_code')})")
        case "file_change":
            changes = item["changes"] if isinstance(item.get("changes"), list) else []
            yield shown("changed " + ", ".join(str(change.get("path")) for change in changes if isinstance(change, Mapping)))
        case "error":
            yield shown(item.get("message"))


def _more(before: int | None, value: Any) -> int | None:
    """Add a count that may not be one."""
    told = value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
    return before if told is None else (before or 0) + told


def _words(error: Any) -> str:
    return str(error.get("message") or "no reason") if isinstance(error, Mapping) else str(error or "no reason")
