"""References: found where a task executes, masked from then on, and told plainly where there is nothing to find."""

from __future__ import annotations

import json

import pytest

from dag_factory.errors import PhasegateError
from dag_factory.operators.references import look_up, resolve
from dag_factory.runners.masking import Secrets

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
    says = f"There is no {where} on this worker. Set it, or correct the reference in the spec."
    merge = " Checks of a merge run on workers of the default queue, whatever queue their persona has: set it there too."
    assert str(caught.value) == says + (merge if "env" in reference else "")


def test_a_value_that_is_empty_is_a_value(monkeypatch):
    monkeypatch.setenv("ORDERS", "")
    assert resolve({"env": "ORDERS"}) == ""


def test_what_was_found_is_not_looked_up_again(monkeypatch):
    monkeypatch.setenv("ORDERS", "{{ conn.orders.password }} $HOME {env: HOME}")
    assert resolve({"env": "ORDERS"}) == "{{ conn.orders.password }} $HOME {env: HOME}"


def test_a_mapping_is_looked_up_whole_or_not_at_all():
    assert look_up({"A": "a", "B": {"env": "ORDERS"}})[0] == {"A": "a", "B": SECRETS["env"]}
    assert look_up({}) == ({}, Secrets())
    with pytest.raises(PhasegateError, match="'NO_SUCH'"):
        look_up({"A": "a", "B": {"env": "NO_SUCH"}})


# What of it is masked, and what is guarded.


def test_what_is_looked_up_is_masked_and_a_text_is_not(masker):
    _, secrets = look_up({"PLAIN": "written-for-all", "STAGE": {"env": "ORDERS"}})
    assert secrets == Secrets((SECRETS["env"],), ())
    assert masker.redact(f"{SECRETS['env']} written-for-all") == "*** written-for-all"


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("API_TOKEN", {"env": "ORDERS"}),
        ("DB_PASSWORD", {"var": "orders"}),
        ("ANY", {"env": "GITHUB_TOKEN"}),
        ("ANY", {"var": "partner_api_key"}),
        ("client_secret", {"env": "ORDERS"}),
    ],
)
def test_what_is_called_a_secret_here_or_there_is_guarded(monkeypatch, name, reference):
    for variable in ("GITHUB_TOKEN", "AIRFLOW_VAR_PARTNER_API_KEY"):
        monkeypatch.setenv(variable, "yankee-yankee")
    values, secrets = look_up({name: reference})
    assert secrets.guarded == (values[name],)


def test_of_a_connection_its_password_is_guarded_by_itself(monkeypatch):
    extra = {"region": "eu-west-1", "session_token": "november-november", "deep": {"private_key": "oscar-oscar-oscar"}}
    monkeypatch.setenv(
        "AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "http", "host": "shop", "password": "whiskey/whiskey", "extra": json.dumps(extra)})
    )
    values, secrets = look_up({"SHOP": {"conn": "shop"}})
    assert "whiskey%2Fwhiskey" in values["SHOP"]
    assert set(secrets.guarded) == {values["SHOP"], "whiskey/whiskey", "november-november", "oscar-oscar-oscar"}
    assert secrets.masked == secrets.guarded


def test_a_connection_without_a_secret_is_an_address(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "http", "host": "shop"}))
    values, secrets = look_up({"PASSWORD_FREE": {"conn": "shop"}})
    assert (secrets.masked, secrets.guarded) == ((values["PASSWORD_FREE"],), ())


URL = "postgresql://loader:juliett%40juliett@db/orders"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("found", "secret"),
    [
        (URL, {"juliett@juliett", "juliett%40juliett"}),
        (json.dumps({"login": "loader", "password": "juliett-juliett"}), {"juliett-juliett"}),
        (
            json.dumps([{"urls": [URL]}, {"tokens": ["kilo-kilo", "lima-lima"]}]),
            {"juliett@juliett", "juliett%40juliett", "kilo-kilo", "lima-lima"},
        ),
    ],
    ids=["a URL", "JSON", "JSON with lists"],
)
@pytest.mark.parametrize("kind", ["env", "var"])
def test_a_secret_within_what_was_looked_up_is_one_by_itself(monkeypatch, kind, found, secret):
    monkeypatch.setenv("ORDERS" if kind == "env" else "AIRFLOW_VAR_ORDERS", found)
    _, secrets = look_up({"DATABASE": {kind: "ORDERS" if kind == "env" else "orders"}})
    assert set(secrets.guarded) == {found, *secret}
    assert secrets.masked == secrets.guarded


@pytest.mark.parametrize(
    "found",
    [
        "postgresql://postgres:postgres@localhost/postgres",
        "https://shop/orders?at=1",
        "http://[no-address",
        '{"login": "loader", "port": 5432',
        '{"stage": "production"}',
        "[" * 100_000,
        json.dumps(json.dumps(["production"])),
    ],
    ids=["a password that is the login", "no password", "no URL", "half of JSON", "no secret", "nested without end", "JSON in JSON"],
)
def test_where_there_is_none_within_nothing_is_guarded(monkeypatch, found):
    monkeypatch.setenv("ORDERS", found)
    assert look_up({"STAGE": {"env": "ORDERS"}})[1] == Secrets((found,), ())


@pytest.mark.parametrize(
    ("extra", "secret"),
    [
        ({"keyfile_dict": json.dumps({"type": "service_account", "private_key": KEY})}, {KEY}),
        ({"tokens": ["kilo-kilo", {"password": "lima-lima"}]}, {"kilo-kilo", "lima-lima"}),
        ({"connection_string": "Endpoint=sb://x;Key=kilo-kilo"}, {"Endpoint=sb://x;Key=kilo-kilo"}),
        ({"webhook_url": "https://hooks/T0/kilo"}, {"https://hooks/T0/kilo"}),
        ({"auth_header": "Basic kilo-kilo"}, {"Basic kilo-kilo"}),
        ({"sentry_dsn": "https://kilokilo@sentry"}, {"https://kilokilo@sentry"}),
        ({"proxy": "http://me:kilo-kilo@proxy:3128"}, {"kilo-kilo"}),
        ({"friendsname": "everybody", "proxy": "http://proxy:3128"}, set()),
        ({"password": 83719264, "deep": {"clientSecret": 55182736, "API_KEY": 90817263}}, {"83719264", "55182736", "90817263"}),
        (
            {"max_tokens": 163840, "token_lifetime": 8640000, "max_token": 163840, "secret": True, "passwords": 12345678, "port": 54321000},
            set(),
        ),
    ],
    ids=lambda value: min(value, default="nothing"),
)
def test_what_the_extras_of_a_connection_call_a_secret_is_guarded_however_deep(monkeypatch, extra, secret):
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "http", "host": "shop", "extra": json.dumps(extra)}))
    values, secrets = look_up({"SHOP": {"conn": "shop"}})
    assert set(secrets.guarded) == ({values["SHOP"], *secret} if secret else set())
    assert secrets.masked == (secrets.guarded or (values["SHOP"],))


def test_a_password_in_the_host_of_a_connection_is_guarded(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "http", "host": "https://me:kilo-kilo@shop"}))
    assert "kilo-kilo" in look_up({"SHOP": {"conn": "shop"}})[1].guarded
