"""The part of a report that tells one phase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dag_factory.cli.harmless import block, code, heading, row
from dag_factory.cli.signs import lasted, sign
from dag_factory.cli.wording import ended, waiver_word
from dag_factory.evidence.account import PhaseAccount, TaskAccount
from dag_factory.evidence.story import OrderStory

__all__ = ["phase_lines"]


def phase_lines(number: int, phase: PhaseAccount) -> list[str]:
    """One phase, under a heading of its own; what it does not have is left out."""
    word = phase.word or "no verdict"
    counts = ", counts no more" if phase.doubt else ""
    mark = "✗" if phase.doubt else sign(phase.word)
    lines = [f"## {mark} {number} {heading(phase.title)}: {word}{counts}", "", code(phase.says), ""]
    if phase.doubt:
        lines += [f"**It lets nothing pass any more:** {code(phase.doubt)}", ""]
    if phase.word == "PASSED_WITH_WAIVER":
        lines += ["**Passed with a waiver:** what is waived below was not mended.", ""]
    if phase.opened_at:
        took = f"{lasted(phase.seconds)} until the last that is known of it" if phase.seconds is not None else "nothing has come yet"
        lines += [f"Opened {phase.opened_at}; {took}.", ""]
    if not (phase.opened_at or phase.word):
        return [*lines, "Not begun.", ""]
    for part in (_made, _evidence, _checks, _claims, _findings, _cycles, _waivers, _decisions, _verdicts, _broken):
        lines += part(phase)
    return lines


def _table(title: str, columns: Iterable[str], rows: Iterable[str]) -> list[str]:
    found, names = list(rows), list(columns)
    return [f"### {title}", "", row(*names), row(*["---"] * len(names)), *found, ""] if found else []


def _made(phase: PhaseAccount) -> list[str]:
    columns = ("task", "made by", "principals", "key", "state", "tries", "time", "cost", "commit", "statement", "checked by")
    return _table("Who made it, and who checked it", columns, (_maker(task) for task in phase.tasks))


def _maker(task: TaskAccount) -> str:
    again = f" in fix cycle {task.cycle}" if task.cycle else ""
    return row(
        code(task.id), code(f"@{task.persona} ({task.runner})"), ", ".join(code(name) for name in task.principals), code(task.keyid),
        f"{sign(task.state)} {task.state}{again}", str(task.attempts), lasted(task.seconds) if task.attempts else "–",
        _cost(task), code(task.commit),
        code(task.statement), ", ".join(code(name) for name in task.checked_by) or "its gate",
    )  # fmt: skip


def _cost(task: TaskAccount) -> str:
    """What the agents of a task reported of all its attempts."""
    told = [f"{task.cost} USD"] if task.cost else []
    told += [f"{task.tokens:,} tokens"] if task.tokens is not None else []
    return ", ".join(told) or "–"


def _evidence(phase: PhaseAccount) -> list[str]:
    rows = (
        row(
            code(task.id),
            code(item.item),
            code(item.name) if item.name else "✗ missing",
            code(item.grade),
            code(item.digest),
            str(item.size) if item.name else "",
        )
        for task in phase.tasks
        if task.statement
        for item in task.evidence
    )
    return _table("Evidence", ("task", "item", "file", "grade", "sha256", "bytes"), rows)


def _checks(phase: PhaseAccount) -> list[str]:
    rows = (
        row(
            code(task.id), code(check.name), "✓ exit code 0" if check.exit_code == 0 else f"✗ {_how(check.exit_code, check.ended)}",
            code("re-executed"), code(check.network), "✓" if check.kept_in else "–", f"{code(check.seconds)} s", code(check.log),
        )
        for task in phase.tasks
        for check in task.checks
    )  # fmt: skip
    return _table("Checks that Phasegate ran", ("task", "check", "ended", "grade", "network", "kept in", "time", "log"), rows)


def _claims(phase: PhaseAccount) -> list[str]:
    rows = (row(code(task.id), code("claimed"), code(task.claim)) for task in phase.tasks if task.claim)
    return _table("What they said of it themselves, which counts for nothing", ("task", "grade", "last words"), rows)


def _how(exit_code: int | None, how: str) -> str:
    return f"exit code {exit_code}" if exit_code is not None else code(how)


def _findings(phase: PhaseAccount) -> list[str]:
    lines = ["### Findings", ""] if phase.findings else []
    for story in phase.findings:
        about = f", in the work of {code(story.finding.task)}" if story.finding.task else ""
        lines += [
            f"#### {sign(story.now)} {code(story.finding.id)}",
            "",
            f"{_ended(ended(story))}{about}.",
            "",
            *block(story.finding.text),
            "",
        ]
    return lines


def _ended(text: str) -> str:
    """The first word plain, for who reads quickly; what follows may hold names that others chose."""
    first, _, rest = text.partition(" ")
    return f"**{first}** {code(rest)}" if rest else f"**{first}**"


def _cycles(phase: PhaseAccount) -> list[str]:
    lines: list[str] = []
    for cycle in phase.cycles:
        orders = [*(("mends", order) for order in cycle.orders), *(("judges again", order) for order in cycle.again)]
        lines += _table(
            f"Fix cycle {cycle.cycle}",
            ("task", "persona", "does", "findings", "delivered", "commit"),
            (_order(does, one) for does, one in orders),
        )
        for name, ids in (
            ("mended", cycle.mended),
            ("waived", cycle.waived),
            ("still open", cycle.open),
            ("given to nobody", cycle.unowned),
        ):
            lines += [f"- {name}: {', '.join(code(one) for one in ids)}"] if ids else []
        lines += [f"- allowed by a person: {code(cycle.decision)}"] if cycle.decision else []
        lines.append("")
    return lines


def _order(does: str, order: OrderStory) -> str:
    given = ", ".join(code(name) for name in order.findings)
    return row(code(order.owner), code(f"@{order.persona}"), does, given, "yes" if order.delivered else "no", code(order.commit or ""))


def _waivers(phase: PhaseAccount) -> list[str]:
    rows = (
        row(
            f"{'⚠' if one.state == 'counts' else '✗'} {code(one.number)}", waiver_word(one), ", ".join(code(name) for name in one.findings),
            code(one.by), code(one.reason), one.given_at, one.until,
        )
        for one in phase.waivers
    )  # fmt: skip
    return _table("Waivers", ("waiver", "now", "findings", "given by", "reason", "given", "until"), rows)


def _decisions(phase: PhaseAccount) -> list[str]:
    rows = (
        row(
            f"{sign(one.answer)} {one.answer}", code(one.by) if one.by else "nobody", code(one.reason), str(one.cycle),
            ", ".join(code(name) for name in one.findings), one.at, code(one.doubt),
        )
        for one in phase.decisions
    )  # fmt: skip
    asked = [f"Its gate asks for the approval of {code(phase.approval)}.", ""] if phase.approval else []
    return [*asked, *_table("Decisions", ("answer", "by", "reason", "after cycle", "findings", "at", "does not count because"), rows)]


def _verdicts(phase: PhaseAccount) -> list[str]:
    rows = (
        row(f"{sign(one.word)} {one.word}", str(one.cycle), str(one.findings), one.at, code(one.digest), code(one.keyid))
        for one in phase.verdicts
    )
    lines = _table("Verdicts, the newest last", ("verdict", "cycle", "findings", "at", "sha256 of its envelope", "signed by key"), rows)
    return [*lines, f"Approved commit: {code(phase.approved)}.", ""] if phase.approved else lines


def _broken(phase: PhaseAccount) -> Iterator[str]:
    if phase.broken:
        yield from ("### What lies there and is no statement", "", *(f"- ✗ {code(text)}" for text in phase.broken), "")
