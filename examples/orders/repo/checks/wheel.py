"""Builds the product's wheel, the one thing that is delivered, without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def build(folder: Path) -> Path:
    """Build the wheel into a folder; answers where it is."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), "."]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    found = sorted(folder.glob("*.whl"))
    if done.returncode or len(found) != 1:
        sys.exit(f"no wheel was built:\n{done.stdout}{done.stderr}")
    return found[0]


def install(wheel: Path, home: Path) -> Path:
    """Install the wheel, and nothing else, in an environment of its own; answers where its command is."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", str(wheel)], check=True)
    return home / "bin" / "orders"
