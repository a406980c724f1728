"""The software engineer in test: one integration test per acceptance criterion, one unit test per error.

The criteria come from stories.json and the errors from ARCHITECTURE.md, for the code is still being written next door.
Every test is named after the id it is about and carries the sentence it proves. A criterion for which no test is known
fails this script: an untested promise is worse than none.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import sys
from pathlib import Path

from findings import settle

FEATURE = os.environ["PHASEGATE_FEATURE"]
FOUNDATION = Path(os.environ["PHASEGATE_INPUTS"]) / "foundation"
WORK = Path(__file__).parent / "work" / "sdet" / FEATURE
TESTS = Path("tests") / FEATURE
REJECTED = re.compile(r"A row whose `(?P<COLUMN>\w+)` is `(?P<VALUE>[^`]*)` is rejected with `(?P<REASON>\w+)`")
ERROR = re.compile(r"^- `(\w+)`: (.+)$", re.MULTILINE)


def main() -> None:
    """Write the tests of one feature."""
    for kind in ("unit", "integration"):
        (TESTS / kind).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(WORK / "conftest.py", TESTS / "conftest.py")
    write("unit", errors(), "every error that ARCHITECTURE.md lists")
    write("integration", criteria(), "every acceptance criterion in stories.json")


def errors() -> dict[str, str]:
    """The errors of this component, and what the architecture says of each."""
    page = (FOUNDATION / "architect" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    component = re.search(rf"^### {FEATURE}$(.*?)(?=^##)", page, re.DOTALL | re.MULTILINE)
    return dict(ERROR.findall(component[1])) if component else sys.exit(f"no component {FEATURE!r} in ARCHITECTURE.md")


def criteria() -> dict[str, str]:
    """The acceptance criteria of this feature by their ids."""
    stories = json.loads((FOUNDATION / "product-manager" / "stories.json").read_text(encoding="utf-8"))["stories"]
    mine = [story for story in stories if story["feature"] == FEATURE]
    return {criterion["id"]: criterion["text"] for story in mine for criterion in story["acceptance"]}


def write(kind: str, wanted: dict[str, str], what: str) -> None:
    """Write the test module of one kind: what is known of testing, under the names of what is to be tested."""
    source = (WORK / f"{kind}.py").read_text(encoding="utf-8")
    functions = {found.name: found for found in ast.parse(source).body if isinstance(found, ast.FunctionDef)}
    known = {name: str(ast.get_source_segment(source, found)) for name, found in functions.items()}
    first = min(found.lineno for found in functions.values())
    head = "\n".join(source.splitlines()[1 : first - 1]).strip()
    tests = [f'"""Tests of {FEATURE}: {what}."""\n\n{head}']
    for key, text in wanted.items():
        shape = REJECTED.fullmatch(text)
        body = known.get(token(key)) or (known.get("rejected_row") if shape else None)
        if body is None:
            sys.exit(f"I know no test for {key}: {text!r}; write {token(key)}() in {WORK / kind}.py")
        for placeholder, value in (shape.groupdict() if shape else {}).items():
            body = body.replace(f'"{placeholder}"', json.dumps(value))
        signature, _, rest = body.partition("\n")
        arguments = signature.partition("(")[2]
        tests.append(f'def test_{token(key)}_{token(text)[:60].strip("_")}({arguments}\n    """{text}"""\n{rest}')
    tests += [body for name, body in known.items() if name.startswith("test_")]
    (TESTS / kind / f"test_{FEATURE}_{kind}.py").write_text("\n\n\n".join(tests) + "\n", encoding="utf-8")


def token(text: str) -> str:
    """An id or a sentence as it can stand in a test's name."""
    return re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_")


if __name__ == "__main__":
    main()
    settle()
