"""The environment a program gets: what it needs to work, and nothing of Airflow's.

Airflow's own variables hold its database, its secrets and, leaked into every task, the parsing context; so nothing of
this process' environment but PATH is passed on.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dag_factory.runners.base import Request

__all__ = ["environment_of", "homes", "program_path", "scrubbed"]

_HOMES = (
    "HOME", "TMPDIR", "TMP", "TEMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR",
    "PIP_CACHE_DIR", "UV_CACHE_DIR", "npm_config_cache", "CARGO_HOME", "GOCACHE", "CLAUDE_CONFIG_DIR", "CODEX_HOME",
)  # fmt: skip
"""Variables that name a folder which their program keeps for itself (https://specifications.freedesktop.org/basedir-spec/latest/, and their tools' own)."""


def scrubbed(
    home: Path,
    extra: Mapping[str, str],
    *,
    spec_dir: Path,
    task_file: Path,
    inputs: Path,
    evidence: Path,
) -> dict[str, str]:
    """Make the environment of a program, and new, empty folders below `home` for its HOME and TMPDIR.

    They are new for every program: what a persona leaves in its HOME, Python's user site for one, must not be read by
    the checks that run after it.

    `extra` may replace any variable but the four that tell a program where its task, inputs, evidence and spec are.
    A PHASEGATE_FEATURE is among `extra`, where there is one.
    """
    home.mkdir(parents=True, exist_ok=True)
    private = Path(tempfile.mkdtemp(dir=home.absolute(), prefix=""))
    own_home, temporary = private / "home", private / "tmp"
    own_home.mkdir(mode=0o700)
    temporary.mkdir(mode=0o700)
    contract = {
        "PHASEGATE_TASK": task_file,
        "PHASEGATE_INPUTS": inputs,
        "PHASEGATE_EVIDENCE": evidence,
        "PHASEGATE_SPEC_DIR": spec_dir,
    }
    return {
        "PATH": program_path(),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(own_home),
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",  # else the log of a Python program that hangs is empty
        **extra,
        **{name: str(path.absolute()) for name, path in contract.items()},
    }


def program_path() -> str:
    """Where programs are looked for: beside this Python first, then where this process looks."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def homes(environment: Mapping[str, str]) -> list[str]:
    """The folders that a program with this environment is at home in: whoever gives it one means it to write there."""
    return [environment[name] for name in _HOMES if environment.get(name, "").startswith("/")]


def environment_of(request: Request) -> dict[str, str]:
    """Make the environment for a request.

    Where bytecode lies beside the spec or in the workspace that somebody may have put there, Python is told to look for its own in a folder that
    is not there: it believes such files without a look at the source. Elsewhere it is not, for then nothing installed is cached either.
    """
    made = scrubbed(
        request.home,
        request.environment,
        spec_dir=request.spec_dir,
        task_file=request.task_file,
        inputs=request.inputs,
        evidence=request.evidence,
    )
    if "PYTHONPYCACHEPREFIX" not in made and any(map(_holds_bytecode, (request.spec_dir, request.workspace))):
        made["PYTHONPYCACHEPREFIX"] = str(Path(made["TMPDIR"]) / "pycache")
    return made


def _holds_bytecode(folder: Path) -> bool:
    """Whether Python would find cached bytecode somewhere below, which this user may write."""
    for place, folders, _ in os.walk(folder):
        if "__pycache__" in folders and os.access(Path(place) / "__pycache__", os.W_OK):
            return True
        folders[:] = [name for name in folders if name != ".git"]
    return False
