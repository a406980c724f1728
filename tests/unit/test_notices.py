"""What people are told: everything they need, in one text; and whatever personas wrote is neither template nor markup in it."""

from __future__ import annotations

import pytest

from dag_factory.notices import Notice, base_url

FOUND = tuple((f"evidence-missing:foundation/architect/{index}", f"There is no file {index}.") for index in range(8))
FAILED = Notice("gate-failed", "orders_mart", "manual__1", "FAILED", "phasegate/dags/orders_mart", "Foundation", 1, FOUND)


def test_the_text_names_where_what_and_the_first_findings():
    said = FAILED.told("https://airflow.example/team")
    for part in (
        "orders_mart: Foundation FAILED\n",
        "Workflow: orders_mart",
        "Run: manual__1",
        "Phase: Foundation",
        "Fix cycle: 1",
        "Word: FAILED",
        "Findings: 8",
        "- evidence-missing:foundation/architect/0: There is no file 0.",
        "- and 3 more",
        "\nhttps://airflow.example/team/phasegate/dags/orders_mart",
    ):
        assert part in said["text"]
    assert len(said["findings"]) == 5


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        ("gate-passed", "w: Build PASSED"),
        ("fix-opened", "w: fix 2 of Build opened"),
        ("decision-needed", "w: Build waits for a decision"),
        ("run-complete", "w: the run ended PASSED"),
        ("run-late", "w: the run is late"),
    ],
)
def test_the_subject_says_what_happened(event, subject):
    assert Notice(event, "w", "r", "PASSED", "page", "Build", 2).subject == subject


def test_who_is_asked_is_named():
    assert "Asked: maria, erin" in Notice("decision-needed", "w", "r", "FAILED", "page", "Build", asked=("maria", "erin")).told("")["text"]


def test_a_finding_is_no_markup_and_stays_on_its_line():
    found = (("rule:<b>", "a <script>\n\nRun: forged\x1b[31m & <!channel>" + "x" * 1000),)
    said = Notice("gate-failed", "w", "r", "FAILED", "page", "Build", findings=found).told("https://host")
    assert "<script>" not in said["html"]
    assert "&lt;script&gt;" in said["html"]
    assert "<!channel>" not in said["slack"]
    assert "\nRun: forged" not in said["text"]
    assert "\x1b" not in said["text"]
    assert max(map(len, said["text"].splitlines())) < 400
    assert '<a href="https://host/page">' in said["html"]


def test_in_slack_all_but_the_link_is_a_block_of_code_that_nothing_in_it_ends():
    found = (("a:b", "*now* _or_ ~never~ `x` ``` <!here> :smile: ````` end`` "),)
    notice = Notice("decision-needed", "w", "manual__*1*", "FAILED", "dags/~a~/_b_", "Build *it*", findings=found, asked=("_lea_", "~max~"))
    said = notice.told("https://host")
    before, block, after = said["slack"].split("```")
    assert (before, after) == ("", "\n<https://host/dags/~a~/_b_>"), "three backticks twice, and what stands between is shown as it is"
    assert block.splitlines()[1] == "w: Build *it* waits for a decision"
    assert "- a:b: *now* _or_ ~never~ `x` ''' &lt;!here&gt; :smile: '''`` end``" in block.splitlines()
    assert "Asked: _lea_, ~max~" in block
    assert notice.told("")["slack"].endswith("\n`/dags/~a~/_b_`"), "a path is no link"
    assert said["text"].endswith("\n\nhttps://host/dags/~a~/_b_")


def test_a_subject_is_one_line():
    assert Notice("gate-passed", "w", "r", "PASSED", "page", "One\r\nBcc: everybody").subject == "w: One Bcc: everybody PASSED"


def test_where_airflow_is_not_known_the_link_is_a_path():
    said = FAILED.told("")
    assert said["link"] == "/phasegate/dags/orders_mart"
    assert "<a " not in said["html"]


def test_the_base_is_airflows(monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/team/")
    assert base_url() == "https://airflow.example/team"
