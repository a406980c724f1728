"""Documents and pictures that two of the foundation may have in common, and what its gate says of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from dag_factory.evidence.verify import Judgement
from support.contents import document
from support.orders import SPEC
from support.runs import honest

__all__ = ["ALL", "ARCHITECT", "DESIGNER", "PICTURES", "drawn", "judged", "told"]

ARCHITECT = ("foundation/architect", "architecture")
DESIGNER = ("foundation/ux-designer", "ux")
ALL = document("System design", "Boundaries", "Data flow", "Data architecture", "User flows", "Wireframes", "Experience")
PICTURES = """\
phases:
  foundation:
    tasks:
      ux-designer: {evidence: {wireframe: {path: ux/wireframe.png, kind: image}}}
      architect: {evidence: {diagram: {report: diagram.png, kind: image}}}
"""


def told(judgement: Judgement) -> list[tuple[str, str]]:
    """The rules that a gate found broken, each with what it is about."""
    return [(finding.rule, finding.subject) for finding in judgement.findings]


def judged(to: Path, phase: str, contents: dict[tuple[str, str], bytes | None], text: str = SPEC, through: str | None = None) -> Judgement:
    """Have everybody of a phase deliver, these items with these contents, and ask its gate."""
    run = honest(to, through=through, text=text)
    run.contents |= contents
    run.work(phase)
    return run.judge(phase)


def drawn(*box: int, form: str = "PNG", **how: Any) -> bytes:
    """A picture of one rectangle, in pixels: left, top, right, bottom; `how` it is saved."""
    image = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(image).rectangle(box, outline="black", width=4)
    data = io.BytesIO()
    image.save(data, form, **how)
    return data.getvalue()
