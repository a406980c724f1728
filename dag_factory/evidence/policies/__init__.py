"""What a gate asks. A policy is one function; all of them are asked; none knows of another.

`case` is what they look at; `registry` lists them. Nothing is imported here: a task asks two of them, and no kind of evidence.
"""

from __future__ import annotations

__all__: list[str] = []
