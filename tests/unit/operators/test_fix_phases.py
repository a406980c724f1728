"""Fix phases with everything real but Airflow's scheduler: findings are routed, mended, merged, judged again."""

from __future__ import annotations

import pytest
from support.house import House


@pytest.fixture
def orders(honest, tmp_path, monkeypatch) -> House:
    """The sample with the implementation's tasks done and no gate asked."""
    return honest.to("foundation").copy(tmp_path / "house", monkeypatch)


def test_missing_evidence_is_mended_by_whoever_owes_it(honest, tmp_path, monkeypatch):
    house = honest.to("foundation").copy(tmp_path / "house", monkeypatch)
    script = house.specs / "personas" / "ux_designer.py"
    good = script.read_text()
    script.write_text("print('done')\n")
    house.run("foundation.ux-designer")
    house.close("foundation")
    assert house.word("foundation") == "FAILED"
    script.write_text(good)
    house.fix("foundation")
    assert house.failures == {"foundation.gate": house.failures["foundation.gate"]}
    assert house.word("foundation") == "PASSED", house.findings("foundation")
    said = house.record.verdict("foundation").says.phasegate
    assert said.binding.cycle == 1
    assert {item.now for item in said.rechecked} == {"mended"}
    house.phase("implementation")
    assert house.word("implementation") == "PASSED", house.findings("implementation")
