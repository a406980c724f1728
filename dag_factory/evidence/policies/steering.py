"""Policy 10, of what surrounds tests: nobody who implements brings what steers how tests run or what is measured, or stands in a test's place.

What a file is called tells most; of settings that are kept with others, in `pyproject.toml` and its like, only their own sections count, and only where
there was no such file before: what of an older one was changed cannot be seen from here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.rounds import merges_of, statements_of
from dag_factory.evidence.statement import Entry
from dag_factory.evidence.verdict import Finding

__all__ = ["steered"]

_OWN = re.compile(
    r"conftest\.py|\.?pytest\.(ini|toml)|\.coveragerc(\.toml)?|(site|user)customize(\.py|/.*)"  # pytest, coverage.py, Python itself
    r"|(jest|vitest)\.config\.[a-z]+|karma\.conf\.[a-z]+|\.mocharc(\.[a-z]+)?|\.nycrc(\.[a-z]+)?|\.c8rc\.json"
)
"""Files that steer nothing but tests, what is measured, or how every Python starts."""
_SHARED = {
    "setup.cfg": re.compile(r"^\[(tool:pytest|coverage:\w+)\]", re.MULTILINE),
    "tox.ini": re.compile(r"^\[(pytest|coverage:\w+)\]", re.MULTILINE),
}
_TOOLS = frozenset({"pytest", "_pytest", "pluggy", "unittest"})
_WORDS = frozenset({"coverage", "hypothesis"})
"""Tools whose names are words too: they are meant only right below where modules are looked for, like `src`."""
_MOST = 200_000  # bytes of settings that are read


def steered(case: Case) -> Iterator[Finding]:
    """Every file that those who implement have brought."""
    product: frozenset[str] | None = None
    for task in case.tasks:
        if task.duty != "implementation" or case.worked(task) is None:
            continue
        product = product if product is not None else _product(case)
        seen: set[str] = set()
        for place, stored in enumerate(statements_of(case.record, case.phase_id, case.cycle, task)):
            for entry in stored.says.evidence:
                there = place == 0 or entry.name in product  # of what was brought before, what is still there
                if entry.name not in seen and there and (what := _steers(case, task, entry, product)):
                    text = f"{entry.name} of @{task.persona} {what}, and is not for who implements to bring. Leave it out, or have a tester bring it."
                    yield case.finding("tests-shadowed", task, text, subject=f"{task.id}:{entry.name}")
                seen.add(entry.name)


def _steers(case: Case, task: TaskContract, entry: Entry, product: frozenset[str]) -> str | None:
    """What a file does to tests; None if nothing."""
    path = PurePosixPath(entry.name)
    name = path.name
    if _OWN.fullmatch(name) or any(_OWN.fullmatch(f"{folder}/") for folder in path.parts[:-1]):
        return "steers how tests run, or what is measured"
    if name in _SHARED or name == "pyproject.toml":
        return "holds settings of tests, or of what is measured" if _new(case, task, entry.name) and _holds(case, entry) else None
    if path.suffix == ".py" and (hidden := _hides(case, path, product)):
        return f"stands in the place of {hidden}, which tests are run with"
    return None


def _hides(case: Case, path: PurePosixPath, product: frozenset[str]) -> str | None:
    """The module that this one is found instead of, under its plain name: no package of the product is around it."""
    tests = {glob.partition("/")[0] for one in case.contract.tasks.values() if one.duty == "testing" for glob in one.writes}
    parts = (*path.parts[:-1], path.stem)
    for place, part in enumerate(parts):
        near = part in _WORDS or part in tests
        plain = not place or "/".join((*parts[:place], "__init__.py")) not in product
        if plain and (part in _TOOLS or (near and place < 2)):
            return part
    return None


def _product(case: Case) -> frozenset[str]:
    """The paths of the product, as the newest merge lists them, and of what was delivered where there is none."""
    told = case.files(case.merges[-1].says.product) if case.merges else None
    if told is not None:
        return frozenset(line.partition("\0")[0] for line in told.decode(errors="replace").split("\n"))
    found = (case.statement(task) for task in case.tasks if task.duty == "implementation")
    return frozenset(entry.name for stored in found if stored for entry in stored.says.evidence)


def _holds(case: Case, entry: Entry) -> bool:
    """Whether a file of settings holds some of tests; what is too long to be looked at is taken at its words."""
    data = case.files(entry.digest) or b""
    text = "\n".join(data.decode(errors="replace").splitlines())
    if (sections := _SHARED.get(PurePosixPath(entry.name).name)) is not None:
        return sections.search(text) is not None
    if len(data) > _MOST:
        return "pytest" in text or "coverage" in text
    try:
        tool = tomllib.loads(text).get("tool")
    except (ValueError, RecursionError):
        return False  # no tool reads it either
    return isinstance(tool, dict) and bool({"pytest", "coverage"} & set(tool))


def _new(case: Case, task: TaskContract, name: str) -> bool:
    """Whether the product had no such file before the phase of who brought it."""
    before = case.contract.before(task.phase)
    merges = merges_of(case.record, before.id) if before else ()
    told = case.files(merges[-1].says.product) if merges else None
    return told is None or f"\n{name}\0".encode() not in b"\n" + told
