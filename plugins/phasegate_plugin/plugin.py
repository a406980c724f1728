"""The plugin itself, in a module of its own: Airflow reads the provider metadata beside it before `airflow` can be imported."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

__all__ = ["PhasegatePlugin"]


class PhasegatePlugin(AirflowPlugin):
    """Makes Phasegate known to Airflow (`airflow plugins`, and the list of plugins in the UI)."""

    name = "phasegate"

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:  # noqa: ARG003 # Airflow's signature
        """Let broken specs be seen as import errors of their YAML files."""
        from phasegate_plugin.importer import register

        register()
