"""Phasegate's DAG factory: YAML workflow specs in, Airflow DAGs with verified gates out.

The rooms, from the bottom: `errors`; `spec` (what may be written), `evidence` (what is signed and verified),
`runners` (how a persona works), `workspace` (git); `plan` (a spec with everything decided); `settings`; `triggers`,
`sensors` and `operators` (what runs on Airflow); `build` (plan -> DAG); `loader` (folder -> DAGs) and `cli`.

An Airflow deployment needs three lines, in a file of its DAG folder; without the first, Airflow takes the file for none of its own::

    # Makes an Airflow DAG of every workflow spec in workflows/.
    from dag_factory import load_workflows

    load_workflows(globals(), "workflows")
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "load_workflows"]


def __getattr__(name: str) -> Any:
    """Import the loader, and with it Airflow, only when it is asked for: the command line works without."""
    if name == "load_workflows":
        from dag_factory.loader import load_workflows

        return load_workflows
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
