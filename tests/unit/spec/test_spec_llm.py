"""How a language model is written in a spec."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from dag_factory.spec.models import Binding


def test_a_text_alone_is_the_connection() -> None:
    assert Binding(llm="my_model").value.model_dump() == Binding(llm={"connection": "my_model"}).value.model_dump()
    assert Binding(llm="my_model").runners == ("llm",)


def test_a_mapping_says_more() -> None:
    said = Binding(
        llm={"connection": "my_model", "model": "openai:gpt-5", "mcp": ["docs"], "toolsets": ["a.b:tools"], "connections": ["db"]}
    ).value
    assert (said.model, said.mcp, said.toolsets, said.connections) == ("openai:gpt-5", ("docs",), ("a.b:tools",), ("db",))


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "connection"), (5, "the id of a connection, or a mapping"), ({}, "connection"), ({"connection": "m", "tools": []}, "tools"),
        ({"connection": "m", "toolsets": ["tools"]}, "write module:function"), ({"connection": "m", "toolsets": ["a/b:tools"]}, "write module:function"),
        ({"connection": "m", "toolsets": ["a:tools()"]}, "write module:function"), ({"connection": "m", "mcp": [5]}, "mcp"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(written: object, says: str) -> None:
    with pytest.raises(ValidationError) as told:
        Binding(llm=written)
    assert says in str(told.value)
