"""The peers' environment: `.venv-peers`, made by `scripts/peers` on first use."""

from __future__ import annotations

import subprocess
from functools import cache

from benchmarks.timing import ROOT, NotMeasuredError

__all__ = ["PYTHON", "need"]

PYTHON = ROOT / ".venv-peers" / "bin" / "python"


@cache
def _made() -> str:
    """Make the environment if need be; answers what went wrong, or nothing."""
    done = subprocess.run([str(ROOT / "scripts" / "peers")], check=False)
    return "" if done.returncode == 0 and PYTHON.exists() else "the peers' environment could not be made (.venv-peers/install.log)"


@cache
def need(distribution: str) -> str:
    """The version of a peer.

    Raises
    ------
    NotMeasuredError: it could not be installed.

    """
    if problem := _made():
        raise NotMeasuredError(problem)
    code = f"from importlib.metadata import version; print(version({distribution!r}))"
    done = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasuredError(f"{distribution} could not be installed (.venv-peers/install.log)")
    return done.stdout.strip()
