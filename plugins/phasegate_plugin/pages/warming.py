"""Does once, before anybody asks, what the first page would otherwise wait for: imports, templates, and Airflow's mapping of its tables.

Nothing is asked for here: no store, no database, no network. What it costs is a second of a thread that nobody waits for.
"""

from __future__ import annotations

import importlib

__all__ = ["warm"]

_LATE = (
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.serialization",
    "dag_factory.evidence.kinds.junit_report",
    "dag_factory.evidence.kinds.scan",
    "dag_factory.operators.base",
    "dag_factory.operators.references",
    "dag_factory.workspace.gitdir",
    "dag_factory.workspace.origin",
    "markdown_it",
)
"""What the makers of pages import where they need it, so that no other process pays for it."""


def warm() -> None:
    """Import what pages are made with, compile their templates, and have Airflow's tables mapped."""
    from sqlalchemy.orm import configure_mappers

    from phasegate_plugin.pages.render import environment
    from phasegate_plugin.pages.render.shapes import SHAPES, shape

    templates = environment()
    for name in templates.list_templates(extensions=["html"]):
        templates.get_template(name)
    configure_mappers()
    for name in SHAPES:
        shape(name)
    for name in _LATE:
        importlib.import_module(name)
