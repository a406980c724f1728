"""Spec -> plan: everything decided, nothing executed. Start at `compile_plan`."""

from __future__ import annotations

from dag_factory.plan.compile import compile_plan
from dag_factory.plan.models import Execution, Plan, Presentation, Schedule

__all__ = ["Execution", "Plan", "Presentation", "Schedule", "compile_plan"]
