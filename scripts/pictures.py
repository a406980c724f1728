"""Takes the pictures in docs/pictures: of a finished run in Airflow's own UI, in a real browser.

    .venv/bin/python scripts/pictures.py                       runs the demo, takes the pictures, ends everything
    .venv/bin/python scripts/pictures.py --url http://…:8080   of an Airflow where everyone is an admin and the demo's run is there

Needs Chromium (`$CHROMIUM`, or one on PATH) and what `make check` installs. The browser is asked over the DevTools protocol
(https://chromedevtools.github.io/devtools-protocol/).
"""

from __future__ import annotations

import argparse
import base64
import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from websockets.sync.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
DAG, RUN = "orders_mart", "demo"
PHASES = ("foundation", "implementation", "validation", "integration")
MOST_BYTES = 200_000


class NotTakenError(Exception):
    """A picture could not be taken; the message says why."""


@dataclass(frozen=True)
class Picture:
    """One picture: its name, the page, what must be seen on it before it is taken, and how it is shown.

    Parameters
    ----------
    path: below Airflow's URL.
    sees: an expression of JavaScript that is true once the page is there.
    view: which of Airflow's views stands beside the page: graph or grid.
    unfolded: the task groups that are unfolded.
    size: of the window, in pixels.
    prepare: JavaScript that is run once the page is there.
    plugin: whether the page is the plugin's own; where Airflow answers in its place, there is none, and the picture is left out.

    """

    name: str
    path: str
    sees: str
    view: str = "grid"
    unfolded: tuple[str, ...] = PHASES
    size: tuple[int, int] = (1440, 960)
    prepare: str = ""
    plugin: bool = False


def _says(*words: str) -> str:
    return " && ".join(f"document.body.innerText.includes({json.dumps(word)})" for word in words)


RUN_PATH = f"/dags/{DAG}/runs/{RUN}"
WHOLE_WIDTH = """
document.querySelector('[aria-label="Collapse Details Panel"]').click();
setTimeout(() => document.querySelector('[aria-label="Fit View"]').click(), 1000);
"""
ALL = (
    Picture("run", f"{RUN_PATH}/tasks/complete", _says("MISSION SUCCESS", "Gate 4")),
    Picture("gate", f"{RUN_PATH}/tasks/validation.fix_1.gate", _says("Gate of phase", "PASSED", "Gate 4")),
    Picture("verdict", f"/phasegate{RUN_PATH}/gates/validation", _says("PASSED"), plugin=True),
    Picture(
        "graph", RUN_PATH, "document.querySelectorAll('.react-flow__node').length >= 12 && document.querySelectorAll('.react-flow__edge').length >= 9",
        view="graph", unfolded=("foundation",), size=(1640, 560), prepare=WHOLE_WIDTH,
    ),
)  # fmt: skip
THEMES = ("light", "dark")


class Browser:
    """A page of a headless Chromium, asked over its DevTools socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session = ""

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol, and wait for its answer."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        while True:
            said = json.loads(self._socket.recv(timeout=60))
            if said.get("id") == number:
                if "error" in said:
                    raise NotTakenError(f"Chromium refused {method}: {said['error']['message']}")
                return dict(said["result"])

    def attach(self) -> None:
        """Open a page, and speak to it from now on."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable")

    def visit(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        failed = self.ask("Page.navigate", url=url).get("errorText")
        if failed:
            raise NotTakenError(f"{url} does not answer: {failed}")
        self.until(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript."""
        said = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            raise NotTakenError(f"{expression}: {said['exceptionDetails']['exception'].get('description', 'it failed')}")
        return said["result"].get("value")

    def until(self, expression: str, *, patience: float = 60) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + patience
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > deadline:
                raise NotTakenError(f"After {patience:.0f} s this was not to be seen: {expression}")
            time.sleep(0.25)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a fresh profile; it ends with the block."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise NotTakenError("There is no Chromium on PATH. Install one, or name it in $CHROMIUM.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--hide-scrollbars", "--lang=en",
             "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            with connect(_socket_of(Path(profile), process), max_size=None, proxy=None) as socket:
                page = Browser(socket)
                page.attach()
                yield page
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _socket_of(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """Where Chromium listens: it writes that into its profile when it is ready."""
    told = profile / "DevToolsActivePort"
    deadline = time.monotonic() + 60
    while not told.is_file() or "\n" not in told.read_text(encoding="utf-8"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotTakenError("Chromium did not start.")
        time.sleep(0.1)
    port, path = told.read_text(encoding="utf-8").split("\n")[:2]
    return f"ws://127.0.0.1:{port}{path}"


def take(page: Browser, url: str, picture: Picture, theme: str) -> bytes | None:
    """Take one picture, as PNG; None if it is of a page that this Airflow does not have."""
    width, height = picture.size
    page.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
    page.visit(f"{url}/api/v2/version")  # a small page of the same origin, to remember settings for
    kept = {
        "theme": theme,  # next-themes keeps its own as plain text
        "default_dag_view": json.dumps(picture.view),
        f"direction-{DAG}": json.dumps("RIGHT"),
        f"{DAG}/open-groups": json.dumps(picture.unfolded),
    }
    for name, value in kept.items():
        page.evaluate(f"localStorage.setItem({json.dumps(name)}, {json.dumps(value)})")
    page.visit(url + picture.path)
    if picture.plugin and page.evaluate("Boolean(document.getElementById('root'))"):
        return None
    page.until(picture.sees)
    if picture.prepare:
        page.evaluate(picture.prepare)
    time.sleep(2.5)  # layouts and fades come to rest
    return base64.b64decode(page.ask("Page.captureScreenshot", format="png")["data"])


def compressed(data: bytes) -> bytes:
    """A picture in as few colours as keep it below the limit."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    for colours in (256, 128, 64, 32):
        kept = io.BytesIO()
        picture.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
        if kept.tell() < MOST_BYTES:
            return kept.getvalue()
    raise NotTakenError(f"A picture of {picture.size} is not below {MOST_BYTES} bytes.")


@contextmanager
def demo() -> Iterator[str]:
    """Run the demo and keep its Airflow up for the block; gives its URL."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "phasegate"), "demo", "--up", "--home", f"{folder}/demo"],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        try:
            yield _url_of(process)
        finally:
            process.terminate()
            process.communicate(timeout=60)


def _url_of(process: subprocess.Popen[str]) -> str:
    """Read what the demo says until it says where Airflow stays up."""
    said: list[str] = []
    for line in process.stdout or ():
        said.append(line)
        print(line, end="", flush=True)
        found = re.search(r"Airflow stays up at (http://\S+);", line)
        if found:
            if "MISSION SUCCESS\n" not in said:
                raise NotTakenError("The demo's run did not succeed; a picture of it would not be the one to show.")
            return found[1]
    raise NotTakenError("The demo ended before its Airflow could be asked.")


def main() -> int:
    """Take all pictures, or those that are named."""
    parser = argparse.ArgumentParser(description="Takes the pictures in docs/pictures.")
    parser.add_argument(
        "names", nargs="*", help=f"the pictures to take, of {', '.join(picture.name for picture in ALL)}; all if none is named"
    )
    parser.add_argument("--url", help="an Airflow in which the demo's run has ended; else the demo is run")
    parser.add_argument("--into", type=Path, default=PICTURES, help="the folder to write them into")
    asked = parser.parse_args()
    if unknown := set(asked.names) - {picture.name for picture in ALL}:
        parser.error(f"there is no picture {', '.join(sorted(unknown))}")
    wanted = [picture for picture in ALL if not asked.names or picture.name in asked.names]
    try:
        if asked.url:
            _take_all(asked.url.rstrip("/"), wanted, asked.into)
        else:
            with demo() as url:
                _take_all(url, wanted, asked.into)
    except NotTakenError as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 1
    return 0


def _take_all(url: str, wanted: list[Picture], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with browser() as page:
        for picture, theme in itertools.product(wanted, THEMES):
            taken = take(page, url, picture, theme)
            if taken is None:
                print(f"{picture.name}: this Airflow has no page {picture.path}")
                continue
            data = compressed(taken)
            path = folder / f"{picture.name}-{theme}.png"
            path.write_bytes(data)
            print(f"{path.name}: {len(data)} bytes")


if __name__ == "__main__":
    sys.exit(main())
