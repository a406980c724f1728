"""``make hollow FEATURE=x``: runs the feature's tests on a hollow product; a test that passes there can never fail.

In the hollow product every function of the feature raises. Prints each test that does not mind, and fails if there is one,
or no test at all, or if the tests cannot even be started. Without FEATURE, every feature in turn.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

TESTS_FAILED = 1  # what pytest ends with when tests ran, and some failed


def main() -> int:
    """Try one feature, or all of them."""
    asked = os.environ.get("FEATURE", "*")
    features = [asked] if asked != "*" else sorted(path.name for path in Path("tests").iterdir() if path.is_dir())
    return max([tried(feature) for feature in features], default=1)


def tried(feature: str) -> int:
    """Hollow a feature out, run its tests, count those that pass."""
    with tempfile.TemporaryDirectory() as folder:
        source, report = Path(folder, "src"), Path(folder, "hollow.xml")
        shutil.copytree("src", source)
        for module in source.glob(f"orders/{feature}/**/*.py"):
            module.write_text(hollow(module.read_text(encoding="utf-8")), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", f"tests/{feature}", f"--junitxml={report}", "--tb=no"]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(source)}, capture_output=True, text=True, check=False)
        cases = list(ElementTree.parse(report).iter("testcase")) if report.is_file() else []
    careless = [f"{case.get('classname')}::{case.get('name')}" for case in cases if case.find("*") is None]
    for name in careless:
        print(f"{name} passes on a product that does nothing")
    if not cases or (not careless and done.returncode != TESTS_FAILED):
        print(f"the tests of {feature} did not run (pytest ended with {done.returncode}): {done.stdout.strip()[-500:]}")
        return 1
    print(f"{len(cases) - len(careless)} of {len(cases)} tests of {feature} fail on a product that does nothing, as they must")
    return 1 if careless else 0


def hollow(source: str) -> str:
    """The module with the same names, and functions that do nothing but raise."""
    tree = ast.parse(source)
    for found in ast.walk(tree):
        if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
            found.body = ast.parse("raise NotImplementedError('hollow')").body
    return ast.unparse(ast.fix_missing_locations(tree))


if __name__ == "__main__":
    sys.exit(main())
