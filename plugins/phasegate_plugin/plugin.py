"""The plugin itself, in a module of its own: Airflow reads the provider metadata beside it before `airflow` can be imported."""

from __future__ import annotations

import threading
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from phasegate_plugin import preload

__all__ = ["LazyPages", "PhasegatePlugin", "begin_warming"]

MOUNT = "phasegate"
"""Where the pages lie below Airflow\'s base; `dag_factory.links` leads there, and is not imported: every task would pay for it."""


class LazyPages:
    """The pages as an ASGI app that is made late: every task process loads this module, and none of them needs FastAPI."""

    def __init__(self) -> None:
        self._app: Any = None
        self._making = threading.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if self._app is None:
            import asyncio

            await asyncio.to_thread(self.warm)
        await self._app(scope, receive, send)

    def warm(self) -> None:
        """Make the app, with all that its first page would have to wait for; who comes meanwhile waits for the same."""
        with self._making:
            if self._app is None:
                self._app = self._make()

    @staticmethod
    def _make() -> Any:
        from phasegate_plugin.pages import pages

        return pages()


_PAGES = LazyPages()


def begin_warming(app: Any) -> Any:
    """Make the pages ready in a thread, and answer the app as it is.

    To Airflow this is a maker of middleware. Such makers are called once in each process that serves its API, when that begins to serve, and
    in no other: a task pays nothing, and as the app comes back as it was, nothing of ours stands in the way of its requests.
    """
    threading.Thread(target=_PAGES.warm, name="phasegate-pages").start()
    return app


class PhasegatePlugin(AirflowPlugin):
    """Makes Phasegate known to Airflow (`airflow plugins`, and the list of plugins in the UI), and its pages to the API server."""

    name = "phasegate"
    listeners = [preload]  # noqa: RUF012 # Airflow's signature
    fastapi_apps = [{"name": "Phasegate", "app": _PAGES, "url_prefix": f"/{MOUNT}"}]  # noqa: RUF012 # Airflow's signature
    fastapi_root_middlewares = [{"name": "Phasegate", "middleware": begin_warming}]  # noqa: RUF012 # likewise

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:  # noqa: ARG003 # Airflow's signature
        """Let broken specs be seen as import errors of their YAML files."""
        from phasegate_plugin.importer import register

        register()
