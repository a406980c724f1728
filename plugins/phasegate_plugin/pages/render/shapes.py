"""Which module shows what: one literal registry, asked by the kind a spec names, then by how the file is called, then by how it begins."""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from markupsafe import Markup

__all__ = ["SHAPES", "TEXT", "Shape", "shape", "shape_of"]

TEXT = "text"
"""The shape of all that has no other: it is shown as written."""

_KINDS = {
    "benchmark": "benchmark",
    "coverage": "coverage",
    "dbt": "json",
    "interface": "markdown",
    "json": "json",
    "junit": "junit",
    "markdown": "markdown",
    "sarif": "sarif",
    "sbom": "json",
    "stories": "json",
    "vulnerabilities": "vulnerabilities",
}
_ENDINGS = {
    ".diff": "patch",
    ".json": "json",
    ".markdown": "markdown",
    ".md": "markdown",
    ".patch": "patch",
    ".sarif": "sarif",
}
SHAPES = tuple(sorted({"image", *_KINDS.values(), *_ENDINGS.values()}))
"""Every shape that has a module."""


class Shape(Protocol):
    """One shape of evidence: a module with a function of this name."""

    def show(self, name: str, data: bytes) -> Markup:
        """Show a whole file.

        Raises
        ------
        NotShownError: it is not of this shape, or too large for it.

        """
        ...


def shape(name: str) -> Shape:
    """The module of a shape, imported when it is first needed."""
    return cast(Shape, importlib.import_module(f"{__package__}.{name}"))


def shape_of(name: str, data: bytes, kind: str) -> str:
    """The shape of a file; pictures are known by their bytes alone, whatever they are called."""
    from phasegate_plugin.pages.render.image import media_type

    if media_type(data):
        return "image"
    if kind in _KINDS:
        return _KINDS[kind]
    ending = "." + name.rpartition(".")[2].lower()
    if ending == ".xml" and b"<testsuite" in data[:2000]:
        return "junit"
    if ending == ".json":
        return _json_shape(data[:4000])
    return _ENDINGS.get(ending, TEXT)


def _json_shape(head: bytes) -> str:
    if b'"benchmarks"' in head or b'"machine_info"' in head:
        return "benchmark"
    return "coverage" if b'"show_contexts"' in head else "json"
