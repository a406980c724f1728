"""JUnit reports: what was counted, where the report contradicts itself, and every test, those that failed first."""

from __future__ import annotations

from collections import Counter

from markupsafe import Markup

from dag_factory.errors import EvidenceError
from phasegate_plugin.pages.render.markup import NotShownError, facts, note, sign, table
from phasegate_plugin.pages.render.signs import size

__all__ = ["MAX_BYTES", "show"]

MAX_BYTES = 2_000_000
"""The largest report that is read here; a gate reads larger ones."""

_ORDER = {"errored": 0, "failed": 0, "xfailed": 1, "skipped": 1, "passed": 2}
_SUBTESTS = "A tool that counts subtests does so; the gate asks what the check printed, which this page does not."
_MOODS = {"errored": "bad", "failed": "bad", "passed": "good"}


def show(name: str, data: bytes) -> Markup:  # noqa: ARG001 # every shape is asked alike
    """Show a report.

    Raises
    ------
    NotShownError: it is none, or beyond the limits.

    """
    from dag_factory.evidence.kinds.junit_figures import may_be_subtests
    from dag_factory.evidence.kinds.junit_report import read

    if len(data) > MAX_BYTES:
        raise NotShownError(f"it has {size(len(data))}, and at most {size(MAX_BYTES)} are read here")
    try:
        report = read(data)
    except EvidenceError as error:
        raise NotShownError(error.message.rstrip(".")) from error
    counted: Counter[str] = Counter(case.outcome for case in report.cases)
    outcomes = ("passed", "failed", "errored", "skipped", "xfailed")
    made = facts(
        (("tests", len(report.cases)), *((outcome, counted[outcome]) for outcome in outcomes if counted[outcome] or outcome == "failed"))
    )
    for text in report.lies:
        made += note(f"? {text}. {_SUBTESTS}" if may_be_subtests(text) else f"✗ {text}")
    for text in report.loose[:20]:
        made += note(f"✗ {text}")
    cases = sorted(report.cases, key=lambda case: _ORDER[case.outcome])
    rows = ((sign(case.outcome, _MOODS.get(case.outcome, "plain")), case.name, case.classname, case.message) for case in cases)
    return made + table("Tests, those that failed first", ("Outcome", "Test", "Where", "Message"), rows)
