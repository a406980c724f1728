"""Remotes on loopback: git's own server over HTTP behind a password, and an `ssh` that runs what it is asked to on this machine."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["HttpRemote", "fake_ssh", "http_remote"]


@dataclass
class HttpRemote:
    """What is asked of the server, and how it answers.

    `answers` is a status that stands for every answer; `waits` holds every request until it is set; `moved` is where requests are sent on.
    """

    root: Path
    login: str = ""
    password: str = ""
    url: str = ""
    answers: int | None = None
    moved: str = ""
    waits: threading.Event | None = None
    seen: list[tuple[str, str]] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)

    def opens(self, header: str) -> bool:
        """Whether this is the right login."""
        return not (self.login or self.password) or header == "Basic " + base64.b64encode(f"{self.login}:{self.password}".encode()).decode()


@contextmanager
def http_remote(root: Path, login: str = "", password: str = "") -> Iterator[HttpRemote]:
    """Serve the repositories below `root`, to whoever knows the password."""
    remote = HttpRemote(root, login, password)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"remote": remote}))
    server.daemon_threads = True
    remote.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield remote
    finally:
        if remote.waits:
            remote.waits.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    remote: HttpRemote

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            self._serve(b"".join(pieces))
        else:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _serve(self, body: bytes) -> None:
        remote, header = self.remote, self.headers.get("Authorization") or ""
        remote.seen.append((self.path, header))
        remote.asked.set()
        if remote.waits:
            remote.waits.wait(30)
        if remote.moved:
            return self._say(302, [("Location", remote.moved + self.path)])
        if remote.answers or not remote.opens(header):
            return self._say(remote.answers or 401, [("WWW-Authenticate", 'Basic realm="x"')])
        url = urlsplit(self.path)
        env = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(remote.root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": url.path,
            "QUERY_STRING": url.query, "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(len(body)), "REMOTE_USER": "anyone", "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "", "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
            "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            "GIT_CONFIG_KEY_1": "http.receivepack", "GIT_CONFIG_VALUE_1": "true",
        }  # fmt: skip
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        return self._say(status, [pair for pair in headers if pair[0] != "Status"], content)  # type: ignore[misc]

    def _say(self, status: int, headers: list[tuple[str, str]], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        with suppress(OSError):  # whoever asked may be gone
            self.end_headers()
            self.wfile.write(content)


def fake_ssh(folder: Path, *, says: str = "", code: int = 0, old: bool = False) -> Path:
    """Make a program `ssh` that keeps its arguments and what it could read, and runs git here; or says something and ends.

    An old server speaks the first protocol only, in which nobody may ask for a commit that is no tip.
    """
    seen = folder / "seen"
    seen.mkdir(parents=True)
    program = folder / "ssh"
    program.write_text(f"""#!/usr/bin/env python3
import json, os, stat, subprocess, sys
args = sys.argv[1:]
key = args[args.index("-i") + 1] if "-i" in args else None
found = {{"args": args, "key": key}}
if key:
    found |= {{"text": open(key).read(), "mode": stat.S_IMODE(os.stat(key).st_mode), "folder": stat.S_IMODE(os.stat(os.path.dirname(key)).st_mode)}}
if "SSH_ASKPASS" in os.environ:
    found["passphrase"] = subprocess.run([os.environ["SSH_ASKPASS"], "Enter passphrase:"], capture_output=True, text=True).stdout
found["env"] = dict(os.environ)
with open({str(seen)!r} + f"/{{os.getpid()}}.json", "w") as file:
    json.dump(found, file)
if {says!r}:
    sys.exit(print({says!r}, file=sys.stderr) or {code})
if {old}:
    os.environ.pop("GIT_PROTOCOL", None)
os.execvp("sh", ["sh", "-c", args[-1]])
""")
    program.chmod(0o755)
    return seen
