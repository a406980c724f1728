"""Phasegate's Airflow plugin.

Airflow finds it by its entry point, or by this folder in its plugins folder; it registers plugins once by name, so both at once do no harm.
Nothing is imported here: Airflow imports this package for `provider`, while it still reads its own configuration.
"""

from __future__ import annotations

from typing import Any

__all__ = ["PhasegatePlugin"]


def __getattr__(name: str) -> Any:
    """Import the plugin, and with it Airflow, only when it is asked for."""
    if name == "PhasegatePlugin":
        from phasegate_plugin.plugin import PhasegatePlugin

        return PhasegatePlugin
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
