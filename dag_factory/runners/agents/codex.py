"""Codex: `codex exec --json`, which prints one JSON object a line (https://developers.openai.com/codex/noninteractive).

No AGENTS.md is read, the workspace's own `.codex` is not trusted, and rules and settings of the user are left out. Its sandbox is asked for: it may write
only to the workspace, the evidence folder and its temporary folder. It tells no cost, and its tokens only at its end: those of the
whole conversation, also of what was said before it was resumed. The model that it asked by default it names only in its record of the conversation.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from dag_factory.runners.agents.base import Report, Start, Wanted, counted, grown, named, own_folder, shown
from dag_factory.runners.base import Request

__all__ = ["CLI", "Codex"]

_SANDBOXES = ("read-only", "workspace-write", "danger-full-access")
_LONGEST = 1_000_000  # bytes of one line of its record, and lines of it, that are looked at
_MOST_LINES = 100_000


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
            "allow_login_shell": "false",  # its profile would take the PATH away that the task has
            "approval_policy": '"never"',
            "sandbox_workspace_write.writable_roots": json.dumps(roots),
            "sandbox_workspace_write.network_access": json.dumps("network" in wanted.tools),
            "sandbox_workspace_write.exclude_slash_tmp": "true",
            "skills.include_instructions": "false",
            "skills.bundled.enabled": "false",
            "history.persistence": '"none"',
            "check_for_update_on_startup": "false",
            "analytics.enabled": "false",
            "web_search": '"live"' if "network" in wanted.tools else '"disabled"',
        }
        given |= _gateway(request.environment)
        own = bool({"CODEX_HOME", "HOME"} & set(request.environment))
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
        # It makes its usual folder, and refuses one that is named and is not there.
        folder = {} if "HOME" in request.environment else {"CODEX_HOME": str(home / "codex")}
        return Start((*argv, "-"), folder, boxes=sandbox != _SANDBOXES[-1])

    def read(self, event: Mapping[str, Any], report: Report) -> Iterator[str]:
        """Take `thread.started`, `turn.completed`, `turn.failed`, `error` and `item.completed` events."""
        item = event["item"] if isinstance(event.get("item"), Mapping) else {}
        match event.get("type"):
            case "thread.started":
                report.conversation = named(event.get("thread_id"), report.conversation)
                if report.conversation != report.resumed:  # it began anew: nothing of what it counts was counted before
                    report.spoken = (0, 0)
            case "turn.started":
                report.ended = False
            case "turn.completed":
                report.ended = True
                usage = event["usage"] if isinstance(event.get("usage"), Mapping) else {}
                report.input_tokens = grown(report.input_tokens, _since(report.spoken[0], usage.get("input_tokens")))
                report.output_tokens = grown(report.output_tokens, _since(report.spoken[1], usage.get("output_tokens")))
            case "turn.failed":
                report.ended, report.failed = True, shown(_words(event.get("error")))
                yield f"failed: {report.failed}"
            case "error":
                report.trouble = shown(_words(event))
                yield report.trouble
            case "item.completed":
                if item.get("type") == "agent_message":
                    report.said, report.ended = shown(item.get("text")), False
                yield from _item(item)

    def model(self, request: Request, home: Path, conversation: str) -> str:
        """The model of the last turn, by the record of the conversation."""
        found = ""
        for path, _ in self.sessions(request, home, conversation):
            with suppress(OSError), os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as record:
                lines = iter(lambda: record.readline(_LONGEST), b"")
                for line in islice(lines, _MOST_LINES):
                    found = named(_turn(line).get("model"), found)
        return found

    def sessions(self, request: Request, home: Path, conversation: str) -> list[tuple[Path, str]]:
        """One file below `sessions`, by date."""
        config = own_folder(request, "CODEX_HOME", ".codex", home / "codex") / "sessions"
        found = sorted(config.rglob(f"rollout-*-{conversation}.jsonl")) if config.is_dir() else []
        if found:
            return [(found[-1], found[-1].name)]
        kept = sorted((request.memory / self.name).glob(f"rollout-*-{conversation}.jsonl")) if request.memory else []
        return [(config.joinpath(*_day(path.name), path.name), path.name) for path in kept[-1:]]


CLI = Codex()


def _day(name: str) -> tuple[str, ...]:
    """Where a conversation lies: rollout-2026-11-29T10-33-00-<id>.jsonl in 2026/11/29."""
    found = re.match(r"rollout-(\d{4})-(\d\d)-(\d\d)T", name)
    return found.groups() if found else ()


def _turn(line: bytes) -> Mapping[str, Any]:
    """What a line of the record says of the turn that begins there; nothing where it says something else."""
    if b"turn_context" not in line:
        return {}
    with suppress(ValueError, RecursionError):
        said = json.loads(line)
        if isinstance(said, dict) and said.get("type") == "turn_context" and isinstance(said.get("payload"), dict):
            return dict(said["payload"])
    return {}


def _gateway(environment: Mapping[str, str]) -> dict[str, str]:
    """The provider's settings where a binding names another address; a gateway is asked over plain HTTP."""
    if "OPENAI_BASE_URL" not in environment:
        return {}
    key = "OPENAI_API_KEY" if "OPENAI_API_KEY" in environment else "CODEX_API_KEY"
    named = {"name": "gateway", "base_url": environment["OPENAI_BASE_URL"], "wire_api": "responses", "env_key": key}
    written = [f"{name}={json.dumps(value)}" for name, value in named.items()]
    return {"model_provider": '"gateway"', "model_providers.gateway": f"{{{', '.join(written)}, supports_websockets=false}}"}


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


def _since(spoken: int, value: Any) -> int | None:
    """What was added to a count, which is always that of the whole conversation; None where it is none."""
    told = counted(value)
    return None if told is None else max(0, told - spoken)


def _words(error: Any) -> str:
    return str(error.get("message") or "no reason") if isinstance(error, Mapping) else str(error or "no reason")
