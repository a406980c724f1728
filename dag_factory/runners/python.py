"""Python: a function does the work, in a process of its own.

The value is `module:function`. The module is looked for in the folder of the spec, in the workspace, then among what is
installed. The function is called with one dict, the content of the task file. None, True and 0 mean done; another
number is the exit code; an exception is a traceback in the log and exit code 1.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from dag_factory.errors import RunnerError
from dag_factory.runners import functions
from dag_factory.runners.base import Outcome, Request
from dag_factory.runners.process import run_requested
from dag_factory.runners.python_child import NOT_LOADED

__all__ = ["PythonRunner"]

_CHILD = Path(__file__).with_name("python_child.py")
_WRITTEN = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


class PythonRunner:
    """Calls a persona's function. Who acts is the function's source."""

    name = "python"
    reexecutes = False
    waits = False

    def reports(self, value: Any) -> frozenset[str]:  # noqa: ARG002 # the same whatever is bound
        """Tell how long it took, and nothing else."""
        return frozenset({"time"})

    def principals(self, request: Request) -> tuple[str, ...]:
        """Digest the function's source, see `dag_factory.runners.functions`."""
        return functions.function_principals(self._value(request), spec_dir=request.spec_dir, workspace=request.workspace)

    def run(self, request: Request, stop: Event) -> Outcome:
        """Call the function; its principal is its source as it was before the call."""
        value, acted = self._value(request), self.principals(request)
        outcome = run_requested(request, [sys.executable, "-P", str(_CHILD), value], stop)
        if outcome.exit_code == NOT_LOADED:
            said = outcome.excerpt.rpartition("\n")[2]
            outcome = replace(outcome, reason=f"{value!r} was not called: {said.removeprefix('phasegate: ')}")
        return replace(outcome, principals=acted)

    def _value(self, request: Request) -> str:
        value = request.work.get(self.name)
        if isinstance(value, str) and _WRITTEN.fullmatch(value):
            return value
        raise RunnerError(f"python: {value!r} names no function.", remedy="Write `module:function`.")
