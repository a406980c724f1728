"""`phasegate status`: where a run stands, told from its store alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import pendulum
import typer
from rich.console import Console
from rich.text import Text

from dag_factory.cli.budgets import Drawn, budgets_of
from dag_factory.cli.harmless import visible
from dag_factory.cli.plain import as_json
from dag_factory.cli.runs import find_run, record_of
from dag_factory.cli.signs import lasted, sign, style
from dag_factory.cli.wording import counted, ended, unseen, waiver_word
from dag_factory.evidence.account import PhaseAccount, RunAccount, TaskAccount
from dag_factory.evidence.bundle import is_over
from dag_factory.evidence.handing import submit_command
from dag_factory.evidence.recount import account_of

__all__ = ["show", "status"]


def status(
    run: Annotated[str, typer.Argument(help="The run's folder in the store, or workflow/run_id.")],
    root: Annotated[Path | None, typer.Option(help="The evidence root, for workflow/run_id.")] = None,
    json: Annotated[bool, typer.Option("--json", help="All of it as JSON.")] = False,
) -> None:
    """Tell where a run stands: phases, tasks, cycles, findings and how each ended, decisions, times, both checklists, and what is waited for.

    It reads the signed statements and verdicts of the store and judges nothing again: `phasegate verify` does. Works without Airflow.

    Example: phasegate status orders_mart/manual__1
    """
    store = find_run(run, root)
    record = record_of(store)
    account = account_of(record, pendulum.now("UTC"), over=is_over(store, record))
    if json:
        typer.echo(as_json(account))
    else:
        console = Console(highlight=False)
        show(console, account, {task: submit_command(run, contract, root) for task, contract in record.contract.tasks.items()})
        _budgets(console, budgets_of(store, record))


def show(console: Console, account: RunAccount, commands: Mapping[str, str] | None = None) -> None:
    """Print a run.

    Parameters
    ----------
    console: where to.
    account: the run.
    commands: what is typed to hand in the evidence of a task, by its id.

    """
    _line(console, ("Run ", ""), (account.run, "bold"), (" of ", ""), (account.workflow, "bold"), (": ", ""), *_word(account.word))
    cost = f"  {account.cost} USD" if account.cost else ""
    _line(console, (f"{account.mission}  begun {account.begun_at}{cost}", "dim"))
    for waited in account.waits:
        _line(console, ("  … would come next: " if account.over else "  … waits: ", "bold"), (waited.says, ""))
        if command := (commands or {}).get(waited.task):
            _line(console, (f"      {command}", ""))
    if told := unseen(account):
        _line(console, (f"    {told}", "dim"))
    if account.word in {"PASSED", "PASSED_WITH_WAIVER"}:
        said = "and `complete` has said so" if account.over else "and `complete` still judges them all"
        _line(console, (f"  Every phase is passed, {said}; `phasegate verify` judges it all again.", ""))
    if account.word == "FAILED":
        said = "`complete` has answered, and nothing has come since" if account.over else "Nothing comes any more by itself"
        _line(console, (f"  {said}: mend the cause and clear in Airflow, or `phasegate waive`.", ""))
    _overview(console, account)
    for phase in account.phases:
        _phase(console, phase)
    _checklists(console, account)


def _budgets(console: Console, budgets: tuple[Drawn, ...]) -> None:
    """What was drawn on each budget; nothing where there is none."""
    if budgets:
        _line(console, ("", ""))
        _line(console, ("Budgets", "bold"))
    for one in budgets:
        told = one.doubt or f"{one.account}: {one.drawn} of {one.limit} spent or set aside"
        _line(console, (f"  {'✗' if one.over else '•'} {told}", "red" if one.over else ""))


def _line(console: Console, *parts: tuple[str, str]) -> None:
    console.print(Text.assemble(*((visible(text), style) for text, style in parts)), soft_wrap=True)


def _word(word: str) -> list[tuple[str, str]]:
    return [(f"{sign(word)} {word}", f"bold {style(word)}")]


def _overview(console: Console, account: RunAccount) -> None:
    """A line a phase and a line a task, in columns."""
    tasks = [task for phase in account.phases for task in phase.tasks]
    widths = [max((len(visible(text)) for text in texts), default=0) for texts in zip(*(_names(task) for task in tasks), strict=True)]
    for number, phase in enumerate(account.phases, 1):
        cycles = f" after {phase.cycle} fix cycle{'' if phase.cycle == 1 else 's'}" if phase.cycle else ""
        doubt = [(", counts no more", "bold red")] if phase.doubt else []
        took = f"  {lasted(phase.seconds)}" if phase.seconds is not None else ""
        _line(console, (f"{number} {phase.title}: ", "bold"), *_word(phase.word or "no verdict"), *doubt, (cycles + took, "dim"))
        for task in phase.tasks:
            names = "  ".join(visible(text).ljust(width) for text, width in zip(_names(task), widths, strict=True))
            wrong = sum(story.now == "open" and story.finding.task == task.id for story in phase.findings)
            _line(console, (f"    {names}  ", ""), *_task(task, wrong))


def _names(task: TaskAccount) -> tuple[str, str]:
    return task.id.partition("/")[2], f"@{task.persona}"


def _task(task: TaskAccount, wrong: int) -> list[tuple[str, str]]:
    again = f" in cycle {task.cycle}" if task.cycle else ""
    missing = sum(not item.name for item in task.evidence) if task.state == "delivered" else 0
    parts = [(f"{sign(task.state)} {task.state}{again}", style(task.state))]
    parts += [(f", {wrong} finding{'' if wrong == 1 else 's'}", "red")] if wrong else []
    parts += [(f", without {missing} of what it owes", "red")] if missing else []
    tries = f", {task.attempts} tries" if task.attempts > 1 else ""
    cost = f"  {task.cost} USD" if task.cost else f"  {task.tokens:,} tokens" if task.tokens is not None else ""
    return [*parts, (f"{tries}{f'  {lasted(task.seconds)}' if task.seconds else ''}{cost}", "dim")]


def _phase(console: Console, phase: PhaseAccount) -> None:
    """What a table cannot hold: only where there is something to tell."""
    if not (phase.doubt or phase.findings or phase.cycles or phase.decisions or phase.waivers or phase.broken):
        return
    _line(console, ("", ""))
    _line(console, (phase.title, "bold"), (": ", ""), *_word(phase.word or "no verdict"))
    if phase.doubt:
        _line(console, (f"  ✗ {phase.doubt}", "red"))
    for broken in phase.broken:
        _line(console, (f"  ✗ no statement: {broken}", "red"))
    for story in phase.findings:
        _line(console, (f"  {sign(story.now)} {ended(story)}: ", style(story.now)), (story.finding.id, "bold"))
        _line(console, (f"      {story.finding.text}", "dim"))
    for cycle in phase.cycles:
        given = "; ".join(f"{order.owner}{'' if order.delivered else ' (nothing yet)'}" for order in cycle.orders) or "nobody"
        judges = ", ".join(f"{order.owner}{'' if order.delivered else ' (not yet)'}" for order in cycle.again)
        _line(
            console,
            (f"  ↻ fix cycle {cycle.cycle}", "cyan"),
            (f", {counted(len(cycle.findings), 'finding')}; mends: {given}; judges again: {judges or '–'}", ""),
        )
        if cycle.unowned:
            _line(console, (f"    given to nobody: {', '.join(cycle.unowned)}", "red"))
    for waiver in phase.waivers:
        _line(
            console, (f"  {'⚠' if waiver.state == 'counts' else '✗'} waiver {waiver.number} {waiver_word(waiver)}", "yellow"),
            (f", by {waiver.by} until {waiver.until}: {', '.join(waiver.findings)}. {waiver.reason}", ""),
        )  # fmt: skip
    for said in phase.decisions:
        reason = f": {said.reason}" if said.reason else ""
        doubt = f" (does not count: {said.doubt})" if said.doubt else ""
        where = f"after cycle {said.cycle}, {said.at}"
        told = "no answer that counts" if said.answer == "void" else f"{said.by}: {said.answer}"
        _line(console, (f"  {sign(said.answer)} {told}", style(said.answer)), (f"{reason}{doubt} ({where})", ""))


def _checklists(console: Console, account: RunAccount) -> None:
    for name in dict.fromkeys(item.checklist for item in account.checklists):
        _line(console, ("", ""))
        _line(console, (name.replace("-", " ").capitalize(), "bold"))
        for item in (one for one in account.checklists if one.checklist == name):
            mark, shade = ("…", "dim") if item.now == "open" else (sign(item.now), style(item.now))
            note = {"waived": " (waived)", "open": " (not answered yet)"}.get(item.now, "")
            _line(console, (f"  {mark} ", shade), (item.says, ""), (note, shade))
