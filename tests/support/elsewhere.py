"""A folder that is this user's, none of a program's own, and not among what everybody shares: where a program that is kept in must not write."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dag_factory.runners import landlock

__all__ = ["folder_elsewhere"]


@contextmanager
def folder_elsewhere() -> Iterator[Path]:
    """Make it, with a file and an empty folder in it, and remove it again; skips where this user may write only to what everybody shares."""
    for root in (Path(__file__).parents[2], Path.home(), Path(pwd.getpwuid(os.getuid()).pw_dir)):
        if os.access(root, os.W_OK) and not any(root.resolve().is_relative_to(shared) for shared in landlock.SHARED):
            break
    else:
        pytest.skip("everything this user may write to is below /tmp")
    place = root / ".phasegate"  # what git does not look at
    place.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=place, prefix="elsewhere-"))
    try:
        (folder / "kept").write_text("as it was\n")
        (folder / "inner").mkdir()
        yield folder
    finally:
        shutil.rmtree(folder)
        with suppress(OSError):  # others' folders are in it
            place.rmdir()
