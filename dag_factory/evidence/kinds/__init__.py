"""Evidence kinds: one module, one small class, one entry in `KINDS` for each.

`base` holds what they share; `commonmark` reads documents into `prose` for `markdown` and `interface`;
`junit_report` reads XML for `junit`. Heavy libraries are imported where they are used: importing this package is cheap.
"""

from __future__ import annotations

from dag_factory.evidence.kinds.base import RULES, Examination, Expectation, Fault, Kind, Material
from dag_factory.evidence.kinds.command import CommandKind
from dag_factory.evidence.kinds.coverage import CoverageKind
from dag_factory.evidence.kinds.file import FileKind
from dag_factory.evidence.kinds.interface import InterfaceKind
from dag_factory.evidence.kinds.json import JsonKind
from dag_factory.evidence.kinds.junit import JunitKind
from dag_factory.evidence.kinds.markdown import MarkdownKind
from dag_factory.evidence.kinds.stories import StoriesKind

__all__ = ["KINDS", "RULES", "Examination", "Expectation", "Fault", "Kind", "Material"]

KINDS: dict[str, Kind] = {
    "file": FileKind(),
    "markdown": MarkdownKind(),
    "json": JsonKind(),
    "junit": JunitKind(),
    "coverage": CoverageKind(),
    "interface": InterfaceKind(),
    "stories": StoriesKind(),
    "command": CommandKind(),
}
