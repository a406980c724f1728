"""A file for a store to keep, its digest, and what is left in a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

DATA = b"what was left\n"
DIGEST = hashlib.sha256(DATA).hexdigest()


def left_in(path):
    return sorted(str(item.relative_to(path)) for item in Path(path).rglob("*") if item.is_file())
