"""``make deploy``: plan, infrastructure and pipeline can be read, and mean one place."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml


def main() -> int:
    """Hold them against each other."""
    plan = Path("deploy/DEPLOY.md").read_text(encoding="utf-8").splitlines()[0]
    target = yaml.safe_load(Path("deploy/infrastructure.yaml").read_text(encoding="utf-8"))["target"]
    stages = yaml.safe_load(Path("deploy/pipeline.yaml").read_text(encoding="utf-8"))["stages"]
    print(f"{plan}: on {target}, by {', '.join(stages)}")
    return int(plan != f"# Deployment to {target}" or "test" not in stages)


if __name__ == "__main__":
    sys.exit(main())
