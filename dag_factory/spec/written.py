"""The base of everything an author writes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Written"]


class Written(BaseModel):
    """Frozen, nothing extra, nothing coerced."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)
