"""A scripted model on 127.0.0.1: speaks enough of two protocols that the real command lines of agents take it for theirs.

Anthropic's Messages API (``POST /v1/messages``) and OpenAI's Responses API (``POST /v1/responses``), both as streams. What the model "says" is a list of
turns, given one after another to requests that offer tools; everything it was asked is kept, to be asserted.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Asked", "Call", "Model", "Refuse", "Say", "Silence", "scripted"]


@dataclass(frozen=True)
class Say:
    """Say something and end the turn. `usage` is input and output tokens; `cut` breaks the stream off in the middle."""

    text: str
    usage: tuple[int, int] = (1000, 50)
    cut: bool = False


@dataclass(frozen=True)
class Call:
    """Call a tool, with these arguments."""

    tool: str
    arguments: dict[str, Any]
    usage: tuple[int, int] = (1000, 50)


@dataclass(frozen=True)
class Refuse:
    """Answer with an HTTP error."""

    code: int
    says: str = "no"
    kind: str = "api_error"


@dataclass(frozen=True)
class Silence:
    """Take the request, and never answer."""


Turn = Say | Call | Refuse | Silence


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def tools(self) -> set[str]:
        """What tools were offered: by the request, or by an item of its input, as Codex does for its newest models."""
        return {tool.get("name") or tool.get("type") for tool in [*(self.body.get("tools") or ()), *self.added]}

    @property
    def added(self) -> list[dict[str, Any]]:
        """The tools that an item of the input offers, each with the `namespace` it stands in."""
        found = []
        for item in self.body.get("input") or ():
            for tool in item.get("tools", ()) if item.get("type") == "additional_tools" else ():
                inner = tool.get("tools", ()) if tool.get("type") == "namespace" else [tool]
                found += [{**one, "namespace": tool.get("name") if one is not tool else None} for one in inner]
        return found

    @property
    def text(self) -> str:
        """Everything that was said, however it was wrapped."""
        return "\n".join(_texts({key: self.body.get(key) for key in ("system", "messages", "instructions", "input")}))

    @property
    def results(self) -> list[str]:
        """What the tools answered, as the model is told."""
        found = []
        for message in self.body.get("messages") or self.body.get("input") or ():
            parts = message.get("content") if isinstance(message.get("content"), list) else [message]
            for part in parts:
                if isinstance(part, dict) and part.get("type") in ("tool_result", "function_call_output", "custom_tool_call_output"):
                    found.append("\n".join(_texts(part.get("content", part.get("output")))))
        return found


@dataclass
class Model:
    """The model: what it is to say, and what it was asked. When its turns are over it repeats the last one; or a function says what it says."""

    turns: list[Turn] | Callable[[Asked], Turn]
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    given: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def turn(self, asked: Asked) -> Turn:
        with self.lock:
            self.asked.append(asked)
            if not asked.tools:  # a title, a summary: not the work
                return Say("A title")
            if callable(self.turns):
                return self.turns(asked)
            self.given += 1
            return self.turns[min(self.given, len(self.turns)) - 1]

    @property
    def work(self) -> list[Asked]:
        """The requests of the work itself."""
        return [asked for asked in self.asked if asked.tools]


@contextmanager
def scripted(*turns: Turn | Callable[[Asked], Turn]) -> Iterator[Model]:
    """Serve a model that says these turns, or what a function answers to each request."""
    model = Model(turns[0] if len(turns) == 1 and callable(turns[0]) else [turn for turn in turns if not callable(turn)])
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"model": model}))
    server.daemon_threads = True
    server.block_on_close = False
    model.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        model.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    model: Model
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._json(200, {})

    def do_GET(self) -> None:
        if self.path.partition("?")[0].endswith("/models"):
            self._json(200, {"object": "list", "data": [], "models": []})
        else:
            self._json(404, {"error": {"message": "nothing here"}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        try:
            asked = Asked(path, {key.lower(): value for key, value in self.headers.items()}, json.loads(body or b"{}"))
        except ValueError:
            self._json(400, {"error": {"message": "no JSON"}})
            return
        if path.endswith("/count_tokens"):
            self._json(200, {"input_tokens": 100})
        elif path.endswith("/messages"):
            self._answer(asked, _messages)
        elif path.endswith("/responses"):
            self._answer(asked, _responses)
        else:
            self._json(404, {"error": {"message": "nothing here"}})

    def _answer(self, asked: Asked, speak: Any) -> None:
        turn = self.model.turn(asked)
        if isinstance(turn, Silence):
            self.model.closing.wait(600)
            self.close_connection = True
            return
        if isinstance(turn, Refuse):
            self._json(turn.code, {"type": "error", "error": {"type": turn.kind, "code": turn.kind, "message": turn.says}})
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for event in speak(turn, asked):
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()

    def _json(self, code: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: Any) -> None: ...

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError):
            super().handle()


def _messages(turn: Say | Call, asked: Asked) -> Iterator[dict[str, Any]]:
    """https://docs.anthropic.com/en/api/messages-streaming."""
    name = f"msg_{time.monotonic_ns()}"
    taken, given = turn.usage
    head = {
        "id": name,
        "type": "message",
        "role": "assistant",
        "model": asked.body.get("model"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }
    yield {"type": "message_start", "message": head | {"usage": {"input_tokens": taken, "output_tokens": 1}}}
    if isinstance(turn, Say):
        yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": turn.text}}
        if turn.cut:
            return
    else:
        block = {"type": "tool_use", "id": f"toolu_{time.monotonic_ns()}", "name": turn.tool, "input": {}}
        yield {"type": "content_block_start", "index": 0, "content_block": block}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(turn.arguments)}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    reason = "end_turn" if isinstance(turn, Say) else "tool_use"
    yield {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": given}}
    yield {"type": "message_stop"}


def _responses(turn: Say | Call, asked: Asked) -> Iterator[dict[str, Any]]:
    """https://platform.openai.com/docs/api-reference/responses-streaming."""
    name = f"resp_{time.monotonic_ns()}"
    yield {"type": "response.created", "response": {"id": name}}
    item: dict[str, Any]
    if isinstance(turn, Say):
        item = {"type": "message", "role": "assistant", "id": f"msg_{name}", "content": [{"type": "output_text", "text": turn.text}]}
        if turn.cut:
            yield {
                "type": "response.output_text.delta",
                "delta": turn.text[:3],
                "item_id": item["id"],
                "output_index": 0,
                "content_index": 0,
            }
            return
    else:
        item = {"id": f"fc_{name}", "call_id": f"call_{name}", **_called(turn, asked)}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    taken, given = turn.usage
    usage = {
        "input_tokens": taken, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": given,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": taken + given,
    }  # fmt: skip
    yield {"type": "response.completed", "response": {"id": name, "usage": usage}}


_SCRIPT = """\
// @exec: {"yield_time_ms": 600000}
let told = await tools.%s(%s);
text(told);
while (told.session_id !== undefined) {
  told = await tools.write_stdin({session_id: told.session_id, yield_time_ms: 30000});
  text(told);
}
"""
"""Calls a tool, and waits for it: a command that takes longer than some seconds is handed over as a session that goes on."""


def _called(turn: Call, asked: Asked) -> dict[str, Any]:
    """How a tool is called: by its name, or, where `exec` takes JavaScript, by a script that calls it and hands on what it answers."""
    exec_tool = next((tool for tool in asked.added if (tool["type"], tool["name"]) == ("custom", "exec")), None)
    if turn.tool in asked.tools or exec_tool is None:
        return {"type": "function_call", "name": turn.tool, "arguments": json.dumps(turn.arguments)}
    script = _SCRIPT % (turn.tool, json.dumps(turn.arguments))
    return {"type": "custom_tool_call", "namespace": exec_tool["namespace"], "name": "exec", "input": script}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
