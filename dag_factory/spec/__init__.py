"""What may be written: the models, YAML with positions, the patterns and personas (data), and the static rules.

Start at `read_spec`. Nothing here imports Airflow: specs are linted on a laptop without it.
"""

from __future__ import annotations

from dag_factory.spec.catalogue import pattern_names, read_catalogue
from dag_factory.spec.load import Spec, examine, read_spec
from dag_factory.spec.models import RUNNER_KEYS, Binding, Reference, Task, Workflow
from dag_factory.spec.order import ordered

__all__ = [
    "RUNNER_KEYS",
    "Binding",
    "Reference",
    "Spec",
    "Task",
    "Workflow",
    "examine",
    "ordered",
    "pattern_names",
    "read_catalogue",
    "read_spec",
]
