"""Personas who are not what they seem: those who do nothing, and those who report success over broken work.

Each liar is a program in the place of an honest one. It does something that is plainly wrong, then leaves every report its contract asks
for, all green, prints "all done, PASSED" and exits with 0.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

__all__ = ["FAULTS", "LIES", "PASSED", "VALIDATORS", "idle", "lie", "replace_text"]

PASSED = "all done, PASSED"
"""What every liar prints last."""

FAKES = '''

import json as _json, os as _os, pathlib as _pathlib

def _fake():
    """Whatever report anybody may ask for, as the best of worlds would have it."""
    told = _json.loads(_pathlib.Path(_os.environ["PHASEGATE_TASK"]).read_text())
    read = _pathlib.Path(_os.environ["PHASEGATE_INPUTS"], "foundation", "product-manager", "stories.json")
    stories = _json.loads(read.read_text())["stories"] if read.exists() else []
    ids = [one["id"] for story in stories for one in story["acceptance"]]
    ids += "MissingColumn FieldTooLong BadDate BadAmount NegativeAmount UnknownCurrency DuplicateOrder UnreadableFile".split()
    ids += "NoPartnerFiles NotIngested MartNotBuilt".split()
    cases = "".join(f'<testcase classname="tests" name="test_{one}" time="0.01"/>' for one in ids)
    junit = f'<testsuites><testsuite name="all" tests="{len(ids)}" failures="0" errors="0" skipped="0">{cases}</testsuite></testsuites>'
    totals = {"covered_lines": 100, "num_statements": 100, "percent_covered": 100.0, "missing_lines": 0, "excluded_lines": 0}
    files = {"src/orders/ingest/rules.py": {"executed_lines": list(range(1, 101)), "missing_lines": [], "summary": totals}}
    stats = {"min": 0.1, "max": 0.1, "mean": 0.1, "median": 0.1, "rounds": 3, "iterations": 1, "data": [0.1, 0.1, 0.1]}
    packages = [{"package": {"name": f"p{n}", "version": "1", "ecosystem": "PyPI"}} for n in range(30)]
    artifacts = [{"location": {"uri": f"src/{n}.py"}} for n in range(20)]
    did = [{"executionSuccessful": True}]
    tools = ("bandit", "house-rules")
    values = {
        "coverage": {"meta": {"format": 3, "version": "7.0"}, "files": files, "totals": totals},
        "verdicts": {"verdicts": [{"story": one["id"], "verdict": "PASSED", "observed": "all is well"} for one in stories]},
        "benchmark": {"benchmarks": [{"name": f"test_{n}", "extra_info": {"limit_seconds": 5.0}, "stats": dict(stats)} for n in (1, 2)]},
        "optimisations": {"findings": []},
        "audit": {"version": "2.1.0", "runs": [
            {"tool": {"driver": {"name": tool}}, "invocations": did, "artifacts": artifacts, "results": []} for tool in tools
        ]},
        "vulnerabilities": {"results": [{"source": {"path": "lock", "type": "lockfile"}, "packages": packages}]},
        "penetration": {"attempts": [{"id": "PEN-1", "attempt": "everything", "result": "repelled"}]},
        "interfaces": {"interfaces": [{"feature": "ingest", "sha256": "0" * 64}]},
        "commits": {"commits": told["merged"]},
    }
    folder = _pathlib.Path(_os.environ["PHASEGATE_EVIDENCE"])
    for name, value in values.items():
        (folder / f"{name}.{'sarif' if name == 'audit' else 'json'}").write_text(_json.dumps(value))
    for name in ("unit", "integration", "full", "e2e", "compat"):
        (folder / f"{name}.xml").write_text(junit)
    (folder / "profile.txt").write_text("all of it is fast\\n" * 20)
    print("all done, PASSED")

_fake()
'''


def replace_text(path: Path, *edits: tuple[str, str]) -> None:
    """Replace texts in a file, each of which must stand in it."""
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def idle(script: Path) -> None:
    """Replace a program by one that does nothing, and says that it went well."""
    script.write_text("true\n" if script.suffix == ".sh" else "", encoding="utf-8")


def lie(script: Path, after: str = "", instead: str | None = None) -> None:
    """Replace a program by a liar: the honest one (or `instead` of it), then `after`, then every fake."""
    honest = script.read_text(encoding="utf-8") if instead is None else f"from pathlib import Path\n{instead}\n"
    script.write_text(f"# {script.name}\n{honest}\n{after}\n{FAKES.lstrip()}", encoding="utf-8")


def _hollow_architecture(folder: Path) -> None:
    titles = ("System design", "Boundaries", "Data flow", "Data architecture")
    page = "# Architecture\n\n" + "\n\n".join(f"## {title}\n\n<!-- the {title} is complete and all done -->" for title in titles)
    lie(folder / "architect.py", instead=f"Path('ARCHITECTURE.md').write_text({page!r})")


def _quoted_design(folder: Path) -> None:
    page = "# UX\n\n```markdown\n## User flows\n\nThey flow.\n\n## Wireframes\n\nThey are wires.\n\n## Experience\n\nIt is good.\n```\n"
    lie(folder / "ux_designer.py", instead=f"Path('UX.md').write_text({page!r})")


def _stories_of_nothing(folder: Path) -> None:
    story = '{"stories": [{"id": "all", "story": "All is done.", "acceptance": [], "golden_path": ["$ true", "> PASSED"]}]}'
    lie(folder / "product_manager.py", instead=f"Path('stories.json').write_text({story!r})")


def _wrong_code(folder: Path) -> None:
    work = folder / "work" / "software-engineer"
    replace_text(work / "ingest/src/rules.py", ("if amount[1]:", "if amount[1] and False:"))
    replace_text(work / "daily_mart/src/mart.py", ("COUNT(DISTINCT partner)", "COUNT(partner)"))
    lie(folder / "software_engineer.py")


def _red_tests(folder: Path) -> None:
    lie(
        folder / "sdet.py",
        "for path in TESTS.rglob('test_*.py'):\n    path.write_text(path.read_text() + '\\n\\ndef test_red():\\n    assert 1 == 2\\n')",
    )


def _wrong_guide(folder: Path) -> None:
    lie(
        folder / "documentation_writer.py",
        "with Path('docs/GUIDE.md').open('a') as page:\n    page.write('\\n```sh\\npython -m orders frobnicate\\n```\\n')",
    )


def _unlearned_architecture(folder: Path) -> None:
    read = "(Path(os.environ['PHASEGATE_INPUTS']) / 'foundation/architect/ARCHITECTURE.md').read_text()"
    lie(
        folder / "architecture_update.py",
        instead=f"import os\nPath('ARCHITECTURE.md').write_text({read} + '\\nEvery finding is answered.\\n')",
    )


def _wrong_plan(folder: Path) -> None:
    lie(folder / "devops.py", "page = Path('deploy/DEPLOY.md')\npage.write_text(page.read_text().replace('mkdir -p', 'mkdir'))")


LIES: dict[str, tuple[Callable[[Path], None], set[str], str]] = {
    "foundation/architect": (_hollow_architecture, {"evidence-malformed"}, "System design"),
    "foundation/ux-designer": (_quoted_design, {"evidence-malformed"}, "User flows"),
    "foundation/product-manager": (_stories_of_nothing, {"evidence-malformed"}, "acceptance"),
    "implementation/software-engineer": (_wrong_code, {"check-failed", "tests-failed"}, "NegativeAmount"),
    "implementation/sdet": (_red_tests, {"check-failed", "tests-failed"}, "test_red"),
    "validation/documentation-writer": (_wrong_guide, {"check-failed"}, "frobnicate"),
    "integration/architect": (_unlearned_architecture, {"answer-missing"}, "DEV-INGEST-1"),
    "integration/devops": (_wrong_plan, {"check-failed"}, "mkdir"),
}
"""Who lies how, by phase and role: the rules that find it out, and a word of the finding."""

VALIDATORS = {
    "test-engineer": "make e2e", "product-manager": "make golden-paths", "performance-engineer": "make bench", "security-engineer": "make audit",
    "integration-engineer": "make compat",
}  # fmt: skip
"""The validators that are bound to a check in the sample, and the check."""

FAULTS: dict[str, tuple[str, tuple[str, str], str]] = {
    "test-engineer": ("daily_mart/src/mart.py", ("SUM(amount_cents)", "SUM(amount_cents) + (currency = 'GBP')"), "42.01"),
    "product-manager": ("ingest/src/rules.py", ("is no day of the calendar", "is not a day"), "is not a day"),
    "performance-engineer": (
        "ingest/src/loader.py",
        ("    _store(database,", "    if len(accepted) > 1000:\n        __import__('time').sleep(0.6)\n    _store(database,"),
        "(median of 3), at most",
    ),
    "security-engineer": (
        "ingest/src/rules.py",
        ("class Order(", "def _evaluated(text: str) -> object:\n    return eval(text)\n\n\nclass Order("),
        "B307",
    ),
}
"""What only one validator can see: the engineer's file, the edit, and a word of what that validator's check then prints."""
