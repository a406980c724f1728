"""The plugin itself, in a module of its own: Airflow reads the provider metadata beside it before `airflow` can be imported."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

__all__ = ["LazyPages", "PhasegatePlugin"]

MOUNT = "phasegate"
"""Where the pages lie below Airflow\'s base; `dag_factory.links` leads there, and is not imported: every task would pay for it."""


class LazyPages:
    """The pages as an ASGI app that is made at the first request: every task process loads this module, and none of them needs FastAPI."""

    _app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if self._app is None:
            import asyncio

            self._app = await asyncio.to_thread(self._make)
        await self._app(scope, receive, send)

    @staticmethod
    def _make() -> Any:
        from phasegate_plugin.pages import pages

        return pages()


class PhasegatePlugin(AirflowPlugin):
    """Makes Phasegate known to Airflow (`airflow plugins`, and the list of plugins in the UI), and its pages to the API server."""

    name = "phasegate"
    fastapi_apps = [{"name": "Phasegate", "app": LazyPages(), "url_prefix": f"/{MOUNT}"}]  # noqa: RUF012 # Airflow's signature

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:  # noqa: ARG003 # Airflow's signature
        """Let broken specs be seen as import errors of their YAML files."""
        from phasegate_plugin.importer import register

        register()
