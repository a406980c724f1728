"""A headless Chromium, asked over its DevTools socket (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

AXE = files("axe_playwright_python") / "axe.min.js"  # https://github.com/dequelabs/axe-core, as a package brings it


def program() -> str | None:
    """Where Chromium is: `$CHROMIUM`, or one on PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)


class Page:
    """One page of the browser; `events` is what the browser told of it meanwhile."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol, and wait for its answer."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        while True:
            said = json.loads(self._socket.recv(timeout=60))
            if said.get("id") == number:
                assert "error" not in said, f"Chromium refused {method}: {said['error']['message']}"
                return dict(said["result"])
            if "method" in said:
                self.events.append(said)

    def look(self, *, theme: str = "light", width: int = 1280, height: int = 900, media: str = "") -> None:
        """Choose how pages are looked at: light or dark, how wide, on screen or in print."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": theme}])

    def visit(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        self.events.clear()
        failed = self.ask("Page.navigate", url=url).get("errorText")
        assert not failed, f"{url} does not answer: {failed}"
        deadline = time.monotonic() + 60
        while self.evaluate("location.href + ' ' + document.readyState") != f"{url} complete":
            assert time.monotonic() < deadline, f"{url} was not loaded after 60 s"
            time.sleep(0.05)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript."""
        said = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, f"{expression[:200]}: {said['exceptionDetails']}"
        return said["result"].get("value")

    def press(self, key: str) -> None:
        """Press and let go a key that has a name: Tab, Enter."""
        code = {"Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def until(self, expression: str, seconds: float = 60) -> Any:
        """Wait until an expression of JavaScript is true, and give its value; a page that is just being left is asked again."""
        deadline = time.monotonic() + seconds
        while not (found := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {expression} on {self.evaluate('location.href')}"
            time.sleep(0.1)
        return found

    def click(self, text: str) -> None:
        """Wait for a link or button of these very words, until it lies still with nothing over it, and press the mouse upon it."""
        look = f"""(() => {{
            const one = [...document.querySelectorAll('a, button')].find(one => one.innerText.trim() === {json.dumps(text)} && one.checkVisibility());
            if (!one) return null;
            one.scrollIntoView({{block: 'center', behavior: 'instant'}});
            const at = one.getClientRects()[0];  // a link may go over several lines
            const [x, y] = [at.x + at.width / 2, at.y + at.height / 2];
            return one.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
        }})()"""
        before = None
        while (found := self.until(look)) != before:  # a page that is still being laid out moves what is on it
            before = found
            time.sleep(0.3)
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=found[0], y=found[1], button="left", clickCount=1)

    def violations(self) -> list[str]:
        """What axe finds on the page that is serious or critical, each with the elements it is about."""
        self.evaluate(AXE.read_text(encoding="utf-8") + "; true")
        found = self.evaluate("axe.run(document, {resultTypes: ['violations']}).then(all => all.violations)")
        return [
            f"{one['impact']}: {one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:4]]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    def requested(self) -> list[str]:
        """Every address that was asked for since the page was gone to."""
        self.evaluate("0")  # what was told before its answer has come by then
        return [event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """What the browser itself complained of: refusals of the content security policy, errors of scripts."""
        self.evaluate("0")
        logged = [event["params"]["entry"]["text"] for event in self.events if event["method"] == "Log.entryAdded"]
        return logged + [str(event["params"]) for event in self.events if event["method"] == "Runtime.exceptionThrown"]

    def picture(self, path: Path) -> None:
        """Take a picture of the whole page."""
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))


@contextmanager
def chromium() -> Iterator[Page]:
    """A page of a browser with a fresh profile; all of it ends with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [str(program()), "--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--lang=en", "--hide-scrollbars",
             "--disable-background-networking", "--no-first-run", "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            with connect(_listening(Path(profile), process), max_size=None, proxy=None) as socket:
                yield Page(socket)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _listening(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """Where Chromium listens: it writes that into its profile when it is ready."""
    told = profile / "DevToolsActivePort"
    deadline = time.monotonic() + 60
    while not told.is_file() or "\n" not in told.read_text(encoding="utf-8"):
        assert process.poll() is None, f"Chromium ended with {process.returncode}"
        assert time.monotonic() < deadline, "Chromium did not listen after 60 s"
        time.sleep(0.1)
    port, path = told.read_text(encoding="utf-8").split("\n")[:2]
    return f"ws://127.0.0.1:{port}{path}"
