"""Who acts in a `python:` persona: the function's source, whatever it is called and wherever it is imported from.

The source is read, never imported. The digest is of the function's text as `ast` writes it, its own name left out: a
renamed copy, an alias and an import of it under another name are one principal; so is a copy with other comments.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["function_principals"]

_DEPTH = 8  # aliases and imports that are followed


def function_principals(value: str, *, spec_dir: Path, workspace: Path) -> tuple[str, ...]:
    """Digest the function `module:function` names: `function:sha256:<hex>`.

    A function that cannot be found is digested by its written name: calling it will fail anyway.
    """
    module, _, name = value.partition(":")
    roots = [spec_dir, workspace, *map(Path, sys.path)]
    source = _source(module, name, roots, _DEPTH) or value
    return (f"function:sha256:{hashlib.sha256(source.encode()).hexdigest()}",)


def _source(module: str, name: str, roots: Sequence[Path], depth: int) -> str | None:
    """Find what a name is bound to in a module; follow aliases and imports."""
    tree = _parsed(module, roots)
    if tree is None or depth == 0:
        return None
    for statement in reversed(tree.body):  # the last binding is the one that holds
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and statement.name == name:
            return _nameless(statement)
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                if (alias.asname or alias.name) == name:
                    origin = _origin(statement, module, roots)
                    return _source(origin, alias.name, roots, depth - 1) or f"{origin}:{alias.name}"
        if isinstance(statement, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in statement.targets):
            if isinstance(statement.value, ast.Name):
                return _source(module, statement.value.id, roots, depth - 1)
            return ast.unparse(statement.value)
    return None


def _nameless(found: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    """Write a definition without its own name, where it calls itself included."""
    for part in ast.walk(found):
        if isinstance(part, ast.Name) and part.id == found.name:
            part.id = "_"
    found.name = "_"
    return ast.unparse(found)


def _parsed(module: str, roots: Sequence[Path]) -> ast.Module | None:
    path = _path(module, roots)
    try:
        return ast.parse(path.read_bytes()) if path else None
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def _path(module: str, roots: Sequence[Path]) -> Path | None:
    """Find a module's file, as an import in this order of folders would."""
    place = Path(*module.split("."))
    for root in roots:
        for path in (root / place / "__init__.py", root / place.with_suffix(".py")):
            if path.is_file():
                return path
    return None


def _origin(statement: ast.ImportFrom, module: str, roots: Sequence[Path]) -> str:
    """Name the module an import is from; a relative one is resolved."""
    if statement.level == 0:
        return statement.module or ""
    parts = module.split(".")
    path = _path(module, roots)
    up = statement.level - 1 if path is not None and path.name == "__init__.py" else statement.level
    return ".".join([*parts[: max(len(parts) - up, 0)], *filter(None, [statement.module])])
