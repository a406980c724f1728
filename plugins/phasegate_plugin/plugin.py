"""The plugin itself, in a module of its own: Airflow reads the provider metadata beside it before `airflow` can be imported."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

__all__ = ["PhasegatePlugin"]


class PhasegatePlugin(AirflowPlugin):
    """Makes Phasegate known to Airflow (`airflow plugins`, and the list of plugins in the UI)."""

    name = "phasegate"
