"""``make docs``: tries every command that the documentation prints, and builds the pages of the API from the code.

The sh blocks of a page are one session at a desk of its own. Where a text block follows an sh block, the commands must
have printed exactly that. Every public function stands in API.md and in the pages that pdoc builds; those go into api.zip.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import orders

EVIDENCE = Path(os.environ["EVIDENCE"])
BLOCK = re.compile(r"^```sh\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)


def main() -> int:
    """Try both pages, build the API's, then look through them."""
    faults = [fault for page in ("GUIDE.md", "DEPLOYMENT.md") for fault in tried(Path("docs") / page)]
    api = Path("docs/API.md").read_text(encoding="utf-8")
    pages = built()
    for name in public():
        component, _, function = name.partition(".")
        if not re.search(rf"\b{re.escape(name)}\b", api):
            faults.append(f"docs/API.md does not tell of orders.{name}")
        if f'id="{function}"' not in pages.get(f"orders/{component}.html", ""):
            faults.append(f"the pages of the API do not tell of orders.{name}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def tried(page: Path) -> list[str]:
    """Follow one page; answers what went otherwise than it says."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    if not blocks:
        return [f"{page} prints no commands"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with tempfile.TemporaryDirectory() as desk:
        for folder in ("src", "data"):
            shutil.copytree(folder, Path(desk, folder))
        shutil.copy("pyproject.toml", desk)
        # each block writes to a file of its own, so that its output can be told from the others'
        lines = ["set -e", *(f"{{\n{commands}}} > .printed{n}" for n, (commands, _) in enumerate(blocks))]
        done = subprocess.run(
            ["sh", "-c", "\n".join(lines)], cwd=desk, env=environment, capture_output=True, text=True, encoding="utf-8"
        )
        if done.returncode:
            return [f"{page}: a command ended with {done.returncode}: {done.stderr.strip()}"]
        printed = [Path(desk, f".printed{n}").read_text(encoding="utf-8") for n in range(len(blocks))]
    return [
        f"{page}: {commands.strip()!r} printed {text!r}, not {told!r}"
        for (commands, told), text in zip(blocks, printed, strict=True)
        if told and told != text
    ]


def built() -> dict[str, str]:
    """The pages of the API, built by pdoc and packed into api.zip; by their path."""
    components = [f"orders.{found.name}" for found in pkgutil.iter_modules(orders.__path__) if found.ispkg]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pdoc", "--no-search", "--output-directory", folder, "orders", *components]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        if done.returncode:
            sys.exit(f"the pages of the API cannot be built: {done.stderr.strip()}")
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        pages = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}
    with zipfile.ZipFile(EVIDENCE / "api.zip", "w", zipfile.ZIP_DEFLATED) as pack:
        for name, page in pages.items():
            pack.writestr(zipfile.ZipInfo(name), page, zipfile.ZIP_DEFLATED)
    return pages


def public() -> list[str]:
    """Every function that a component exports, as ``component.function``."""
    names = []
    for found in pkgutil.iter_modules(orders.__path__):
        if found.ispkg:
            component = importlib.import_module(f"orders.{found.name}")
            names += [
                f"{found.name}.{name}" for name in component.__all__ if not isinstance(getattr(component, name), type)
            ]
    return names or sys.exit("the product exports nothing")


if __name__ == "__main__":
    sys.exit(main())
