"""The pages themselves: Jinja2 with autoescape on, undefined names refused, and everything foreign made visible before it is escaped."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from phasegate_plugin.pages.render.signs import size, visible

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["STYLE", "environment"]

STYLE: str = Markup(files("phasegate_plugin.pages").joinpath("templates", "style.css").read_text(encoding="utf-8"))  # noqa: S704 # our own
"""The one stylesheet; its bytes are what the content security policy names."""


_JOINT = re.compile(r"([/.:])(?=.)")


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates. What they print comes through `visible`; `size` says bytes as people do, and `parted` breaks a name where it has parts."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("phasegate_plugin.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["size"] = size
    made.filters["parted"] = _parted
    return made


def _parted(name: str) -> Markup:
    return Markup(_JOINT.sub(r"\1<wbr>", str(escape(visible(name)))))  # noqa: S704 # escaped before


def _seen(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
