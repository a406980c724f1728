"""The sample's personas mend what was found; they see the findings and the product, and never what was broken."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.house import ORDERS, House
from support.slips import OWN, SLIPS, slip

from dag_factory.cli.demo.home import without_slip

NOT_PRODUCT = {"build", "__pycache__", ".pytest_cache"}


def start(
    script: str, workspace: Path, task: dict[str, object], personas: Path = ORDERS / "personas", **more: str
) -> subprocess.CompletedProcess[str]:
    """Start a persona's script as Phasegate would."""
    told = workspace.parent / "task.json"
    told.write_text(json.dumps(task), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # what a visitor's shell may not have
    environment = {
        **kept, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]), "PHASEGATE_TASK": str(told),
        "PHASEGATE_INPUTS": str(workspace.parent / "inputs"), "PHASEGATE_EVIDENCE": str(workspace.parent / "evidence"), **more,
    }  # fmt: skip
    return subprocess.run([sys.executable, personas / script], cwd=workspace, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product as it is merged before validation, with nothing wrong in it."""
    workspace = tmp_path_factory.mktemp("merged") / "workspace"
    personas = workspace.parent / "personas"
    shutil.copytree(ORDERS / "personas", personas)
    without_slip(personas)
    shutil.copytree(ORDERS / "repo", workspace)
    features = {"ingest": "Load", "daily_mart": "Build"}
    task = {"workflow": "orders_mart", "mission": "Orders", "features": features, "evidence": [], "findings": [], "merged": []}
    for script in ("architect.py", "product_manager.py"):
        done = start(script, workspace, task)
        assert done.returncode == 0, done.stderr
    for name, page in (("architect", "ARCHITECTURE.md"), ("product-manager", "stories.json")):
        (workspace.parent / "inputs" / "foundation" / name).mkdir(parents=True)
        shutil.copyfile(workspace / page, workspace.parent / "inputs" / "foundation" / name / page)
    for script in ("software_engineer.py", "sdet.py"):
        for feature in features:
            done = start(script, workspace, task, personas, PHASEGATE_FEATURE=feature)
            assert done.returncode == 0, done.stderr
    return workspace.parent


def mended(made: Path, tmp_path: Path, name: str, run: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The product with a slip in it, and what the engineer did when told of a failed check; the code it wrote first is not there to be copied."""
    shutil.copytree(made, tmp_path / "run")
    personas = tmp_path / "personas"
    shutil.copytree(ORDERS / "personas", personas)
    for source in (personas / "work" / "software-engineer").glob("*/src"):
        shutil.rmtree(source)
    search = personas / "repair" / "search.py"
    text, limits = re.subn(r"^(_ROUND_ENDS|_ENOUGH|_TIMES) = [\d.]+", r"\1 = 0", search.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert limits == 3  # the clock has run out before it begins, as on a busy machine: what is found must not hang on it
    search.write_text(text, encoding="utf-8")
    workspace, feature = tmp_path / "run" / "workspace", SLIPS[name][0]
    slip(workspace / "src" / "orders" / feature, name)
    check = {"name": "check", "run": run, "exit_code": 2, "excerpt": ""}
    finding = {"id": "check-failed:x", "rule": "check-failed", "subject": "x", "text": "It fails.", "checks": [check]}
    return workspace, start("software_engineer.py", workspace, {"cycle": 1, "findings": [finding]}, personas, PHASEGATE_FEATURE=feature)


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not NOT_PRODUCT & set(path.parts)
    }


@pytest.mark.parametrize("name", SLIPS)
def test_the_engineer_mends_a_slip_and_touches_nothing_else(made: Path, tmp_path: Path, name: str) -> None:
    workspace, done = mended(made, tmp_path, name, "make golden-paths")
    assert done.returncode == 0, done.stderr
    assert "Mended: " in done.stdout, done.stdout
    assert re.search(r" \d+ edits tried\.$", done.stdout.strip()), done.stdout
    before, after = everything(made / "workspace"), everything(workspace)
    feature, module, *_ = SLIPS[name]
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} <= {
        f"src/orders/{feature}/{module}", f"interfaces/{feature}/INTERFACE.md",
    }  # fmt: skip
    assert b"## Mended" in after[f"interfaces/{feature}/INTERFACE.md"]
    checked = subprocess.run(
        ["make", "golden-paths"], cwd=workspace, capture_output=True, check=False,
        env={**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])},
    )  # fmt: skip
    assert checked.returncode == 0


def test_what_a_finding_says_was_run_is_only_looked_up_and_never_run(made: Path, tmp_path: Path) -> None:
    workspace, done = mended(made, tmp_path, "orders left out", "make golden-paths; touch hacked")
    assert done.returncode == 0, done.stderr
    assert not (workspace / "hacked").exists()


def test_a_designer_who_left_nothing_mends_it_in_a_fix_phase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House.of_orders(tmp_path, monkeypatch)
    designer = house.specs / "personas" / "ux_designer.py"
    text = designer.read_text(encoding="utf-8")
    designer.write_text(text.replace('Path("UX.md").write_text(text, encoding="utf-8")', "pass"), encoding="utf-8")
    house.run("kickoff")
    house.phase("foundation")
    assert [finding.id for finding in house.findings("foundation")] == ["evidence-missing:foundation/ux-designer/ux"]
    house.fix("foundation")
    assert house.word("foundation") == "PASSED"


def test_the_sample_has_that_slip_until_it_is_taken_out(tmp_path: Path) -> None:
    shutil.copytree(ORDERS / "personas", tmp_path / "personas")
    report = tmp_path / "personas" / "work" / "software-engineer" / "daily_mart" / "src" / "report.py"
    _, _, right, wrong = SLIPS[OWN]
    assert wrong in report.read_text(encoding="utf-8")
    without_slip(tmp_path / "personas")
    assert right in report.read_text(encoding="utf-8")
