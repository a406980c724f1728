"""The few pieces of HTML that every shape of evidence is shown with. All foreign text comes through `shown`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from phasegate_plugin.pages.render.signs import visible

__all__ = ["NotShownError", "clipped", "excerpt", "facts", "note", "said", "shown", "sign", "table"]

_CELL = 600


class NotShownError(Exception):
    """Bytes cannot be shown as what they are said to be; the message says why, as a clause without a full stop."""


def shown(text: str) -> Markup:
    """Foreign text: escaped, and all of it visible."""
    return escape(visible(text))


def clipped(text: str, limit: int = _CELL) -> str:
    """The beginning of a text, with a sign that there is more."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def note(text: str) -> Markup:
    """A line of our own about what is shown."""
    return Markup('<p class="note">{}</p>').format(shown(text))


def excerpt(text: str) -> Markup:
    """Text as it stands."""
    return Markup('<pre class="text">{}</pre>').format(Markup("\n") + shown(text))  # HTML drops one line end after <pre>


def sign(word: str, mood: str) -> Markup:
    """A word with its sign, so that colour only repeats what both say.

    Parameters
    ----------
    word: what is said.
    mood: good, bad or plain.

    """
    mark = {"good": "✓", "bad": "✗"}.get(mood, "•")
    return Markup('<span class="word {}"><span aria-hidden="true">{}</span> {}</span>').format(mood, mark, shown(clipped(word, 60)))


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """Names and their values."""
    rows = (Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(shown(name), _cell(value)) for name, value in pairs)
    return Markup('<dl class="facts">{}</dl>').format(Markup("").join(rows))


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, most: int = 1000) -> Markup:
    """A table; what is beyond `most` rows is counted below it. The first cell of a row names the row."""
    lines: list[Markup] = []
    left = 0
    for row in rows:
        if len(lines) == most:
            left += 1
            continue
        first, *rest = row
        cells = Markup("").join(Markup("<td>{}</td>").format(_cell(cell)) for cell in rest)
        lines.append(Markup('<tr><th scope="row">{}</th>{}</tr>').format(_cell(first), cells))
    made = Markup(
        '<div class="wide" tabindex="0" role="group" aria-label="{0}"><table><caption>{0}</caption>'
        "<thead><tr>{1}</tr></thead><tbody>{2}</tbody></table></div>"
    ).format(
        shown(caption),
        Markup("").join(Markup('<th scope="col">{}</th>').format(shown(name)) for name in head),
        Markup("").join(lines),
    )
    return made + (note(f"And {left:,} more, which are not shown.") if left else Markup(""))


def _cell(value: object) -> Markup:
    if isinstance(value, Markup):
        return value
    return shown(clipped(value if isinstance(value, str) else said(value)))


def said(value: object) -> str:
    """A foreign JSON value as a short text."""
    if isinstance(value, str):
        return value
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    return f"({type(value).__name__})"
