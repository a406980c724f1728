"""`phasegate report`: a run as Markdown, for an auditor or a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pendulum
import typer

from dag_factory.cli.budgets import Drawn, budgets_of
from dag_factory.cli.harmless import code, heading, row
from dag_factory.cli.report_phase import phase_lines
from dag_factory.cli.runs import find_run, record_of
from dag_factory.cli.signs import lasted, sign
from dag_factory.cli.wording import unseen
from dag_factory.errors import PhasegateError
from dag_factory.evidence.account import RunAccount
from dag_factory.evidence.assurance import badge
from dag_factory.evidence.bundle import is_over
from dag_factory.evidence.recount import account_of

__all__ = ["page", "report"]


def report(
    run: Annotated[str, typer.Argument(help="The run's folder in the store, or workflow/run_id.")],
    root: Annotated[Path | None, typer.Option(help="The evidence root, for workflow/run_id.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it into this file; else it is printed.")] = None,
) -> None:
    """Tell a run as Markdown: who made what and who checked it, every finding word for word and how it ended, waivers, decisions, digests and key ids.

    Whatever others wrote stands in it as code, so that nothing of it is a link, a picture, HTML or a mention. Works without Airflow.

    Example: phasegate report orders_mart/manual__1 --output report.md
    """
    store = find_run(run, root)
    record = record_of(store)
    text = page(account_of(record, pendulum.now("UTC"), over=is_over(store, record)), budgets_of(store, record))
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PhasegateError(
            f"The report cannot be written to {output}: {error.strerror}.", remedy="Name a file in a folder that you may write to."
        ) from error


def page(account: RunAccount, budgets: tuple[Drawn, ...] = ()) -> str:
    """The whole report.

    Parameters
    ----------
    account: the run.
    budgets: what was drawn on them.

    """
    lines = [
        f"# {sign(account.word)} {heading(account.workflow)}: {account.word}",
        "",
        *_facts(account),
        *_waits(account),
        *_overview(account),
        *_budgets(budgets),
        *_checklists(account),
    ]
    for number, phase in enumerate(account.phases, 1):
        lines += phase_lines(number, phase)
    return "\n".join([*lines, *_verifying(account)]) + "\n"


_WORDS = {
    "PASSED": "Every phase was passed, and nothing was waived.",
    "PASSED_WITH_WAIVER": "Every phase was passed, **but not everything was mended**: what was waived stands below, with by whom and until when.",
    "FAILED": "A phase was not passed, and nothing comes any more by itself.",
    "OPEN": "The run is not at its end.",
}


def _facts(account: RunAccount) -> list[str]:
    facts = (
        ("run", code(account.run)),
        ("mission", code(account.mission)),
        (
            "begun",
            f"{account.begun_at}, by {code(account.triggered_by)}"
            if account.triggered_by
            else f"{account.begun_at}, by a schedule or an event",
        ),
        ("plan", code(account.plan)),
        ("charter", code(account.charter)),
        ("key of Phasegate", code(account.keyid)),
        ("assurance", badge(account.assurance)),
        ("base commit", code(account.base)),
        ("cost", f"{account.cost} USD, as far as agents reported it" if account.cost else "none was reported"),
    )
    return [_WORDS[account.word], "", row(" ", " "), row("---", "---"), *(row(name, value) for name, value in facts), ""]


def _waits(account: RunAccount) -> list[str]:
    if not account.waits:
        return []
    over = "`complete` has answered, and nothing has come since: this comes where somebody clears it in Airflow." if account.over else ""
    told = over or unseen(account)
    title = "## What would come next" if over else "## What is waited for"
    return [title, "", *([told, ""] if told else []), *(f"- {code(waited.says)}" for waited in account.waits), ""]


def _overview(account: RunAccount) -> list[str]:
    lines = ["## Phases", "", row("phase", "verdict", "fix cycles", "findings", "of them open", "waived", "time"), row(*["---"] * 7)]
    for number, phase in enumerate(account.phases, 1):
        ended = [story.now for story in phase.findings]
        word = f"{sign(phase.word)} {phase.word or 'no verdict'}"
        lines.append(
            row(
                f"{number} {heading(phase.title)}", f"✗ {phase.word}, counts no more" if phase.doubt else word, str(phase.cycle), str(len(ended)),
                str(ended.count("open")), str(ended.count("waived")), lasted(phase.seconds),
            )
        )  # fmt: skip
    return [*lines, ""]


def _budgets(budgets: tuple[Drawn, ...]) -> list[str]:
    if not budgets:
        return []
    doubts = [f"**It cannot be told:** {code(one.doubt)}" for one in budgets if one.doubt]
    rows = [row(code(one.account), one.limit, f"{'✗ ' if one.over else ''}{one.drawn}") for one in budgets if not one.doubt]
    table = [row("account", "limit", "spent or set aside"), row(*["---"] * 3), *rows] if rows else []
    return ["## Budgets", "", *doubts, *table, ""]


def _checklists(account: RunAccount) -> list[str]:
    lines: list[str] = []
    notes = {"holds": "holds", "waived": "waived", "fails": "does not hold", "open": "not answered yet"}
    for name in dict.fromkeys(item.checklist for item in account.checklists):
        lines += [f"## Checklist: {heading(name.replace('-', ' '))}", "", row(" ", "item", "answer"), row(*["---"] * 3)]
        for item in (one for one in account.checklists if one.checklist == name):
            mark = "…" if item.now == "open" else sign(item.now)
            lines.append(row(mark, code(item.says), notes[item.now]))
        lines.append("")
    return lines


def _verifying(account: RunAccount) -> list[str]:
    return [
        "## How to verify it",
        "",
        "This page is no evidence: it repeats signed statements and verdicts. Whoever has the run's folder judges all of it again, offline:",
        "",
        "```sh",
        f"phasegate verify RUN_FOLDER --trust {account.keyid}",
        "```",
    ]
