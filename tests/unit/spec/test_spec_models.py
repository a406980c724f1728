"""What the models refuse by themselves: frozen, strict, nothing extra."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from dag_factory.spec import RUNNER_KEYS, Binding, Reference, Workflow, models
from dag_factory.spec.models import Evidence, Schedule


def test_every_model_is_frozen_strict_and_closed() -> None:
    kinds = [kind for kind in vars(models).values() if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not BaseModel]
    assert len(kinds) > 15
    for kind in kinds:
        assert {key: kind.model_config.get(key) for key in ("frozen", "strict", "extra")} == {
            "frozen": True,
            "strict": True,
            "extra": "forbid",
        }


@pytest.mark.parametrize(
    "given", [{"cron": "* * * * *", "preset": "daily"}, {"preset": "daily", "assets": ["a"]}, {"preset": "fortnightly"}]
)
def test_a_schedule_of_one_kind(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"one of cron, preset and assets|Input should be 'hourly'"):
        Schedule.model_validate(given)


@pytest.mark.parametrize("given", [{}, {"env": "A", "var": "b"}, {"env": ""}, {"env": 5}])
def test_a_reference_is_one_of_three(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Reference.model_validate(given)


@pytest.mark.parametrize("given", [{}, {"path": "A", "report": "B"}, {"report": "A", "changed": "product"}])
def test_evidence_lies_in_one_place(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly one of path, report and changed, or a check alone"):
        Evidence.model_validate({"kind": "file", **given})


@pytest.mark.parametrize("key", ["path", "report"])
@pytest.mark.parametrize("place", ["/etc/passwd", "../x", "a/../../x", "a\\b"])
def test_evidence_stays_below_the_workspace(key: str, place: str) -> None:
    with pytest.raises(ValidationError, match="must stay below the workspace"):
        Evidence.model_validate({"kind": "file", key: place})


def test_a_check_alone_is_evidence() -> None:
    assert Evidence.model_validate({"kind": "command", "check": "docs"}).check == "docs"


@pytest.mark.parametrize("key", RUNNER_KEYS)
def test_each_runner_has_a_key(key: str) -> None:
    value: Any = {"external": True, "human": ["maria"]}.get(key, "x")
    assert Binding.model_validate({key: value}).runners == (key,)


@pytest.mark.parametrize(
    ("written", "preset", "cron"), [("daily", "daily", None), ("0 6 * * *", None, "0 6 * * *"), (None, None, None), ("none", None, None)]
)
def test_a_schedule_in_a_word(written: Any, preset: str | None, cron: str | None) -> None:
    schedule = Workflow.model_validate({"workflow": "w", "mission": "m", "schedule": written}).schedule
    assert (schedule.preset, schedule.cron) == (preset, cron)
