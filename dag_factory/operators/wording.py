"""What others wrote: in a question to people words, and no markup; in an answer a text that can be signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dag_factory.unseen import shown

__all__ = ["exact", "field", "plain", "quoted", "typed"]


def exact(text: str, most: int = 500) -> str:
    """A text as it stands between backticks, where nothing is markup and a backslash is a backslash: people may copy it from there.

    What cannot be seen is spelled out, for it could turn what stands around it.

    Parameters
    ----------
    most: how many characters of it are shown.

    """
    return shown(text[:most]).replace("`", " ")[:most]


def quoted(text: str, most: int = 500) -> str:
    """A text that others wrote, as code: nothing in it is markup, and no address is a link, as it would be in words.

    Parameters
    ----------
    most: how many characters of it are shown.

    """
    return f"`{exact(text, most)}`" if text.strip("` \t\r\n") else "–"


def plain(text: str, most: int = 500) -> str:
    """A text so that it is no markup in the question: one line, its signs escaped, and what cannot be seen spelled out.

    Parameters
    ----------
    most: how many characters of it are shown.

    """
    written = shown(text[:most]).replace("`", " ")
    return "".join(f"\\{sign}" if sign in "*_[]<>|!#&~\\" else sign for sign in written)[:most]


def typed(value: Any, most: int = 20_000) -> str:
    """What somebody typed, as text that can be signed: no half characters, and not without end.

    Parameters
    ----------
    most: how many characters of it are kept.

    """
    return str(value or "").encode("utf-8", "replace").decode()[:most].strip()


def field(event: Mapping[str, Any], name: str) -> str:
    """What was typed into a field of a form.

    Parameters
    ----------
    event: what Airflow tells of an answer.

    """
    return typed((event.get("params_input") or {}).get(name))
