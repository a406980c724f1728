"""Phasegate's Airflow plugin.

Airflow finds it by its entry point, or by this folder in its plugins folder; it registers plugins once by name, so both at once do no harm.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

__all__ = ["PhasegatePlugin"]


class PhasegatePlugin(AirflowPlugin):
    """Makes Phasegate known to Airflow (`airflow plugins`, and the list of plugins in the UI)."""

    name = "phasegate"
