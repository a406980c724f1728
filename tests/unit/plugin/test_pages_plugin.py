"""What Airflow loads of the plugin: little, in every task process; the pages come with the first request."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import phasegate_plugin.plugin
import pytest
from phasegate_plugin.plugin import LazyPages, PhasegatePlugin

from dag_factory.links import MOUNT

ROOT = Path(__file__).parents[3]
ADDED = """\
import sys
import airflow.listeners
import airflow.plugins_manager
from airflow.sdk import BaseOperatorLink
before = set(sys.modules)
from phasegate_plugin.plugin import PhasegatePlugin
print(*sorted(set(sys.modules) - before))
"""


def test_a_task_process_pays_for_a_few_small_modules() -> None:
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ADDED], env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    added = told.stdout.splitlines()[-1].split()
    assert set(added) <= {"dag_factory", "dag_factory.links", "phasegate_plugin", "phasegate_plugin.plugin", "phasegate_plugin.preload"}


def test_the_pages_are_mounted_where_the_links_lead() -> None:
    [app] = PhasegatePlugin.fastapi_apps
    assert app["url_prefix"] == f"/{MOUNT}"
    assert isinstance(app["app"], LazyPages)


def test_the_app_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make():
        made.append("made")

        async def app(scope, receive, send):
            await send({"type": scope["type"]})

        return app

    monkeypatch.setattr(phasegate_plugin.plugin.LazyPages, "_make", staticmethod(make))
    sent: list[dict[str, str]] = []

    async def send(message):
        sent.append(message)

    async def twice() -> None:
        pages = LazyPages()
        await pages({"type": "http"}, None, send)
        await pages({"type": "http"}, None, send)

    asyncio.run(twice())
    assert (made, len(sent)) == (["made"], 2)
