"""What a visitor brings to the example `customer_value`: a repository, people who answer, and an agent whose model knows what to do.

The repository begins with the sample's Makefile and with those of its checks that are about no product, as the example's README says; the rest of it, and what
the agent writes, lies in tests/agents/value.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from support.house import ORDERS, make_repository
from support.models import Asked, Call, Say, Turn

__all__ = ["FEATURES", "STORIES", "UX", "agent", "repository"]

BROUGHT = Path(__file__).parents[1] / "agents" / "value"
FEATURES = ("history", "value", "segments")
_CHECKS = ("advisories.json", "audit.py", "compat.py", "dependencies.py", "static_analysis.py")
_FROM_THE_SAMPLE = ("requirements.lock", ".gitignore", *(f"checks/{name}" for name in _CHECKS))


def _story(feature: str, says: str, *criteria: str) -> dict[str, object]:
    name = feature[:3].upper()
    accepted = [{"id": f"{name}-{number}", "text": text} for number, text in enumerate(criteria, start=1)]
    return {
        "id": f"{feature}-story",
        "feature": feature,
        "story": says,
        "acceptance": accepted,
        "golden_path": ["Run `make run`.", "Open out/segments.csv."],
    }


STORIES = {
    "stories": [
        _story(
            "history", "As an analyst I see one history per customer, so that returns count.", "Returns stand in the history of their customer",
            "A row that cannot be dated is rejected",
        ),
        _story(
            "value", "As the growth team we see what a customer is worth, so that we know for whom to care.", "A value lies within its interval",
            "Who returned more than they bought is worth nothing",
        ),
        _story(
            "segments", "As the growth team we see segments with names, so that we can speak of them.", "There are at most seven, and everybody is in one",
            "One command goes from the files to the segments",
        ),
    ]
}  # fmt: skip
UX = """\
# Customer value

## User flows

Whoever runs `make run` finds the segments in one file.

## Wireframes

A table of three columns: segment, customers, value.

## Experience

What was rejected is counted aloud; nobody has to look for it.
"""


def repository(folder: Path) -> Path:
    """The repository as the visitor has it before the first run."""
    sample = ORDERS / "repo"
    shutil.copytree(BROUGHT / "repo", folder, ignore=shutil.ignore_patterns("__pycache__", "targets.mk"))
    for name in _FROM_THE_SAMPLE:
        shutil.copyfile(sample / name, folder / name)
    more = (BROUGHT / "repo" / "targets.mk").read_text(encoding="utf-8")
    (folder / "Makefile").write_text((sample / "Makefile").read_text(encoding="utf-8") + more, encoding="utf-8")
    return make_repository(folder)


def agent(asked: Asked) -> Turn:
    """What the model says: it has its work written, and says that it is done. Who it is and what for, it has from its prompt alone."""
    return Say("It is done.") if asked.results else Call("Bash", {"command": f'cp -R "{_work(asked.text)}/." .', "description": "Write it"})


def _work(told: str) -> Path:
    """Where the work lies that a prompt asks for."""
    [persona] = set(re.findall(r"You are @([a-z-]+), and work alone on one task of the workflow customer_value", told))
    if persona == "architect":
        updates = "Update the architecture from what was built and validated." in told
        return BROUGHT / "agent" / ("architecture-update" if updates else "architect")
    [feature] = set(re.findall(r"Your feature is (\w+)\.", told))
    return BROUGHT / "agent" / persona / feature
