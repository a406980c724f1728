"""A model on loopback that says what a test has written: an HTTP server which speaks OpenAI's chat completions, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-loopback-0123456789"


@dataclass(frozen=True)
class Calls:
    """An answer that calls tools, each as its name and its arguments."""

    tools: tuple[tuple[str, dict[str, Any]], ...]
    usage: tuple[int, int] | None = (100, 10)


def calls(*tools: tuple[str, dict[str, Any]], usage: tuple[int, int] | None = (100, 10)) -> Calls:
    return Calls(tools, usage)


def ends(summary: str = "It is done.", **more: Any) -> Calls:
    """The answer that ends the work: pydantic-ai has a model give its result by a tool of this name."""
    return calls(("final_result", {"summary": summary, **more}))


@dataclass(frozen=True)
class Fails:
    """An answer that is none: an HTTP status, half of a body, or silence."""

    status: int = 200
    half: bool = False
    silent: bool = False
    message: str = "as the test wants it"


@dataclass
class Model:
    """A model and its script; whoever asks once too often is told so."""

    script: list[Calls | Fails]
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def connection(self) -> str:
        """An Airflow connection to it, as JSON."""
        return json.dumps({"conn_type": "pydanticai", "host": self.url, "password": KEY, "extra": {"model": "openai-chat:fake"}})

    def told(self, number: int = -1) -> list[dict[str, Any]]:
        """The messages of a request."""
        found: list[dict[str, Any]] = self.asked[number]["messages"]
        return found

    def said(self, role: str, number: int = -1) -> str:
        """What one side said in a request, together."""
        return "\n".join(str(message["content"]) for message in self.told(number) if message["role"] == role)

    def tools(self, number: int = 0) -> list[str]:
        return [tool["function"]["name"] for tool in self.asked[number]["tools"]]


@contextmanager
def running(*script: Calls | Fails) -> Iterator[Model]:
    """Let a model run for a while."""
    model = Model(list(script))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"model": model}))
    server.daemon_threads = True
    model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield model
    finally:
        model.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    model: Model

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/v1/chat/completions", self.path
        self.model.keys.add(self.headers["Authorization"])
        self.model.asked.append(data)
        number = len(self.model.asked)
        answer = self.model.script[number - 1] if number <= len(self.model.script) else Fails(418, message="asked once too often")
        with suppress(BrokenPipeError, ConnectionResetError):
            self._answer(answer, number)

    def _answer(self, answer: Calls | Fails, number: int) -> None:
        if isinstance(answer, Fails):
            if answer.silent:
                self.model.over.wait(60)
                return
            body = json.dumps({"error": {"message": answer.message, "type": "test", "code": None}}).encode()
            self._send(answer.status, body, half=answer.half)
            return
        tools = [
            {"id": f"call_{number}_{index}", "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
            for index, (name, given) in enumerate(answer.tools)
        ]
        said: dict[str, Any] = {
            "id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1_700_000_000, "model": "fake-2026",
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": None, "tool_calls": tools}}],
        }  # fmt: skip
        if answer.usage:
            took, gave = answer.usage
            said["usage"] = {"prompt_tokens": took, "completion_tokens": gave, "total_tokens": took + gave}
        self._send(200, json.dumps(said).encode())

    def _send(self, status: int, body: bytes, *, half: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status in {429, 500, 503}:
            self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)
        self.close_connection = True
