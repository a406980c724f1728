"""What may be said of how much a program takes: the same for a check and for a persona's binding."""

from __future__ import annotations

from posixpath import normpath
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from dag_factory.spec.scalars import Texts, bytes_of
from dag_factory.spec.written import Written

__all__ = ["Taking"]

Size = Annotated[Annotated[int, Field(ge=1)], BeforeValidator(bytes_of)]


def _folders(value: bool | tuple[str, ...]) -> bool | tuple[str, ...]:
    """Take absolute paths only, each in its shortest form.

    Raises
    ------
    ValueError: one is relative, or leads back.

    """
    for folder in () if isinstance(value, bool) else value:
        if not folder.startswith("/") or ".." in folder.split("/"):
            raise ValueError(f"{folder!r} is no folder; write its whole path, like /srv/cache")
    return value if isinstance(value, bool) else tuple(f"/{normpath(folder).lstrip('/')}" for folder in value)


Folders = Annotated[bool | Texts, AfterValidator(_folders)]


class Taking(Written):
    """Bounds of a program; see `dag_factory.runners.base.Bounds`. What is left out is what Phasegate has for it."""

    network: bool | None = None
    memory: Size | None = None
    processes: Annotated[int, Field(ge=1)] | None = None
    disk: Size | None = None
    outside: Folders | None = None
