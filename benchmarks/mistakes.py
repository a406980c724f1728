"""What becomes of a mistake in a spec: the same mistakes in Phasegate's YAML and in dag-factory's, before both linters and before Airflow.

The specs lie in `benchmarks/broken`: `good.yaml` is what each of the others says too, but for its one mistake.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import peers
from benchmarks.corpus import DAG_FACTORY_LOADER
from benchmarks.table import Row, Section
from benchmarks.timing import ROOT, NotMeasuredError, child, environment

__all__ = ["Fate", "fate_of", "fates", "measure", "stories", "summary"]

BROKEN = ROOT / "benchmarks" / "broken"
GOOD, THEIRS = "good", "orders"
"""The sibling that is sound, its file and its workflow; and the file and the workflow of whoever makes the mistake."""
_TOLD = re.compile(r"^\S+?:\d+:\d+: ([a-z-]+): ", re.MULTILINE)


@dataclass(frozen=True)
class Fate:
    """What became of one folder of specs.

    `flagged`: what the linter says, its rules' ids where it has some; empty if it finds nothing. `shown`: the file, with its line where that is told, of
    which Airflow's UI shows an import error. `became`: *shown*, *replaced* (a sound workflow lost its place to it), *lost* (the workflow is not there,
    and no import error says why) or *loaded*. `logged`: whether the dag-processor's log has an error. `sibling`: whether the sound one beside it is there.
    """

    flagged: str
    shown: str
    became: str
    logged: bool
    sibling: bool


def stories() -> dict[str, str]:
    """Each mistake in a sentence, by its id."""
    found: dict[str, str] = yaml.safe_load((BROKEN / "stories.yaml").read_text(encoding="utf-8"))
    return found


def measure(_rounds: int) -> Section:
    """Make every mistake in both languages; nothing is timed."""
    told = stories()
    ours = fates("phasegate")
    try:
        version = peers.need("dag-factory")
        theirs, why = fates("dag-factory"), ""
    except NotMeasuredError as error:
        version, theirs, why = "", {}, str(error)
    section = Section(
        "Mistakes: what becomes of a broken spec",
        "Each lies beside a sound one in a folder of its own, in the form each tool reads (`benchmarks/broken`); it is linted by the tool's own linter, and "
        "imported as Airflow's dag-processor does it. `shown` is an import error in Airflow's UI, with the file it is told of; `lost` is a workflow that is "
        "not there, though no import error says so.",
        head=("mistake", "Phasegate: lint; Airflow", f"dag-factory {version}".rstrip() + ": lint", "dag-factory: Airflow"),
    )
    for name in (GOOD, *told):
        cells = (_lint(theirs[name]), _airflow(theirs[name])) if theirs else (why, why)
        section.rows.append(Row(told.get(name, "None: both are sound."), f"{_lint(ours[name])}; {_airflow(ours[name])}", *cells))
    section.more = [f"Phasegate: {summary(ours)}"]
    if theirs:
        section.more.append(f"dag-factory {version}: {summary(theirs)}")
    return section


def fates(tool: str) -> dict[str, Fate]:
    """What becomes of every mistake with one tool, and of the sound specs under `good`.

    Raises
    ------
    NotMeasuredError: it could not be tried, or the tool refuses what is sound.

    """
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        root = Path(folder).resolve()
        laid = {name: _lay(root / name, tool, name) for name in (GOOD, *stories())}
        env = environment(
            root / "airflow", DO_NOT_TRACK="1", AIRFLOW__PHASEGATE__PATTERNS="none", AIRFLOW__PHASEGATE__CACHE_ROOT=str(root / "cache")
        )
        (root / "airflow").mkdir()
        (root / "airflow" / "airflow.cfg").touch()  # an Airflow is set up there, which a linter may ask
        if tool == "phasegate":
            python: Path | str = sys.executable
            env["PYTHONPATH"] = f"{ROOT}:{ROOT / 'plugins'}"
        else:
            python = peers.PYTHON
        answer = child(python, "mistakes.py", tool, *map(str, laid.values()), env=env)
    found = {name: fate_of(answer[str(where)]) for name, where in laid.items()}
    sound = found[GOOD]
    if (sound.flagged, sound.shown, sound.became) != ("", "", "loaded"):
        raise NotMeasuredError(f"{tool} does not take what is sound: {sound}")
    return found


def _lay(folder: Path, tool: str, name: str) -> Path:
    """The sound spec and one with a mistake; two sound ones for `good`."""
    workflows = folder / "workflows"
    workflows.mkdir(parents=True)
    good = BROKEN / tool / f"{GOOD}.yaml"
    shutil.copy(good, workflows / f"{GOOD}.yaml")
    if name == GOOD:
        text = good.read_text(encoding="utf-8")
        (workflows / f"{THEIRS}.yaml").write_text(text.replace(GOOD, THEIRS, 1), encoding="utf-8")
    else:
        shutil.copy(BROKEN / tool / f"{name}.yaml", workflows / f"{THEIRS}.yaml")
    loader = (ROOT / "dags" / "phasegate.py").read_text(encoding="utf-8") if tool == "phasegate" else DAG_FACTORY_LOADER
    (folder / "loader.py").write_text(loader, encoding="utf-8")
    return folder


def fate_of(said: Mapping[str, Any]) -> Fate:
    """Read what `inside/mistakes.py` tells of one folder."""
    lint, dags, errors = said["lint"], said["dags"], said["errors"]
    rules = ", ".join(dict.fromkeys(_TOLD.findall(lint["text"])))
    flagged = "" if not lint["code"] else rules or ("crashes" if lint["crash"] else "flagged")
    shown = ", ".join(_place(file, text) for file, text in errors.items())
    sibling = dags.get(GOOD) == "The good one"
    replaced = GOOD in dags and not sibling
    became = "shown" if errors else "replaced" if replaced else "loaded" if THEIRS in dags else "lost"
    return Fate(flagged, shown, became, said["logged"], sibling)


def _place(file: str, text: str) -> str:
    """The file an error is told of, with the line where the error names it."""
    where = re.match(rf"{re.escape(file)}:(\d+):\d+: ", text)
    return f"{Path(file).name}:{where[1]}" if where else Path(file).name


def summary(found: Mapping[str, Fate]) -> str:
    """The counts, in a sentence."""
    tried = [fate for name, fate in found.items() if name != GOOD]
    became = Counter(fate.became for fate in tried)
    crashes = sum(fate.flagged == "crashes" for fate in tried)
    own = sum(fate.became == "shown" and fate.shown.startswith(f"{THEIRS}.yaml") for fate in tried)
    parts = [
        f"of {len(tried)} mistakes its linter flags {sum(bool(fate.flagged) for fate in tried)}"
        + (f" (on {crashes} of them it crashes)" if crashes else ""),
        f"Airflow's UI shows {became['shown']}, {own} of them at the file that is broken",
        f"{became['lost'] + became['replaced']} are lost without a word there"
        + (f", {became['replaced']} of them in the place of a sound workflow" if became["replaced"] else ""),
        f"{became['loaded']} load as if nothing were wrong",
    ]
    return "; ".join(parts) + "."


def _lint(fate: Fate) -> str:
    return fate.flagged or "nothing"


def _airflow(fate: Fate) -> str:
    said = {
        "shown": f"shown ({fate.shown})",
        "lost": f"lost; {'only the log tells' if fate.logged else 'nothing tells'}",
        "replaced": "lost; it took the sound one's place",
        "loaded": "loads",
    }[fate.became]
    return said if fate.sibling or fate.became == "replaced" else f"{said}; the sound one is gone"
