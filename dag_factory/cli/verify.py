"""`phasegate verify`: judges a run again, offline, from its store or from an archive of it alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pendulum
import typer

from dag_factory.cli.harmless import visible
from dag_factory.cli.loose import Format, is_loose, tell_loose, untrusted
from dag_factory.cli.plain import as_json
from dag_factory.cli.runs import handed_over, record_of
from dag_factory.cli.sarif import as_sarif
from dag_factory.cli.wording import counted
from dag_factory.errors import PhasegateError, StoreError
from dag_factory.evidence.assurance import badge
from dag_factory.evidence.audit import Audit, audited
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.story import cycles_of
from dag_factory.evidence.verdict import table

__all__ = ["judged_again", "script", "show", "verify"]


def judged_again(store: RunStore, trust: str | None = None) -> Audit:
    """Judge a run from its beginning, and look whether anything of it is missing, altered or left over.

    Parameters
    ----------
    store: where it lies.
    trust: the key id that must have signed the charter; any if None.

    Raises
    ------
    EnvelopeError: the charter cannot be believed.
    StoreError: there is no run, or its plan is gone.

    """
    record = record_of(store)
    audit = audited(store, record, record.judged_at(pendulum.now("UTC")))
    return replace(audit, findings=(*untrusted(record.charter.keyid, trust), *audit.findings))


def script() -> Path:
    """The shell script that checks a run without Phasegate: packaged with the command, or that of the checkout.

    Raises
    ------
    StoreError: it is in neither place.

    """
    here = Path(__file__).resolve()
    for path in (here.with_name("verify-run.sh"), here.parents[2] / "scripts" / "verify-run.sh"):
        if path.is_file():
            return path
    raise StoreError(f"The script is not installed with {here.parent}.", remedy="Install airflow-phasegate again.")


def _show_script(asked: bool) -> None:
    if asked:
        typer.echo(script().read_text(encoding="utf-8"), nl=False)
        raise typer.Exit


def verify(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", help="Runs: the folder in the store, an archive as a folder or a tar, or workflow/run_id of each."
        ),
    ],
    root: Annotated[Path | None, typer.Option(help="The evidence root, for workflow/run_id.")] = None,
    trust: Annotated[str | None, typer.Option(help="The key id that must have signed the charter (sha256 of its SPKI bytes).")] = None,
    form: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.TEXT,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json; of several runs, a list.")] = False,
    print_script: Annotated[  # noqa: ARG001 # answered before anything else
        bool,
        typer.Option("--script", is_eager=True, callback=_show_script, help="Print a shell script that checks a run without Phasegate."),
    ] = False,
) -> None:
    """Verify the statements, verdicts and files of runs, offline and without Airflow; nothing outside the given paths is read.

    Exits 0 if everything holds, 1 if anything does not, and 2 if it cannot be judged: no run, no plan, an archive that holds what none should. A run
    that passed with waivers holds, exits 0, and is said to be PASSED_WITH_WAIVER. Of a bundle alone, a file .intoto.jsonl, signatures and chain can be
    checked, and nothing can be judged: if nothing is wrong it is INCONCLUSIVE, and exits 3.

    Example: phasegate verify ~/airflow/phasegate/evidence/orders_mart/manual__2026-11-23
    """
    answered = Format.JSON if json else form
    if len(runs) == 1:
        if is_loose(runs[0]):
            raise typer.Exit(tell_loose(Path(runs[0]), trust, answered))
        with handed_over(runs[0], root) as store:
            verified = judged_again(store, trust)
            if answered is Format.JSON:
                typer.echo(as_json(_value(verified)))
            elif answered is Format.SARIF:
                typer.echo(as_json(as_sarif(verified.findings, run=verified.record.charter.says.run_id)))
            else:
                show(verified)
        raise typer.Exit(1 if verified.findings else 0)
    if answered is Format.SARIF:
        raise StoreError("A SARIF log is of one run.", remedy="Give one run, or --format json.")
    raise typer.Exit(1 if _each(runs, root, trust, as_list=answered is Format.JSON) else 0)


def _each(runs: list[str], root: Path | None, trust: str | None, *, as_list: bool) -> int:
    """Tell of several runs; how many do not hold. One that cannot be read keeps none of the others from being judged."""
    values: list[dict[str, Any]] = []
    bad = 0
    for run in runs:
        try:
            if is_loose(run):
                raise StoreError(
                    f"Of a bundle alone nothing can be judged: {run}.", remedy="Ask for the whole archive, or give it by itself."
                )
            with handed_over(run, root) as store:
                verified = judged_again(store, trust)
                bad += bool(verified.findings)
                values.append(_value(verified))
                if not as_list:
                    show(verified)
                    typer.echo()
        except (PhasegateError, OSError) as error:
            bad += 1
            values.append({"run": run, "verdict": "FAILED", "error": str(error)})
            if not as_list:
                _echo(f"{run}: {error}\n")
    if as_list:
        typer.echo(as_json(values))
    else:
        typer.echo(f"{counted(len(runs), 'run')}: {f'{bad} of them not in order' if bad else 'all hold'}.")
    return bad


def show(verified: Audit) -> None:
    """Print what was judged, as text."""
    record = verified.record
    said = record.charter.says
    _echo(f"Run {said.run_id} of {said.workflow}, plan {said.plan}")
    _echo(f"Charter signed by key {record.charter.keyid} (assurance: {said.assurance}); --trust KEYID holds it against one you know")
    _echo(f"Assurance {badge(said.assurance)}")
    for judgement in verified.judgements:
        verdict = record.verdict(judgement.phase)
        signed = verdict.says.phasegate.word if verdict else "none"
        cycle = f" after fix cycle {judgement.cycle}" if judgement.cycle else ""
        _echo(f"  {judgement.phase}: signed verdict {signed}{cycle}; judged again: {judgement.word}")
        _tell(record, judgement.phase)
    last, before = record.last_word, ", for that which was signed is about older verdicts" if record.completions else ""
    _echo(f"  last word: {last.word}, at {last.completed_at}" if last else f"  last word: none, the run is not complete{before}")
    for line in table(
        verified.word, verified.findings, verified.answers, title="The run", waived=verified.waived, rechecked=verified.rechecked
    ):
        _echo(line)
    if verified.word == "PASSED_WITH_WAIVER":
        count = len(verified.waived)
        _echo(
            f"It holds because of waivers alone: {count} finding{'' if count == 1 else 's'} stood and {'was' if count == 1 else 'were'} not mended."
        )


def _tell(record: RunRecord, phase: str) -> None:
    """The fix cycles of a phase, and what people decided."""
    for cycle in (one for one in cycles_of(record) if one.phase == phase):
        given = ", ".join(f"{order.owner}{f' ({order.commit[:12]})' if order.commit else ''}" for order in cycle.orders) or "nobody"
        told = f"{len(cycle.mended)} mended, {len(cycle.waived)} waived, {len(cycle.open)} open"
        _echo(f"    fix cycle {cycle.cycle}: {counted(len(cycle.findings), 'finding')}, given to {given}; {told}")
    for waiver in record.waivers.get(phase, ()):
        said = waiver.says
        _echo(f"    waiver {said.number} by {said.by} until {said.expires_at}: {said.reason}")
    for decision in record.decisions.get(phase, ()):
        answer = decision.says
        told = "no answer that counts" if answer.answer == "void" else f"{answer.by} answered {answer.answer}"
        _echo(f"    {told} after cycle {answer.binding.cycle}{f': {answer.reason}' if answer.reason else ''}")


def _echo(line: str) -> None:
    typer.echo(visible(line))


def _value(verified: Audit) -> dict[str, Any]:
    record, phases = verified.record, [phase.id for phase in verified.record.contract.phases]
    return {
        "workflow": record.charter.says.workflow,
        "run": record.charter.says.run_id,
        "plan": record.charter.says.plan,
        "charter": record.charter.digest,
        "key": record.charter.keyid,
        "assurance": record.charter.says.assurance,
        "verdict": verified.word,
        "completed": record.last_word.completed_at if record.last_word else None,
        "phases": {judgement.phase: judgement.word for judgement in verified.judgements},
        "cycles": cycles_of(record),
        "waived": verified.waived,
        "waivers": [waiver.says for phase in phases for waiver in record.waivers.get(phase, ())],
        "decisions": [decision.says for phase in phases for decision in record.decisions.get(phase, ())],
        "rechecked": {judgement.phase: judgement.rechecked for judgement in verified.judgements if judgement.rechecked},
        "checklists": verified.answers,
        "findings": verified.findings,
    }
