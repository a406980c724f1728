"""DevOps: how the product gets to where it runs, on what, and the pipeline that asks every check the Makefile knows."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from pathlib import Path

WORK = Path(__file__).parent / "work" / "devops"
ORDER = ("unit", "integration", "e2e", "golden-paths", "bench", "audit", "docs", "deploy")


def main() -> None:
    """Write deploy/DEPLOY.md, deploy/infrastructure.yaml and deploy/pipeline.yaml."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    deploy = Path("deploy")
    deploy.mkdir(exist_ok=True)
    shutil.copyfile(WORK / "DEPLOY.md", deploy / "DEPLOY.md")
    infrastructure = (WORK / "infrastructure.yaml").read_text(encoding="utf-8")
    infrastructure = infrastructure.format(product=project["name"], python=project["requires-python"])
    (deploy / "infrastructure.yaml").write_text(infrastructure, encoding="utf-8")
    (deploy / "pipeline.yaml").write_text(pipeline(), encoding="utf-8")


def pipeline() -> str:
    """The pipeline: one stage per target of the Makefile, on every push, and a release only by hand."""
    makefile = Path("Makefile").read_text(encoding="utf-8")
    targets = set(" ".join(re.findall(r"^([a-z0-9 -]+):", makefile, re.MULTILINE)).split())
    missing = [target for target in ORDER if target not in targets]
    if missing:
        sys.exit(f"the Makefile lost the targets {', '.join(missing)}")
    lines = ["# Each stage runs in a clean checkout; the first that fails ends it.", "on: [push]", "stages:"]
    lines += [f"  - {{name: {target}, run: make {target}, reports: build/}}" for target in ORDER]
    lines += ["release:", "  by: a person", "  after: every stage", "  follows: deploy/DEPLOY.md"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
