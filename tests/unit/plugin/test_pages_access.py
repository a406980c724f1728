"""Who sees what: every route of the app, walked as everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from phasegate_plugin.pages.app import HEADERS, make_app
from support.pages import PREFIX, Server, address, serving
from support.runs import HonestRun, honest

ROUTES = sorted({route.path for route in make_app().routes})
SECRETS = ("ARCHITECTURE.md", "PASSED", "Daily orders mart")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> HonestRun:
    """One run for all that is asked here: asking changes nothing."""
    return honest(tmp_path_factory.mktemp("access"), through="validation")


@pytest.fixture(scope="module")
def server(run: HonestRun) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as monkeypatch, serving(monkeypatch, run.tmp_path) as made:
        made.dag("bens", "blue")
        yield made


@pytest.fixture(scope="module")
def at(server: Server, run: HonestRun) -> str:
    return server.knows(run)


def filled(path: str, run: HonestRun) -> str:
    """A route's path, filled in so that it leads to something that is there."""
    stored = run.record.newest("foundation/architect")
    assert stored
    entry = stored.says.evidence[0]
    for name, value in {
        "{dag_id}": run.plan.workflow, "{run_id}": run.run_id, "{phase}": "foundation", "{task}": "architect", "{item}": entry.item,
        "{name:path}": entry.name, "{digest}": entry.digest, "{rest:path}": "anything",
    }.items():  # fmt: skip
        path = path.replace(name, value)
    assert "{" not in path
    return f"{PREFIX}/phasegate{path}"


def test_nothing_is_mounted_that_asks_nobody() -> None:
    """A mount, a file folder or a schema page would not ask for a user."""
    for route in make_app().routes:
        assert route.methods == {"GET"}
        assert "get_user" in {dependency.call.__name__ for dependency in route.dependant.dependencies}
    assert len(ROUTES) == 6


@pytest.mark.parametrize("path", ROUTES)
class TestEveryRoute:
    def test_somebody_who_has_not_logged_in(self, server: Server, run: HonestRun, at: str, path: str) -> None:
        answer = server.get(filled(path, run), who=None)
        assert answer.status_code == 401
        assert "/api/v2/auth/login?next=" in answer.text
        self.shows_nothing(answer)

    def test_somebody_with_the_right(self, server: Server, run: HonestRun, at: str, path: str) -> None:
        answer = server.get(filled(path, run), who="ann")
        assert answer.status_code == (404 if "{rest" in path else 200), answer.text
        assert not missing_headers(answer)

    @pytest.mark.parametrize("who", ["ben", "eve"])
    def test_somebody_of_another_team_or_without_a_role(self, server: Server, run: HonestRun, at: str, path: str, who: str) -> None:
        answer = server.get(filled(path, run), who=who)
        assert answer.status_code == (404 if "{rest" in path else 403)
        self.shows_nothing(answer)

    def test_what_is_refused_says_nothing_of_what_there_is(self, server: Server, run: HonestRun, at: str, path: str) -> None:
        """A run that is there and one that is not look the same to who may not know."""
        if "{run_id}" not in path:
            return
        there, gone = filled(path, run), filled(path, run).replace(run.run_id, "manual__gone")
        one, other = server.get(there, who="ben"), server.get(gone, who="ben")
        assert one.status_code == other.status_code == 403
        assert one.text.replace(run.run_id, "") == other.text.replace("manual__gone", "")

    def test_a_token_that_is_none(self, server: Server, run: HonestRun, at: str, path: str) -> None:
        server.client.cookies.clear()
        server.client.cookies.update({"_token": "forged"})
        answer = server.client.get(filled(path, run))
        assert answer.status_code in (401, 403)
        self.shows_nothing(answer)

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
    def test_nothing_can_be_done(self, server: Server, run: HonestRun, at: str, path: str, method: str) -> None:
        answer = server.client.request(method, filled(path, run))
        assert answer.status_code == 405
        assert not missing_headers(answer)

    def shows_nothing(self, answer) -> None:
        own = re.sub(r'<style>.*?</style>|\?next=[^"]*', "", answer.text, flags=re.DOTALL)  # what was asked for is no secret
        assert not [secret for secret in SECRETS if secret in own]
        assert not missing_headers(answer)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def missing_headers(answer) -> list[str]:
    """The headers of ours that an answer lacks; a download by digest may be kept."""
    return [
        name
        for name, value in HEADERS.items()
        if answer.headers.get(name) != value
        and not (name == "Cache-Control" and answer.headers[name] == "private, max-age=31536000, immutable")
    ]


def test_the_policy_allows_no_script_and_names_the_very_stylesheet(server: Server, at: str) -> None:
    import base64
    import hashlib

    answer = server.get(at)
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, flags=re.DOTALL)
    named = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{named}'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    )


def test_a_dag_named_elsewhere_than_in_the_path_gives_no_right(server: Server, run: HonestRun, at: str) -> None:
    """Airflow's dependency looks into the query too, and takes ~ for all DAGs."""
    assert server.get(f"{at}?dag_id=bens", who="ben").status_code == 403
    assert server.get(address("~", run.run_id), who="ben").status_code == 404


def test_a_run_of_another_dag_under_a_dag_one_may_read(server: Server, run: HonestRun, at: str) -> None:
    assert server.get(address("bens", run.run_id), who="ben").status_code == 404
    assert server.get(address(f"bens/../{run.plan.workflow}", run.run_id), who="ben").status_code in (403, 404)


def test_the_login_leads_back_to_the_page(server: Server, run: HonestRun, at: str) -> None:
    answer = server.get(f"{at}/gates/foundation", who=None)
    [there] = re.findall(r'href="([^"]*/auth/login[^"]*)"', answer.text)
    from urllib.parse import parse_qs, urlsplit

    assert there.startswith(f"{PREFIX}/api/v2/auth/login?next=")
    assert parse_qs(urlsplit(there).query)["next"] == [f"{at}/gates/foundation"]
