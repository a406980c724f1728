"""The software engineer: builds one feature within the architect's boundaries and writes down its interface; mends what validators find.

The interface is read from the code itself. Where the code lacks what the architecture promises, the work is not done.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import sys
from pathlib import Path

from findings import told

FEATURE = os.environ["PHASEGATE_FEATURE"]
WORK = Path(__file__).parent / "work" / "software-engineer" / FEATURE
PRODUCT = Path("src/orders") / FEATURE


def main() -> None:
    """Write the package of the feature and its INTERFACE.md, or mend the package that is there."""
    findings = told()
    mended = mend(findings) if findings and (PRODUCT / "__init__.py").is_file() else build()
    functions, errors = exported()
    missing = promised() - set(functions) - set(errors)
    if missing:
        sys.exit(f"the architecture promises what {PRODUCT} does not export: {', '.join(sorted(missing))}")
    lines = [f"# Interface of {FEATURE}", "", f"Import it from `orders.{FEATURE}`.", ""]
    lines += ["## Functions", "", *(f"- `{signature}`: {says}" for signature, says in functions.values()), ""]
    lines += ["## Errors", "", *(f"- `{name}`: {says}" for name, says in errors.items()), ""]
    lines += ["## Deviations", "", (WORK / "deviations.md").read_text(encoding="utf-8").strip(), ""]
    lines += ["## Mended", "", *(f"- {change}" for change in mended), ""] if mended else []
    interface = Path("interfaces") / FEATURE / "INTERFACE.md"
    interface.parent.mkdir(parents=True, exist_ok=True)
    interface.write_text("\n".join(lines), encoding="utf-8")


def promised() -> set[str]:
    """The functions and errors that the architecture lists for this component."""
    page = Path(os.environ["PHASEGATE_INPUTS"]) / "foundation" / "architect" / "ARCHITECTURE.md"
    component = re.search(rf"^### {FEATURE}$(.*?)(?=^##)", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if component is None:
        sys.exit(f"the architecture has no component {FEATURE!r}")
    return set(re.findall(r"^- `(\w+)", component[1], re.MULTILINE))


def exported() -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Functions (name to signature and summary) and errors (name to summary) that the package exports."""
    functions: dict[str, tuple[str, str]] = {}
    errors: dict[str, str] = {}
    for statement in ast.parse((PRODUCT / "__init__.py").read_text(encoding="utf-8")).body:
        if not (isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(f"orders.{FEATURE}.")):
            continue
        source = Path("src", *str(statement.module).split(".")).with_suffix(".py")
        names = {alias.name for alias in statement.names}
        for found in ast.parse(source.read_text(encoding="utf-8")).body:
            if isinstance(found, ast.FunctionDef) and found.name in names:
                functions[found.name] = (signature(found), summary(found))
            elif isinstance(found, ast.ClassDef) and found.name in names and source.name == "errors.py":
                errors[found.name] = summary(found)
    return functions, errors


def signature(function: ast.FunctionDef) -> str:
    """How the function is called and what it answers."""
    answers = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return f"{function.name}({ast.unparse(function.args)}){answers}"


def summary(found: ast.FunctionDef | ast.ClassDef) -> str:
    """The first line of the docstring; what is exported must have one."""
    text = ast.get_docstring(found)
    return text.splitlines()[0] if text else sys.exit(f"{found.name} is exported and has no docstring")


def build() -> list[str]:
    """Write the package; nothing of it was mended yet."""
    if not WORK.is_dir():
        sys.exit(f"I do not know how to build {FEATURE!r}: {WORK} is missing")
    PRODUCT.mkdir(parents=True, exist_ok=True)
    for module in sorted((WORK / "src").glob("*.py")):
        shutil.copyfile(module, PRODUCT / module.name)
    return []


def mend(findings: list[dict[str, object]]) -> list[str]:
    """Look for the fault and edit the package, which is the one that was merged; answers what was mended, also earlier."""
    import repair

    interface = Path("interfaces") / FEATURE / "INTERFACE.md"
    page = interface.read_text(encoding="utf-8") if interface.is_file() else ""
    before = re.findall(r"^- (.+)$", page.partition("\n## Mended\n")[2].partition("\n## ")[0], re.MULTILINE)
    done = repair.mend(PRODUCT, findings)
    tried = f"{done.tried} edit{'' if done.tried == 1 else 's'} tried"
    if not done.open:
        print(f"Mended: {'; '.join(done.changes) or 'nothing, for nothing fails here any more'}. {tried}.")
    else:
        left = f"I changed {'; '.join(done.changes)}." if done.changes else f"I leave {PRODUCT} as it is."
        print(f"I could not mend everything: make {' '.join(done.open)} still fails. {left} {tried}.")
    return [*before, *(change for change in done.changes if change not in before)]


if __name__ == "__main__":
    main()
