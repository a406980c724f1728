"""One file of evidence as a fragment of HTML: by its shape if it can be read so, else as text, and never as a program."""

from __future__ import annotations

from markupsafe import Markup

from phasegate_plugin.pages.render.markup import NotShownError, note
from phasegate_plugin.pages.render.shapes import TEXT, shape, shape_of
from phasegate_plugin.pages.render.signs import is_binary, size
from phasegate_plugin.pages.render.text import as_text

__all__ = ["WANTED", "rendered"]

WANTED = 2_000_000
"""How many bytes of a file are worth reading: the largest that any shape shows whole."""
_AS_WRITTEN = 128_000
_CUTTABLE = ("markdown", "patch", TEXT)  # a beginning of these can be shown for what it is


def rendered(name: str, data: bytes, *, kind: str = "", total: int | None = None) -> Markup:
    """Show a file of evidence.

    Parameters
    ----------
    name: its path; decides, after `kind`, how it is shown.
    data: its beginning, or all of it; beyond `WANTED` nothing is looked at.
    kind: the kind of evidence it was delivered as, or nothing.
    total: the size of the whole file; that of `data` if it is not given.

    """
    whole = len(data) if total is None else max(total, len(data))
    data = bytes(data[:WANTED])
    return Markup('<div class="evidence">{}</div>').format(_shown(name, data, kind, whole))


def _shown(name: str, data: bytes, kind: str, whole: int) -> Markup:
    if not data:
        return note("The file is empty." if not whole else f"None of its {size(whole)} could be shown here. Download it to look at it.")
    chosen = shape_of(name, data, kind)
    cut = len(data) < whole
    if chosen != "image" and is_binary(data):
        return note(f"Binary, {size(whole)}. It is not shown here; download it to look at it.")
    if cut and chosen == "image":
        return note(f"A picture of {size(whole)}; up to {size(WANTED)} are shown here. Download it to look at it.")
    why = f"only the first {size(len(data))} of {size(whole)} were read" if cut and chosen not in _CUTTABLE else ""
    if not why:
        try:
            return _by_shape(chosen, name, data, whole)
        except NotShownError as error:
            why = str(error)
    if chosen == "image":
        return note(f"The picture is not shown here: {why}. Download it to look at it.")
    return note(f"Shown as text, not as {_called(chosen)}: {why}.") + as_text(data, whole)


def _by_shape(chosen: str, name: str, data: bytes, whole: int) -> Markup:
    if chosen == TEXT:
        return as_text(data, whole)
    try:
        made = shape(chosen).show(name, data)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:  # a reader's own oversight
        raise NotShownError(f"it cannot be read ({type(error).__name__})") from error
    if chosen == "image":
        return made
    cut = note(f"The first {size(len(data))} of {size(whole)}.") if len(data) < whole else Markup("")
    return cut + made + _as_written(data, whole)


def _as_written(data: bytes, whole: int) -> Markup:
    return Markup('<details class="source"><summary>As written</summary>{}</details>').format(
        as_text(data, whole, signs=_AS_WRITTEN, lines=5000)
    )


def _called(chosen: str) -> str:
    return {
        "benchmark": "benchmarks", "coverage": "coverage", "json": "JSON", "junit": "JUnit", "markdown": "Markdown", "patch": "a diff",
        "sarif": "SARIF", "vulnerabilities": "a scan of dependencies",
    }.get(chosen, chosen)  # fmt: skip
