"""The architect, after validation: brings ARCHITECTURE.md up to date with what was built and found.

Reads every INTERFACE.md for deviations and every report of the validation for findings, and answers each by its id.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from findings import settle

INPUTS = Path(os.environ["PHASEGATE_INPUTS"])
DECISIONS = json.loads((Path(__file__).parent / "work" / "architecture-update" / "decisions.json").read_text(encoding="utf-8"))


def main() -> None:
    """Rewrite ARCHITECTURE.md."""
    text = (INPUTS / "foundation" / "architect" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    learned = ["## What we learned", "", "What changed since the foundation, and what we answer to those who validated it."]
    learned += ["", "### Deviations", ""]
    deviations = [found for page in sorted(INPUTS.glob("implementation/**/INTERFACE.md")) for found in listed(page)]
    for identity, reason in deviations:
        decided = DECISIONS["deviations"].get(identity)
        if decided is None:
            sys.exit(f"{identity} is not decided yet: {reason}")
        if decided["instead_of"] not in text:
            sys.exit(f"{identity} answers what the architecture does not say: {decided['instead_of']!r}")
        text = text.replace(decided["instead_of"], decided["now"])
        learned.append(f"- `{identity}`: {reason} **{decided['decision']}**")
    learned += [] if deviations else ["There were none."]
    learned += ["", "### Findings of the validation", ""]
    learned += [f"- `{identity}`: {answer}" for identity, answer in answers().items()] or ["There were none."]
    Path("ARCHITECTURE.md").write_text(text.rstrip() + "\n\n" + "\n".join(learned) + "\n", encoding="utf-8")


def listed(interface: Path) -> list[tuple[str, str]]:
    """The deviations of one INTERFACE.md: id and reason."""
    section = interface.read_text(encoding="utf-8").partition("## Deviations")[2].partition("\n## ")[0]
    return [(name, " ".join(why.split())) for name, why in re.findall(r"^- `([^`]+)`: (.+(?:\n  .+)*)", section, re.M)]


def answers() -> dict[str, str]:
    """An answer to every finding of every validator, by the finding's id."""
    found: dict[str, str] = {}
    for report in sorted(INPUTS.glob("validation/**/*.sarif")):
        for run in read(report)["runs"]:
            for result in run["results"]:
                rule = result["ruleId"]
                places = [place["physicalLocation"]["artifactLocation"]["uri"] for place in result["locations"]]
                answer = DECISIONS["rules"].get(rule, DECISIONS["otherwise"])
                found[rule] = f"{result['message']['text']} ({', '.join(places)}). **{answer}**"
    for report in sorted(INPUTS.glob("validation/**/vulnerabilities.json")):
        for package in (package for result in read(report)["results"] for package in result["packages"]):
            for one in package["vulnerabilities"]:
                answer = DECISIONS["rules"].get(one["id"], DECISIONS["otherwise"])
                found[one["id"]] = f"{package['package']['name']}: {one['summary']} **{answer}**"
    for report in sorted(INPUTS.glob("validation/**/optimisations.json")):
        for finding in read(report)["findings"]:
            name = finding.get("function", "").rpartition(".")[2]
            answer = DECISIONS["functions"].get(name, DECISIONS["otherwise"])
            found[finding["id"]] = f"{finding['text']} **{answer}**"
    return found


def read(report: Path) -> Any:
    """One JSON report."""
    return json.loads(report.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
    settle()
