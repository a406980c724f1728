"""Puts a changed module in the place of one that is imported already, whoever imported from it: functions get the changed code, constants the changed value."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterator
from functools import cached_property
from typing import Any

__all__ = ["patch"]


def patch(name: str, file: str, tree: ast.Module) -> None:
    """Change a module that is imported, in this process.

    Parameters
    ----------
    name: the module's.
    file: its source, as its own code names it.
    tree: what it is to be.

    """
    module, made = sys.modules[name], types.ModuleType(name)
    made.__file__ = file
    exec(compile(tree, file, "exec"), vars(made))
    changed, known = dict(_functions(vars(made), name)), dict(_functions(vars(module), name))
    for path, function in known.items():
        other = changed.get(path)
        if other is not None:
            function.__code__, function.__defaults__, function.__kwdefaults__ = other.__code__, other.__defaults__, other.__kwdefaults__
    before = {id(function): known[path] for path, function in changed.items() if path in known}
    for attribute, value in list(vars(module).items()):
        new: Any = vars(made).get(attribute, value)
        if isinstance(new, tuple):  # a table of functions, which everybody else knows as they were
            new = tuple(before.get(id(item), item) for item in new)
        if attribute.startswith("__") or isinstance(value, type | types.FunctionType | types.ModuleType) or value == new:
            continue
        for place in list(sys.modules.values()):
            if getattr(place, "__dict__", {}).get(attribute) is value:
                setattr(place, attribute, new)


def _functions(namespace: dict[str, Any], module: str, before: str = "") -> Iterator[tuple[str, types.FunctionType]]:
    for name, value in list(namespace.items()):
        if isinstance(value, type) and value.__module__ == module and not before:
            yield from _functions(dict(vars(value)), module, f"{name}.")
        found: Any = value
        match value:
            case property():
                found = value.fget
            case cached_property():
                found = value.func
            case staticmethod() | classmethod():
                found = value.__func__
        found = getattr(found, "__wrapped__", found)
        if isinstance(found, types.FunctionType) and found.__module__ == module:
            yield f"{before}{name}", found
