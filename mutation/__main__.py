"""`make mutation`: changes the gate's rules and `verify`, one place at a time, and asks whether a test notices; see docs/fuzzing.md.

Only some modules: ``python -m mutation independence verify``. Exits 1 if fewer than 85 of 100 are noticed, or if a survivor is not explained.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from mutation.places import Mutant, mutants
from mutation.trying import Trying

__all__ = ["EXPLAINED", "FILES", "TESTS", "main", "tried"]

ROOT = Path(__file__).parents[1]
_EVIDENCE = ROOT / "dag_factory" / "evidence"
FILES = (
    *sorted(path for path in (_EVIDENCE / "policies").glob("*.py") if path.name != "__init__.py"),
    *(_EVIDENCE / f"{name}.py" for name in ("verify", "verdict", "whole")),
)
TESTS = (
    "tests/unit/evidence/policies",
    *(
        f"tests/unit/evidence/test_{name}.py"
        for name in (
            "verify", "verify_waits", "verdict", "whole", "whole_words", "record", "rounds", "waiting", "waiving", "assurance", "checklists", "answering",
            "contract_again", "told_briefly",
        )
    ),
    "tests/unit/cli/test_verify.py",
    "tests/unit/cli/test_archive.py",
)  # fmt: skip
EXPLAINED = Path(__file__).parent / "explained.yaml"
LEAST_PERCENT = 85
MOST = 300
"""So many tests a mutant must survive: its module's own, then one of each file in turn. With more, some fewer would survive, and each for minutes."""
_HEAD = f"{'module':<28} {'mutants':>8} {'killed':>8} {'timeout':>8} {'survived':>8} {'explained':>9}"


def main(arguments: list[str] | None = None) -> int:
    """Try the modules that were asked for; 0 if enough is noticed and the rest explained."""
    parser = argparse.ArgumentParser(prog="python -m mutation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"which: {', '.join(file.stem for file in FILES)}; all without")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try one mutant of N only")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="how many at a time; one a core without")
    parser.add_argument("--again", type=Path, metavar="FILE", help="try only those that an earlier run said to survive: what it printed")
    parser.add_argument(
        "--most",
        type=int,
        default=MOST,
        metavar="N",
        help=f"believe a mutant that survives N tests of those that reach it; {MOST} without, 0: all",
    )
    parser.add_argument("--tests", nargs="+", default=TESTS, metavar="FILE", help="try them against these tests only")
    asked = parser.parse_args(arguments)
    unknown = set(asked.modules) - {file.stem for file in FILES}
    if unknown:
        parser.error(f"there is no module {sorted(unknown)[0]!r}: {', '.join(file.stem for file in FILES)}")
    chosen = [file for file in FILES if not asked.modules or file.stem in asked.modules]
    found = [mutant for file in chosen for mutant in mutants(file)][:: asked.every]
    if asked.again:
        said = {line.partition(": ")[2].partition(": ")[2] for line in asked.again.read_text(encoding="utf-8").splitlines()}
        found = [mutant for mutant in found if mutant.name in said]
    print(f"{len(found)} mutants of {len(chosen)} modules", flush=True)
    began = time.monotonic()
    words = tried(found, tuple(asked.tests), asked.workers, asked.most or None)
    explained = {entry["change"]: entry["why"] for entry in yaml.safe_load(EXPLAINED.read_text(encoding="utf-8"))}
    code = report(found, words, explained, whole=asked.every == 1 and not asked.again)
    print(f"{time.monotonic() - began:.0f} s")
    return code


def tried(found: list[Mutant], tests: tuple[str, ...], workers: int, most: int | None = None) -> dict[Mutant, str]:
    """Try mutants against tests, and say what became of each.

    Raises
    ------
    SystemExit: a test fails without any change.

    """
    words: dict[Mutant, str] = {}

    def tell(mutant: Mutant, word: str) -> None:
        words[mutant] = word
        if word != "killed":
            print(f"{word}: {_place(mutant)}", flush=True)

    modules = {file: ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in FILES}
    plugin = Trying(found, modules, workers, ROOT / ".phasegate" / "mutation" / f"{_source(tests)}.json", tell, most, _warm)
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.gettempdir()
    plugins = [word for name in ("cacheprovider", "terminal", "benchmark", "xdist") for word in ("-p", f"no:{name}")]
    quiet = ["-o", "addopts=", "--capture=sys", "--hypothesis-seed=0", "--rootdir", str(ROOT), *plugins]
    pytest.main([*quiet, *(str(ROOT / test) for test in tests)], plugins=[plugin])
    if plugin.broken or len(words) != len(found):
        raise SystemExit(f"Nothing was tried: the tests must pass unchanged. {plugin.broken}")
    return words


def _source(tests: tuple[str, ...]) -> str:
    """What the baseline rests on, in one word: the tests, and everything of ours that they may run."""
    found = hashlib.sha256(repr((tests, FILES)).encode())
    for path in sorted(path for folder in ("dag_factory", "tests") for path in (ROOT / folder).rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _warm() -> None:
    """Make the honest runs that tests begin with, once for all of them."""
    importlib.import_module("support.runs").warm()


def report(found: list[Mutant], words: dict[Mutant, str], explained: dict[str, str], *, whole: bool) -> int:
    """Print the table and what must still be explained; 1 if too few were noticed, or anything is left to explain."""
    print(_HEAD)
    total: Counter[str] = Counter()
    for file in dict.fromkeys(mutant.file for mutant in found):
        here = Counter(_counted(mutant, words[mutant], explained) for mutant in found if mutant.file == file)
        total += here
        print(_row(file.relative_to(_EVIDENCE).as_posix() if file.is_relative_to(_EVIDENCE) else file.name, here))
    print(_row("all", total))
    noticed = total["killed"] + total["timeout"]
    percent = 100 * noticed / sum(total.values()) if total else 0
    print(f"{percent:.1f} % killed, and at least {LEAST_PERCENT} % are asked for")
    survivors = [mutant for mutant, word in words.items() if word in {"survived", "unreached"}]
    bare = [mutant for mutant in survivors if mutant.name not in explained]
    for mutant in bare:
        print(f"not explained: {_place(mutant)}")
    names, lived = {mutant.name for mutant in found}, {mutant.name for mutant in survivors}
    gone = [
        name
        for name in explained
        if (name in names and name not in lived) or (whole and len(found) > 1 and _of(found, name) and name not in names)
    ]
    for name in gone:
        print(f"explained, and it does not survive or is not there any more: {name}")
    return 1 if bare or gone or percent < LEAST_PERCENT else 0


def _of(found: list[Mutant], name: str) -> bool:
    """Whether an explained change is of a function of the modules that were tried."""
    return name.partition(":")[0] in {mutant.within or mutant.file.stem for mutant in found}


def _counted(mutant: Mutant, word: str, explained: dict[str, str]) -> str:
    return word if word in {"killed", "timeout"} else "explained" if mutant.name in explained else "survived"


def _row(name: str, counts: Counter[str]) -> str:
    figures = (sum(counts.values()), *(counts[word] for word in ("killed", "timeout", "survived", "explained")))
    return f"{name:<28} " + " ".join(f"{figure:>{width}}" for figure, width in zip(figures, (8, 8, 8, 8, 9), strict=True))


def _place(mutant: Mutant) -> str:
    where = mutant.file.relative_to(ROOT) if mutant.file.is_relative_to(ROOT) else mutant.file
    return f"{where}:{mutant.line}: {mutant.name}"


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "plugins")]
    sys.exit(main())
