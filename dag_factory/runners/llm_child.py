"""The process of a model: reads its order from one descriptor, reports to another, and says on its output what goes on.

Run as a script, `python -P llm_child.py IN OUT`, in a private folder and not in the workspace, where libraries would look for settings of theirs.
The connection's values come through the pipe IN, so they are in no argument, no environment and no file. Nothing that the model asks for can
reach this process: its tools touch files of its room, see `dag_factory.runners.room`.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":  # wherever this package lies, it is the one that wrote the order
    _found = importlib.util.find_spec("dag_factory")
    if _found is None or _found.origin is None or Path(_found.origin).parents[1] != Path(__file__).parents[2]:
        sys.path.insert(0, str(Path(__file__).parents[2]))

from dag_factory.runners import llm_given
from dag_factory.runners.llm_order import Order, Report

if TYPE_CHECKING:
    from dag_factory.runners.llm_loop import Loop

__all__ = ["main", "work"]


def main(read: int, write: int) -> int:
    """Take the order, have the model work; give the exit code."""
    os.set_inheritable(write, False)  # what a toolset starts has no part in this
    with os.fdopen(read, "rb") as pipe:
        order = Order.read(pipe.read())
    llm_given.hand_over(order.connections)
    with os.fdopen(write, "wb", buffering=0) as sheet:
        return work(order, lambda report: _write(sheet, report), _say)


def work(order: Order, report: Callable[[Report], None], say: Callable[[str], None]) -> int:
    """Have the model work, and report what came of it; 0 if it ended well."""
    begun: list[Loop] = []
    try:
        report(Report(doing="starting"))
        asyncio.run(_converse(order, report, say, begun))
    except Exception as error:
        from dag_factory.runners.llm_told import told

        rule, failed = told(error, order)
        last = begun[0].told if begun else Report()
        failed = llm_given.masked(failed)
        say(failed)
        report(replace(last, flaw=(rule, failed)))
        return 1
    return 0


async def _converse(order: Order, report: Callable[[Report], None], say: Callable[[str], None], begun: list[Loop]) -> None:
    from dag_factory.runners.llm_loop import Loop

    hook = llm_given.agent_hook(order.connection, order.model)
    model = hook.get_conn()
    toolsets = [*(llm_given.mcp_toolset(one) for one in order.mcp), *_toolsets(order)]
    loop = Loop(order, hook, toolsets, report, lambda line: say(llm_given.masked(line)))
    loop.told = Report(provider=model.system, model=model.model_name)
    begun.append(loop)
    await loop.run()


def _toolsets(order: Order) -> Iterator[Any]:
    """Ask the author's functions for their toolsets."""
    if order.toolsets:
        sys.path.insert(0, order.spec_dir)
    for written in order.toolsets:
        module, _, name = written.partition(":")
        made = getattr(importlib.import_module(module), name)()
        yield from made if isinstance(made, list | tuple) else [made]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 # the log is where people read it


def _write(sheet: Any, report: Report) -> None:
    sheet.write(report.line())


if __name__ == "__main__":
    _code = main(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.flush()
    os._exit(_code)  # all is said: taking the libraries down takes seconds
