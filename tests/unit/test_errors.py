"""One base, one child per fault, and diagnostics in the order of the file."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from dag_factory import errors
from dag_factory.errors import Diagnostic, EnvelopeError, EvidenceError, PhasegateError, Position, SpecError


def test_every_error_is_a_phasegate_error_and_is_told_to_the_world() -> None:
    found = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and kind.__module__ == errors.__name__}
    assert set(errors.__all__) == set(found)
    assert all(issubclass(kind, PhasegateError) for name, kind in found.items() if name.endswith("Error"))
    assert all(kind.__doc__ for kind in found.values())
    assert issubclass(EnvelopeError, EvidenceError)


def test_an_error_says_what_and_what_next() -> None:
    error = PhasegateError("The store is full.", remedy="Make room.")
    assert str(error) == "The store is full. Make room."
    assert (error.message, error.remedy) == ("The store is full.", "Make room.")
    assert str(PhasegateError("The store is full.")) == "The store is full."


def test_a_position_is_what_editors_open() -> None:
    assert str(Position("orders.yaml", 3, 7)) == "orders.yaml:3:7"
    assert sorted([Position("b", 1, 1), Position("a", 10, 1), Position("a", 9, 5), Position("a", 9, 4)]) == [
        Position("a", 9, 4), Position("a", 9, 5), Position("a", 10, 1), Position("b", 1, 1),
    ]  # fmt: skip


def test_a_diagnostic_is_one_line() -> None:
    told = Diagnostic("gate-missing", Position("w.yaml", 3, 5), "Phase a has no gate.", "Write one.")
    assert str(told) == "w.yaml:3:5: gate-missing: Phase a has no gate. Write one."
    with pytest.raises(dataclasses.FrozenInstanceError):
        told.rule = "another"  # type: ignore[misc]


def test_a_spec_error_tells_everything_in_the_order_of_the_file() -> None:
    def told(rule: str, line: int) -> Diagnostic:
        return Diagnostic(rule, Position("w.yaml", line, 1), "Wrong.", "Mend it.")

    error = SpecError([told("b", 10), told("z", 2), told("a", 2)])
    assert [(item.rule, item.where.line) for item in error.diagnostics] == [("a", 2), ("z", 2), ("b", 10)]
    assert str(error).splitlines() == [str(item) for item in error.diagnostics]
    assert isinstance(error, PhasegateError)


def test_what_only_follows_from_a_name_that_is_wrong_is_told_last() -> None:
    def told(rule: str, line: int) -> Diagnostic:
        return Diagnostic(rule, Position("w.yaml", line, 1), "Wrong.", "Mend it.")

    for misnamed in ("persona-combined", "persona-unknown"):
        error = SpecError([told("binding-missing", 1), told(misnamed, 3), told("z", 2)])
        assert [item.rule for item in error.diagnostics] == ["z", misnamed, "binding-missing"]
    assert [item.rule for item in SpecError([told("z", 2), told("binding-missing", 1)]).diagnostics] == ["binding-missing", "z"]
