"""Makes .venv from constraints.txt, with every hash checked, and this project in it; run by scripts/bootstrap.

`.venv/.made` is written last and says what the venv was made of. Without it the venv is unfinished, and is made anew; where it says
something else than today, the venv is brought up to date.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import venv
from pathlib import Path

VENV = Path(".venv")
MADE = VENV / ".made"
LOG = VENV / "install.log"
GROUPS = {"demo": ("demo",), "dev": ("demo", "llm", "dev"), "compose": ("demo", "llm", "dev", "compose")}
# Not the project's own dependencies: what an editable install of it asks for.
BUILDING = ("hatchling", "editables")


def main(group: str) -> int:
    """Make or refresh .venv for a group of extras."""
    with Path("constraints.txt").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two targets at once make one venv
        wanted, python = digest(), f"{sys.version_info.major}.{sys.version_info.minor}"
        was, version, *groups = MADE.read_text().split() if MADE.is_file() else ["", python]
        held = {extra for name in groups for extra in GROUPS.get(name, ())}
        if was == wanted and version == python and set(GROUPS[group]) <= held:
            return 0
        began = time.monotonic()
        text, count = needed(Path("constraints.txt").read_text(), roots({*GROUPS[group], *held}))
        if VENV.exists() and (not was or version != python):
            shutil.rmtree(VENV)
        MADE.unlink(missing_ok=True)
        problem = install(text, count)
        if problem:
            tail = "\n".join(LOG.read_text(errors="replace").splitlines()[-12:]) if LOG.is_file() else ""
            print(f"{tail}\nphasegate: {problem} The whole log is {LOG}.", file=sys.stderr)
            return 1
        MADE.write_text(" ".join([wanted, python, *sorted({group, *groups})]))
        print(f"Made .venv in {time.monotonic() - began:.0f} s", flush=True)
        return 0


def digest() -> str:
    """What the venv is made of: the dependencies, and this file."""
    whole = hashlib.sha256()
    for path in (Path("pyproject.toml"), Path("constraints.txt"), Path(__file__)):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def install(requirements: str, count: int) -> str:
    """Install the dependencies, then the project; answers what went wrong, or nothing."""
    if not (VENV / "bin" / "python").exists():
        venv.create(VENV, with_pip=True, symlinks=True)
    pinned = VENV / "requirements.txt"
    pinned.write_text(requirements)
    # All is pinned, so there is nothing to resolve.
    if pip("--no-deps", "--require-hashes", "-r", str(pinned), total=count):
        return "The dependencies could not be installed. Is the package index reachable (PIP_INDEX_URL, proxy)?"
    if pip("--no-deps", "--no-build-isolation", "--no-index", "-e", ".", total=0):
        return "The project itself could not be installed."
    return ""


def roots(extras: set[str]) -> set[str]:
    """The names of what the project depends on directly."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *BUILDING]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return {canonical(re.match(r"[A-Za-z0-9._-]+", line)[0]) for line in lines}


def needed(constraints: str, wanted: set[str]) -> tuple[str, int]:
    """The part of constraints.txt that the roots need, by its `via` comments, and how many packages that is."""
    blocks: list[tuple[str, str, set[str]]] = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", constraints):
        name = re.match(r"([A-Za-z0-9._-]+)==", block)
        if name:
            parents = {canonical(found) for found in re.findall(r"^ +#(?: +via)? +([A-Za-z0-9._-]+)$", block, re.MULTILINE)}
            blocks.append((canonical(name[1]), block, parents))
    chosen = set(wanted)
    while True:
        more = {name for name, _, parents in blocks if parents & chosen} - chosen
        if not more:
            break
        chosen |= more
    lacking = wanted - {name for name, _, _ in blocks} - {"airflow-phasegate"}
    if lacking:
        sys.exit(f"phasegate: constraints.txt lacks {', '.join(sorted(lacking))}. Run `make constraints`.")
    kept = [block for name, block, _ in blocks if name in chosen]
    return "\n".join(kept) + "\n", len(kept)


def canonical(name: str) -> str:
    """A package's name as indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pip(*args: str, total: int) -> int:
    """Run `pip install`, showing how far it is; its output goes to the log."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *args]
    alive, shown, text = sys.stdout.isatty(), time.monotonic(), ""
    with LOG.open("a") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        fetched = 0
        for line in process.stdout:
            log.write(line)
            total -= line.startswith("Ignoring ")  # a package of another platform
            fetched += line.startswith(("Collecting ", "Processing "))
            now = f"Installing {total} packages into .venv" if line.startswith("Installing ") else f"Fetching {fetched} of {total} packages"
            if total <= 0 or text.startswith("Installing") or now == text:
                continue
            if alive or time.monotonic() - shown > 10 or now.startswith("Installing"):
                shown, text = time.monotonic(), now
                print(f"\r\x1b[K{text}" if alive else text, end="" if alive else "\n", flush=True)
        if alive and text:
            print("\r\x1b[K", end="", flush=True)
        return process.wait()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:
        os.write(2, b"\nphasegate: interrupted; .venv is unfinished and will be made anew.\n")
        sys.exit(130)
