"""The documentation writer: the API from the code's docstrings, the guide and the deployment with commands that were run.

Whatever a command of the guide prints below it was printed by the product a moment ago.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import tempfile
import tomllib
from pathlib import Path

from findings import settle

WORK = Path(__file__).parent / "work" / "documentation-writer"
COMMANDS = {
    "run": "run data/ --db orders.db --report report.md",
    "ingest": "ingest data/ --db orders.db",
    "mart": "mart --db orders.db",
    "report": "report --db orders.db",
}


def main() -> None:
    """Write docs/API.md, docs/GUIDE.md and docs/DEPLOYMENT.md."""
    task = json.loads(Path(os.environ["PHASEGATE_TASK"]).read_text(encoding="utf-8"))
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = project["requires-python"].removeprefix(">=")
    docs = Path("docs")
    docs.mkdir(exist_ok=True)
    (docs / "API.md").write_text(api(list(task["features"])), encoding="utf-8")
    guide = (WORK / "GUIDE.md").read_text(encoding="utf-8")
    guide = guide.replace("{mission}", task["mission"].rstrip(".")).replace("{python}", python)
    for name, output in outputs().items():
        guide = guide.replace(f"{{output:{name}}}", f"```text\n{output.strip()}\n```")
    (docs / "GUIDE.md").write_text(guide, encoding="utf-8")
    deployment = (WORK / "DEPLOYMENT.md").read_text(encoding="utf-8")
    deployment = deployment.format(python=python, version=project["version"])
    (docs / "DEPLOYMENT.md").write_text(deployment, encoding="utf-8")


def outputs() -> dict[str, str]:
    """What the product prints for each command of the guide."""
    product = Path("src").resolve()
    environment = {**os.environ, "PYTHONPATH": str(product), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    printed = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "data").symlink_to(Path("data").resolve())
        for name, command in COMMANDS.items():
            argv = ["python", "-m", "orders", *command.split()]
            done = subprocess.run(argv, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True)
            printed[name] = done.stdout
    return printed


def api(features: list[str]) -> str:
    """The page of the API: what every component exports, in the words of its own docstrings."""
    functions, errors = [], []
    for feature in features:
        package = Path("src/orders") / feature
        front = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
        exported = {alias.name for found in front.body if isinstance(found, ast.ImportFrom) for alias in found.names}
        for module in sorted(package.glob("*.py")):
            for found in ast.parse(module.read_text(encoding="utf-8")).body:
                if isinstance(found, ast.FunctionDef) and found.name in exported:
                    functions.append(f"### `orders.{feature}.{called(found)}`\n\n{ast.get_docstring(found)}")
                elif isinstance(found, ast.ClassDef) and found.name in exported and module.stem == "errors":
                    errors.append(f"- `orders.{feature}.{found.name}`: {ast.get_docstring(found)}")
    head = "# API\n\nImport from the component, never from its modules. Every error derives from `orders.OrdersError`."
    return "\n\n".join([head, "## Functions", *functions, "## Errors", "\n".join(errors)]) + "\n"


def called(function: ast.FunctionDef) -> str:
    """How the function is called and what it answers."""
    answers = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return f"{function.name}({ast.unparse(function.args)}){answers}"


if __name__ == "__main__":
    main()
    settle()
