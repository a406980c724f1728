from __future__ import annotations

import pytest

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.command import CommandExpect, CommandKind


def examine(exit_code, data=b""):
    return CommandKind().examine(Material("tried", data, exit_code), CommandExpect())


def test_zero_alone_will_do():
    assert examine(0).faults == ()


@pytest.mark.parametrize(("code", "says"), [(1, "exit code 1"), (2, "exit code 2"), (256, "exit code 256"), (-9, "killed by signal 9")])
def test_any_other_code_is_told(code, says):
    (fault,) = examine(code).faults
    assert fault.rule == "check-failed"
    assert says in fault.text


@pytest.mark.parametrize("code", [None, True, False])
def test_no_code_is_no_pass(code):
    (fault,) = examine(code, b"all good").faults
    assert fault.rule == "check-missing"


def test_the_last_line_it_printed_helps():
    (fault,) = examine(1, b"first\nNo such file: \xff docs\n\n").faults
    assert "No such file: \ufffd docs" in fault.text
    assert "first" not in fault.text
