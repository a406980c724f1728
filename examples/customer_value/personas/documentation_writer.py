"""@documentation-writer: API, guide and deployment instructions, made of what was built and not of what was meant."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path


def main() -> None:
    """Write the three documents into docs/."""
    Path("docs").mkdir(exist_ok=True)
    interfaces = sorted(Path("interfaces").glob("*/INTERFACE.md"))
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(Path("src").rglob("*.py"))}
    write("API.md", "API", {"Functions": functions(modules), "Errors": errors(interfaces)})
    task = json.loads(Path(os.environ["PHASEGATE_TASK"]).read_text(encoding="utf-8"))
    features = [f"- **{name}**: {says}" for name, says in task["features"].items()]
    write("GUIDE.md", "Guide", {"Getting started": ["Run `make run` in the repository; the result lies in `out/`."], "Usage": features})
    steps = {
        "Requirements": ["Python 3.11 or newer, and what `requirements.lock` names."],
        "Install": ["Run `make install`; it makes an environment of its own."],
        "Run": ["Run `make run` once a month, after the returns are booked."],
    }
    write("DEPLOYMENT.md", "Deployment", steps)


def functions(modules: dict[Path, ast.Module]) -> list[str]:
    """Every public function with the first line of its docstring."""
    found = []
    for path, module in modules.items():
        for part in module.body:
            if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                says = (ast.get_docstring(part) or "It has no description.").splitlines()[0]
                found.append(f"- `{path.stem}.{part.name}({', '.join(arg.arg for arg in part.args.args)})`: {says}")
    return found or ["There is no public function in this product yet."]


def errors(interfaces: list[Path]) -> list[str]:
    """The errors that the engineers' interfaces list."""
    found = []
    for path in interfaces:
        text = path.read_text(encoding="utf-8").partition("## Errors")[2].partition("\n## ")[0]
        found += [line for line in text.splitlines() if line.startswith("- ")]
    return found or ["No error is listed by any feature."]


def write(name: str, title: str, sections: dict[str, list[str]]) -> None:
    """Write a document of sections."""
    parts = [f"# {title}", *(f"## {heading}\n\n" + "\n".join(lines) for heading, lines in sections.items())]
    Path("docs", name).write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
