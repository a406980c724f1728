"""The connections of a model's process: looked up by name where its task executes, with those that stand in for them, and their secrets known."""

from __future__ import annotations

import json

import pytest

from dag_factory.errors import PhasegateError
from dag_factory.operators.connections import connections_of

MODEL = {"conn_type": "pydanticai", "host": "http://127.0.0.1:1/v1", "password": "sk-first", "extra": {"model": "openai-chat:fake"}}


@pytest.fixture
def there(monkeypatch):
    """Makes connections by id."""

    def make(**connections):
        for name, values in connections.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(values))

    return make


def test_what_a_binding_names_and_what_stands_in_for_it(there):
    extra = {"model": "openai-chat:fake", "fallback_conn_ids": [" second ", "", "my_model"], "region_name": "eu"}
    there(
        my_model={**MODEL, "extra": extra}, second={**MODEL, "password": "sk-second"}, docs={"conn_type": "mcp", "password": "sk-docs"},
        shop={"conn_type": "http", "extra": {"api_key": "sk-shop", "aws_secret_access_key": "sk-aws"}}, other=MODEL,
    )  # fmt: skip
    found, secrets = connections_of({"connection": "my_model", "mcp": ["docs"], "connections": ["shop"]})
    assert set(found) == {"my_model", "second", "docs", "shop"}
    told = json.loads(found["my_model"])
    assert (told["password"], told["extra"], "conn_id" in told) == ("sk-first", extra, False)
    assert set(secrets.masked) == set(secrets.guarded) == {"sk-first", "sk-second", "sk-docs", "sk-shop", "sk-aws"}
    assert "sk-" not in repr(secrets)


@pytest.mark.parametrize("stand_ins", ["second", 5, {"a": "b"}, [1, None], []])
def test_stand_ins_that_are_no_list_of_names_are_left_to_the_provider_to_refuse(there, stand_ins):
    there(my_model={**MODEL, "extra": {"model": "openai-chat:fake", "fallback_conn_ids": stand_ins}})
    assert set(connections_of({"connection": "my_model"})[0]) == {"my_model"}


@pytest.mark.parametrize("work", [{"connection": "nobody"}, {"connection": "my_model", "mcp": ["nobody"]}])
def test_one_that_is_not_there_is_named(there, work):
    there(my_model=MODEL)
    with pytest.raises(PhasegateError, match="There is no Airflow connection 'nobody' for this task"):
        connections_of(work)
