"""Spec -> plan: everything decided, nothing executed. Start at `compile_plan`; `PlanCache` keeps plans between parses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dag_factory.plan.cache import PlanCache
from dag_factory.plan.models import Execution, Plan, Presentation, Schedule

if TYPE_CHECKING:
    from dag_factory.plan.compile import compile_plan, read_plan

__all__ = ["Execution", "Plan", "PlanCache", "Presentation", "Schedule", "compile_plan", "read_plan"]


def __getattr__(name: str) -> Any:
    """Import the compiler, and with it all that may be written in a spec, only when it is asked for: a task reads a kept plan."""
    if name in ("compile_plan", "read_plan"):
        from dag_factory.plan.compile import compile_plan, read_plan

        return {"compile_plan": compile_plan, "read_plan": read_plan}[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
