"""The process in which a `python:` persona's function is called.

Run as a script, `python -P python_child.py module:function`, so that neither the workspace can pass its own
`dag_factory` for ours nor ours be imported at all. Reads PHASEGATE_TASK and PHASEGATE_SPEC_DIR. What lies in either folder is compiled
from its source each time: who acts is told by the source, and bytecode beside it may be another's.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import CodeType
from typing import Any

__all__ = ["NOT_LOADED", "main"]

NOT_LOADED = 127
"""The exit code when there is no such module or function, as a shell's for a command it did not find."""


def main(value: str) -> int:
    """Call the function with the task; give the exit code."""
    module_name, _, name = value.partition(":")
    own = [os.environ["PHASEGATE_SPEC_DIR"], str(Path.cwd())]
    sys.path_hooks.insert(0, _below(own))
    sys.path[:0] = own
    try:
        function = getattr(importlib.import_module(module_name), name, None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        return _refuse(f"there is no module {error.name!r} in the spec's folder, the workspace or the worker's Python.")
    if not callable(function):
        return _refuse(f"module {module_name!r} has no function {name!r}: mend the name, or add the function.")
    answer = function(json.loads(Path(os.environ["PHASEGATE_TASK"]).read_bytes()))
    if answer is None or isinstance(answer, int):
        return 0 if answer is None or answer is True else _code(answer or int(answer is False))
    print(f"phasegate: {value} returned {type(answer).__name__}; return None, True or an exit code.", file=sys.stderr)  # noqa: T201 # the log is its answer
    return 1


class _Written(SourceFileLoader):
    """Runs what is written, and no bytecode that is said to be of it."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _below(own: list[str]) -> Callable[[str], FileFinder]:
    """What looks for modules in the folders below some; the others are left to Python."""

    def look(path: str) -> FileFinder:
        if not any(Path(path).is_relative_to(folder) for folder in own):
            raise ImportError(path)
        return FileFinder(
            path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_Written, SOURCE_SUFFIXES), (SourcelessFileLoader, BYTECODE_SUFFIXES)
        )

    return look


def _code(answer: Any) -> int:
    """Keep an exit code that would wrap around to another, 256 to 0, from doing so."""
    if answer is None:
        return 0
    return answer if isinstance(answer, int) and 0 <= answer <= 255 else 1


def _refuse(reason: str) -> int:
    print(f"phasegate: {reason}", file=sys.stderr)  # noqa: T201 # the log is its answer
    return NOT_LOADED


def _guarded(value: str) -> int:
    """Call the function; an exception is told without this module's own frames."""
    try:
        return main(value)
    except SystemExit as leave:
        if isinstance(leave.code, str):
            print(leave.code, file=sys.stderr)  # noqa: T201 # as Python itself does
        return _code(leave.code)
    except Exception as error:
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        traceback.print_exception(error.with_traceback(trace))
        return 1


if __name__ == "__main__":
    sys.exit(_guarded(sys.argv[1]))
