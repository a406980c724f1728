"""A server on loopback that gives the pages as the plugin would, and one browser for all tests of this folder."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from phasegate_plugin.pages.render import STYLE, environment

from browser.chromium import Page, chromium, program
from browser.samples import pages

POLICY = (
    "default-src 'none'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)


class _Serving(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = pages()
        name = self.path.strip("/").removesuffix(".html")
        template, view = known.get(name, known["problem"])
        body = environment().get_template(template).render(page=view, style=STYLE).encode()
        self.send_response(200 if name in known else 404)
        for header, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", POLICY),
        ):
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Serving)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser none of these tests runs, and that is said once for each file."""
    if program() is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(
                    pytest.mark.skip(reason="There is no Chromium on PATH or in $CHROMIUM; the pages were not seen in a browser.")
                )


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    with chromium() as made:
        yield made
