"""Makes `tests/attacks/runs.tar.xz` anew: the two real runs that every attack of the corpus begins with, and the keys that signed them.

    .venv/bin/python scripts/make-attack-runs.py

Both are runs of the sample in `examples/orders`, by the operators' own code: real workspaces, programs, merges, checks and gates; only Airflow's
scheduler is played by `support.house`. `straight` passes every gate at once. `mended` has the slip of the sample's engineer in it: the validation
gate finds it, a fix phase mends it. One key folder serves both, so that what one run signed is signed by the right key in the other.
"""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins"), str(ROOT / "tests")]

KEPT = ("charters", "statements", "verdicts", "triages", "fixes", "decisions", "waivers", "ledger", "completions")
PHASES = ("foundation", "implementation", "validation", "integration")


def main() -> None:
    """Make both runs, and pack what their bundles are made of."""
    with tempfile.TemporaryDirectory(prefix="phasegate-attacks-") as folder, pytest.MonkeyPatch.context() as patch:
        root = Path(folder)
        house = _house(root, patch)
        _straight(house)
        _mended(house)
        target = ROOT / "tests" / "attacks" / "runs.tar.xz"
        _pack(root, target)
        sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")


def _house(root: Path, patch: pytest.MonkeyPatch) -> object:
    from support.house import House

    return House.of_orders(root, patch)


def _straight(house) -> None:  # type: ignore[no-untyped-def] # a House; it imports Airflow
    house.run_id = "straight"
    house.whole()
    assert house.failures == {}, house.failures


def _mended(house) -> None:  # type: ignore[no-untyped-def]
    from support.house import ORDERS

    shutil.copytree(ORDERS / "personas", house.specs / "personas", dirs_exist_ok=True)
    house.run_id, house.tries, house.xcoms = "mended", {}, {}
    house.run("kickoff")
    for phase in PHASES:
        house.phase(phase)
        if house.word(phase) == "FAILED":
            house.fix(phase)
        assert house.word(phase) == "PASSED", house.findings(phase)
    house.run("complete")
    assert house.word("integration") == "PASSED"


def _pack(root: Path, target: Path) -> None:
    with tarfile.open(target, "w:xz", preset=9) as tar:
        for run in ("mended", "straight"):
            place = root / "evidence_root" / "orders_mart" / run
            for path in sorted(place.rglob("*")):
                name = path.relative_to(place)
                if path.is_file() and (name.parts[0] in ("blobs", "charters") or name.parts[1] in KEPT):
                    _add(tar, f"{run}/{name.as_posix()}", path.read_bytes())
        for path in sorted((root / "keys_root").glob("*.pem")):
            _add(tar, f"keys/{path.name}", path.read_bytes())


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o644
    tar.addfile(member, io.BytesIO(data))


if __name__ == "__main__":
    main()
