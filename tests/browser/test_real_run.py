"""The app itself, over an honest run, walked through by its links as somebody who has logged in to Airflow."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from support.pages import serving
from support.runs import honest

from browser.chromium import Page

MOST = 80


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The app behind uvicorn, on a port of loopback that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.02)
            yield f"http://127.0.0.1:{free.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture
def opened(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Page, str, str]]:
    """The browser, logged in; the address of the server; the path of the run's page."""
    run = honest(tmp_path / "home", through="validation")
    with serving(monkeypatch, run.tmp_path) as server:
        path = server.knows(run)
        with listening(server.client.app) as url:
            for name, value in server.tokens("ann").items():
                page.ask("Network.setCookie", name=name, value=value, url=url)
            yield page, url, path
            page.ask("Network.clearBrowserCookies")


def links(page: Page, url: str) -> list[str]:
    """Where the page leads within the app; what is downloaded is left out."""
    found = page.evaluate("[...document.querySelectorAll('a[href]:not([download])')].map(one => one.href.split('#')[0])")
    return [address for address in found if address.startswith(url) and "/phasegate/" in address]


def test_every_page_of_a_run_is_reached_by_links_and_nothing_serious_is_found_on_it(opened: tuple[Page, str, str]) -> None:
    page, url, path = opened
    page.look(theme="light")
    waiting, seen, shapes = [url + path], set(), set()
    while waiting and len(seen) < MOST:
        address = waiting.pop(0)
        if address in seen:
            continue
        seen.add(address)
        page.visit(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        assert page.evaluate("document.querySelector('main').id") == "main", address
        assert "Phasegate" in page.evaluate("document.title")
        assert [one for one in page.complaints() if "404" not in one] == [], address
        assert [one for one in page.requested() if not one.startswith(("data:image/", address, f"{url}/favicon.ico"))] == []
        shape = page.evaluate(
            "[...document.querySelectorAll('h2')].map(one => one.innerText).join() + document.querySelectorAll('.evidence > *').length"
        )
        if shape not in shapes:  # pages of one shape are alike to axe
            shapes.add(shape)
            for theme in ("light", "dark"):
                page.look(theme=theme)
                assert page.violations() == [], (address, theme)
        waiting += links(page, url)
    kinds = {part for address in seen for part in ("/gates/", "/tasks/", "/files/") if part in address}
    assert kinds == {"/gates/", "/tasks/", "/files/"}


def test_a_run_that_is_not_there_is_a_page_too(opened: tuple[Page, str, str]) -> None:
    page, url, path = opened
    page.visit(url + path + "x")
    assert page.violations() == []
    assert "✗ 404" in page.evaluate("document.querySelector('main').innerText")
