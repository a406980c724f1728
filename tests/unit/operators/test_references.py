"""References: found where a task executes, masked from then on, and told plainly where there is nothing to find."""

from __future__ import annotations

import json

import pytest

from dag_factory.errors import PhasegateError
from dag_factory.operators.references import resolve, resolve_all

SECRETS = {"env": "tango-from-the-environment", "var": "foxtrot-from-a-variable", "conn": "whiskey-from-a-connection"}


@pytest.fixture(autouse=True)
def there(monkeypatch):
    """One of each kind, all of the same name."""
    monkeypatch.setenv("ORDERS", SECRETS["env"])
    monkeypatch.setenv("AIRFLOW_VAR_ORDERS", SECRETS["var"])
    monkeypatch.setenv("AIRFLOW_CONN_ORDERS", json.dumps({"conn_type": "http", "host": "shop", "login": "me", "password": SECRETS["conn"]}))


@pytest.fixture
def masker():
    """Airflow's own masker, with nothing learnt yet and its memory given back."""
    from airflow.sdk.log import _secrets_masker

    real = _secrets_masker()
    before = set(real.patterns), real.replacer
    real.reset_masker()
    yield real
    real.patterns, real.replacer = before


@pytest.mark.parametrize("text", ["", "plain", "{env: ORDERS}", "$ORDERS", "{{ var.value.orders }}", "@architect"])
def test_text_stays_as_it_is(text):
    assert resolve(text) == text


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ({"env": "ORDERS"}, SECRETS["env"]),
        ({"var": "ORDERS"}, SECRETS["var"]),
        ({"conn": "orders"}, f"http://me:{SECRETS['conn']}@shop"),
        ({"env": None, "conn": None, "var": "orders"}, SECRETS["var"]),
    ],
)
def test_each_kind_is_looked_up_in_its_own_place(reference, found):
    assert resolve(reference) == found


@pytest.mark.parametrize("kind", SECRETS)
def test_what_was_looked_up_is_masked(masker, kind):
    found = resolve({kind: "ORDERS" if kind == "env" else "orders"})
    assert masker.redact(f"the program said {found} aloud") == "the program said *** aloud"


def test_an_address_may_be_asked_for_unmasked(masker):
    found = resolve({"env": "ORDERS"}, masked=False)
    assert masker.redact(found) == found


def test_text_written_in_the_spec_is_no_secret(masker):
    resolve("written-for-all-to-see")
    assert masker.redact("written-for-all-to-see") == "written-for-all-to-see"


@pytest.mark.parametrize(
    ("reference", "where"),
    [
        ({"env": "NO_SUCH"}, "environment variable 'NO_SUCH'"),
        ({"var": "no_such"}, "Airflow variable 'no_such'"),
        ({"conn": "no_such"}, "Airflow connection 'no_such'"),
    ],
)
def test_what_is_not_there_is_told_and_never_empty(reference, where):
    with pytest.raises(PhasegateError) as caught:
        resolve(reference)
    assert str(caught.value) == f"There is no {where} on this worker. Set it, or correct the reference in the spec."


def test_a_value_that_is_empty_is_a_value(monkeypatch):
    monkeypatch.setenv("ORDERS", "")
    assert resolve({"env": "ORDERS"}) == ""


def test_what_was_found_is_not_looked_up_again(monkeypatch):
    monkeypatch.setenv("ORDERS", "{{ conn.orders.password }} $HOME {env: HOME}")
    assert resolve({"env": "ORDERS"}) == "{{ conn.orders.password }} $HOME {env: HOME}"


def test_a_mapping_is_looked_up_whole_or_not_at_all():
    assert resolve_all({"A": "a", "B": {"env": "ORDERS"}}) == {"A": "a", "B": SECRETS["env"]}
    assert resolve_all({}) == {}
    with pytest.raises(PhasegateError, match="'NO_SUCH'"):
        resolve_all({"A": "a", "B": {"env": "NO_SUCH"}})
