"""DevOps: how the product gets to where it runs, on what, and the pipeline that asks every check the Makefile knows."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from pathlib import Path

from findings import settle

WORK = Path(__file__).parent / "work" / "devops"
STAGES = {"test": ("unit", "integration", "hollow", "e2e", "golden-paths"), "verify": ("bench", "audit", "docs"), "package": ("deploy",)}


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
    """The pipeline in GitLab's language: one job per target of the Makefile, on every push, and a release only by hand."""
    makefile = Path("Makefile").read_text(encoding="utf-8")
    targets = set(" ".join(re.findall(r"^([a-z0-9 -]+):", makefile, re.MULTILINE)).split())
    missing = [target for stage in STAGES.values() for target in stage if target not in targets]
    if missing:
        sys.exit(f"the Makefile lost the targets {', '.join(missing)}")
    python = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"].strip(">=")
    lines = ["# Name this file as the project's CI/CD configuration file. Each job runs in a clean checkout.", f"image: python:{python}"]
    lines += ["", f"stages: [{', '.join([*STAGES, 'release'])}]", ""]
    lines += ["default:", "  before_script:", "    - python -m pip install --requirement requirements.lock"]
    for stage, jobs in STAGES.items():
        for target in jobs:
            lines += ["", f"{target}:", f"  stage: {stage}", "  script:", f"    - make {target}"]
            lines += ["  artifacts: {when: always, paths: [build/]}"]
    lines += ["", "release:", "  stage: release", "  when: manual   # a person decides, and follows deploy/DEPLOY.md"]
    lines += ["  needs: [deploy]", "  script:", "    - ls build/*.whl"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
    settle()
