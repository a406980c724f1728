"""``make docs``: what the documentation tells to run is there to be run, and every public function is told of."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

PAGES = [Path("docs", name) for name in ("API.md", "GUIDE.md", "DEPLOYMENT.md")]


def main() -> int:
    """Look at both."""
    targets = sorted({target for page in PAGES for target in re.findall(r"`make (\w+)`", page.read_text(encoding="utf-8"))})
    wrong = [f"make {target}" for target in targets if subprocess.run(["make", "-n", target], capture_output=True, check=False).returncode]
    told = PAGES[0].read_text(encoding="utf-8")
    for path in sorted(Path("src").rglob("*.py")):
        public = [part.name for part in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(part, ast.FunctionDef)]
        wrong += [name for name in public if not name.startswith("_") and f"`{path.stem}.{name}(" not in told]
    print(f"{len(targets)} targets tried; not there: {', '.join(wrong) or 'nothing'}")
    return int(bool(wrong) or not targets)


if __name__ == "__main__":
    sys.exit(main())
