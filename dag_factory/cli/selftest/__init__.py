"""`phasegate selftest`: attacks on the installed version, and honest cases that look like some.

`corpus` reads the cases, `scene` sets the scene of each from a real run (`stage`), `verbs` do what its story tells (`people`, `sealing`, `contents`,
`trees`), and `judge` has it judged by the public ways in. No case knows how a gate is written.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dag_factory import __version__
from dag_factory.cli.harmless import visible
from dag_factory.cli.plain import as_json
from dag_factory.cli.selftest.corpus import Case, read_corpus, where
from dag_factory.cli.selftest.judge import Outcome, judged
from dag_factory.cli.selftest.scene import unpacked
from dag_factory.cli.wording import counted
from dag_factory.errors import PhasegateError
from dag_factory.spec.shape import near

__all__ = ["selftest"]


def selftest(
    only: Annotated[
        list[str] | None, typer.Argument(metavar="[WHAT]...", help="Ids, rules or headings of cases; all if none is given.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write the table as JSON.")] = False,
) -> None:
    """Attack the installed version, and see that every attack is refused by its own rule, and that no honest case is.

    Every case begins with a real run of the sample and does what its story tells, signed by real keys; then a gate, or `phasegate verify`, is asked.
    Nothing but a temporary folder is written. Exits 1 if an attack passes or is refused by another rule than its own, if an honest case is refused, or
    if anything breaks.

    Example: phasegate selftest Waivers
    """
    corpus = read_corpus(where())
    known = {str(name) for case in corpus for name in (case.id, case.refused_by, case.heading)}
    for word in only or ():
        if word not in known:
            headings = "; ".join(dict.fromkeys(case.heading for case in corpus))
            raise PhasegateError(f"No case is called {word!r}.{near(word, known)}", remedy=f"Give an id, a rule or a heading: {headings}.")
    cases = [case for case in corpus if not only or {case.id, case.refused_by, case.heading} & {*only}]
    heading, bad = "", 0
    told: list[dict[str, Any]] = []
    with unpacked(where()) as scenes:
        for case in cases:
            outcome = judged(case, scenes)
            bad += not outcome.good
            told.append(_value(outcome))
            if not json:
                if case.heading != heading:
                    heading = case.heading
                    typer.echo(f"{heading}")
                for line in _lines(outcome):
                    typer.echo(visible(line))
    typer.echo(as_json({"version": __version__, "bad": bad, "cases": told}) if json else _sum(cases, bad))
    raise typer.Exit(1 if bad else 0)


def _lines(outcome: Outcome) -> list[str]:
    case = outcome.case
    lines = [f"  {'✓' if outcome.good else '✗'} {case.id:<52} {case.refused_by or 'passes'}"]
    if not outcome.good:
        lines.append(f"      {case.story}")
        lines.append(f"      It was judged {outcome.word or 'not at all'}, by {', '.join(outcome.rules) or 'no rule'}.")
        lines += [f"      {text}" for text in outcome.texts[:5]]
    return lines


def _sum(cases: list[Case], bad: int) -> str:
    honest = sum(case.honest for case in cases)
    what = f"{counted(len(cases) - honest, 'attack')} and {counted(honest, 'honest case')} on phasegate {__version__}"
    return f"{what}: {f'{bad} not as they must be' if bad else 'every attack refused by its rule, every honest case accepted'}."


def _value(outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    return {
        "id": case.id, "heading": case.heading, "story": case.story, "rule": case.refused_by, "good": outcome.good, "word": outcome.word,
        "rules": outcome.rules, "texts": () if outcome.good else outcome.texts,
    }  # fmt: skip
