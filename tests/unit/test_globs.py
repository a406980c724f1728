from __future__ import annotations

import subprocess
import sys

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.globs import matches


@pytest.mark.parametrize(
    ("path", "globs", "meant"),
    [
        ("src/a.py", ["src/**"], True),
        ("src/a/b/c.py", ["src/**"], True),
        ("src", ["src/**"], False),
        ("srcs/a.py", ["src/**"], False),
        ("lib/src/a.py", ["src/**"], False),
        ("src/.github/x", ["src/**"], True),
        ("ARCHITECTURE.md", ["ARCHITECTURE.md"], True),
        ("docs/ARCHITECTURE.md", ["ARCHITECTURE.md"], False),
        ("architecture.md", ["ARCHITECTURE.md"], False),
        ("ARCHITECTURE_md", ["ARCHITECTURE.md"], False),
        ("interfaces/ingest/INTERFACE.md", ["interfaces/ingest/**"], True),
        ("interfaces/other/INTERFACE.md", ["interfaces/ingest/**"], False),
        ("docs/a/b.md", ["docs/**/*.md"], True),
        ("docs/b.md", ["docs/**/*.md"], True),
        ("docs/b.txt", ["docs/**/*.md", "docs/*.txt"], True),
        ("anything/at/all", ["**"], True),
        ("src/a.py", ["/src/**"], True),
        ("src/a.py", ["src/"], True),
        ("src/a.py", [], False),
        ("src/a.py", ["", "/"], False),
        ("src/a.py", ["!src/a.py"], False),
        ("src/a.py", ["src/**", "!src/a.py"], True),
        ("!x", ["!x"], True),
        ("#x", ["#x"], True),
        ("/src/a.py", ["src/**"], False),
        ("src/../etc/passwd", ["src/**"], False),
        ("./src/a.py", ["src/**"], False),
        ("src//a.py", ["src/**"], False),
        ("", ["**"], False),
    ],
)
def test_matches(path: str, globs: list[str], meant: bool) -> None:
    assert matches(path, globs) is meant


def test_what_cannot_be_read_is_an_error() -> None:
    with pytest.raises(WorkspaceError, match="cannot be read"):
        matches("a", ["a\\"])


def test_pathspec_is_imported_late() -> None:
    code = "import sys, dag_factory.workspace.private, dag_factory.workspace.merge; sys.exit('pathspec' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
