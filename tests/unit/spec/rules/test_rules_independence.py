"""Whoever validates is not who made the thing validated."""

from __future__ import annotations

from typing import Any

import pytest

VALIDATION = "phases:\n  validation:\n    tasks:\n      product-manager:\n        "


def late(validates: str, persona: str = "devops") -> str:
    return f"phases:\n  late:\n    after: integration\n    gate: {{}}\n    tasks:\n      t: {{¦persona: {persona}, validates: [{validates}]}}\n"


@pytest.mark.parametrize("target", ["integration", "integration/devops"])
def test_a_validator_that_implements(author: Any, target: str) -> None:
    told = author.only("validator-implements", more=late(target))
    assert "@devops would validate its own work" in told.reason
    assert told.remedy == "Let another persona validate it."


def test_a_task_that_validates_itself(author: Any) -> None:
    more = late("integration/architect, late/t").replace("¦", "").replace("validates", "¦validates")
    assert author.only("validator-implements", more=more).remedy == "Remove it from `validates`."


def test_the_stories_author_may_validate_the_product_but_not_the_stories(author: Any) -> None:
    assert author.sound()
    found = author.told(more=VALIDATION + "validates: [implementation, foundation]\n")
    assert [(told.rule, told.where.line, told.where.column) for told in found] == [("validator-implements", 13, 7)]


def test_others_may_validate(author: Any) -> None:
    assert author.sound(more=late("integration/architect, validation").replace("¦", ""))
