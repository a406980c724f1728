"""Evidence kinds: one module, one small class, one entry in `KINDS` for each.

`base` holds what they share; `commonmark` reads documents into `prose` for `markdown` and `interface`; `junit_report` reads
XML for `junit`; `cvss` scores vulnerabilities; `image_child` is the program that decodes pictures apart. A kind's module is
imported when the kind is asked for, and heavy libraries where they are used: importing this package is cheap.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import cast

from dag_factory.evidence.kinds.base import RULES, Examination, Expectation, Fault, Kind, Material
from dag_factory.evidence.kinds.installed import installed

__all__ = ["KINDS", "RULES", "Examination", "Expectation", "Fault", "Kind", "Material", "kind_of"]

_CLASSES = {
    "file": "FileKind",
    "markdown": "MarkdownKind",
    "json": "JsonKind",
    "junit": "JunitKind",
    "coverage": "CoverageKind",
    "interface": "InterfaceKind",
    "stories": "StoriesKind",
    "sarif": "SarifKind",
    "benchmark": "BenchmarkKind",
    "vulnerabilities": "VulnerabilitiesKind",
    "image": "ImageKind",
    "sbom": "SbomKind",
    "openapi": "OpenapiKind",
    "dbt": "DbtKind",
    "command": "CommandKind",
}


class _Kinds(Mapping[str, Kind]):
    """Every kind by its name, which is its module's name too; imported and made when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Kind] = {}

    def __getitem__(self, name: str) -> Kind:
        if name not in self._made:
            of_class = _CLASSES[name]
            module = importlib.import_module(f"{__name__}.{name}")
            self._made[name] = cast(Kind, getattr(module, of_class)())
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


KINDS: Mapping[str, Kind] = _Kinds()


def kind_of(name: str) -> Kind:
    """Find a kind: one of Phasegate's own, or one that an installed distribution brings as entry point `phasegate.kinds`.

    Raises
    ------
    EvidenceError: there is none of that name, or what is installed is no kind, stands there twice, or takes the name of one of our own.

    """
    return KINDS[name] if name in KINDS else installed(name, frozenset(KINDS))
