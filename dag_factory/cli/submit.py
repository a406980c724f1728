"""`phasegate submit`: brings the evidence of an external persona."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated

import pendulum
import typer

from dag_factory.cli.runs import find_run, record_of, signer_of
from dag_factory.cli.wording import counted
from dag_factory.errors import EvidenceError
from dag_factory.evidence.asked import asked_now
from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.handing import malformed
from dag_factory.evidence.keys import Signer
from dag_factory.evidence.policies.consent import LOGIN
from dag_factory.evidence.record import RunRecord, assignment, binding_of, fix_folder
from dag_factory.evidence.statement import Entry, TaskStatement, now, sign
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.visible import says

__all__ = ["submit"]


def submit(
    run: Annotated[str, typer.Argument(help="The run's folder in the store, or workflow/run_id.")],
    task: Annotated[str, typer.Argument(help="The external task, as phase/task.")],
    file: Annotated[list[str], typer.Option("--file", "-f", help="One piece of evidence, as item=PATH; repeat for each.")],
    by: Annotated[str, typer.Option(help="Who did the work: a login; recorded as the principal.")],
    root: Annotated[Path | None, typer.Option(help="The evidence root, for workflow/run_id.")] = None,
    keys: Annotated[Path | None, typer.Option(help="The key folder; phasegate/keys below AIRFLOW_HOME if not given.")] = None,
    as_is: Annotated[bool, typer.Option("--as-is", help="Sign also what the gate will call malformed or missing.")] = False,
) -> None:
    """Submit the evidence of an external task: the files are hashed, kept, and signed with the persona's key. The gate notices within seconds.

    Where a fix cycle asks the task to mend something or to judge again, the evidence is for that cycle, and all of it is owed once more.

    Example: phasegate submit orders_mart/manual__1 validation/security-engineer -f audit=audit.sarif --by maria
    """
    login = by.strip().removeprefix(LOGIN).strip()  # as a principal is shown, and copied
    if not says(login) or not login.isprintable():
        raise EvidenceError("Nobody is said to have done the work whose name could be read.", remedy="Give --by a login.")
    store = find_run(run, root)
    record = record_of(store)
    contract = _external(record, task)
    phase, cycle = _assigned(store, record, contract)
    signer = signer_of(record, contract.persona, keys)
    if not as_is:
        _well_formed(contract, file)
    entries = tuple(_entry(store, contract, text) for text in file)
    twice = [entry.name for index, entry in enumerate(entries) if entry.name in {other.name for other in entries[:index]}]
    if twice:
        raise EvidenceError(f"{', '.join(twice)} is given twice.", remedy="Give one file for each item.")
    missing = [item.id for item in contract.items if item.id not in {entry.item for entry in entries}]
    if missing:
        raise EvidenceError(f"{task} owes more: {', '.join(missing)}.", remedy="Give each as --file item=PATH.")
    name = _keep(store, record, contract, (phase, cycle), entries, f"{LOGIN}{login}", signer)
    where = f" for fix cycle {cycle} of phase {phase}" if cycle else ""
    typer.echo(f"Submitted {task}{where} as {name}: {counted(len(entries), 'file')}, signed by @{contract.persona}.")
    answered = record.verdict_in(phase, cycle)
    if answered and answered.says.phasegate.binding.previous_verdict == binding_of(record, phase, task, 1, cycle=cycle).previous_verdict:
        gate = f"The gate of fix cycle {cycle}" if cycle else "The gate"
        typer.echo(f"{gate} of phase {phase} has answered FAILED before; clear it in Airflow and it looks again.")
        if cycle < record.contract.fix.max_cycles:
            typer.echo(f"Fix cycle {cycle + 1} may begin by itself and ask for it anew: `phasegate status` tells.")


def _keep(
    store: RunStore,
    record: RunRecord,
    contract: TaskContract,
    asked: tuple[str, int],
    entries: tuple[Entry, ...],
    principal: str,
    signer: Signer,
) -> str:
    """Sign a statement and keep it under its attempt's number: the next that is free."""
    phase, cycle = asked
    below, name = (fix_folder(phase, cycle, contract.id), contract.id) if cycle else (f"statements/{contract.id}", contract.task)
    folder, moment = f"{record.charter.digest[:16]}/{below}", now()
    for attempt in itertools.count(len(store.names(folder)) + 1):
        statement = TaskStatement(
            binding=binding_of(record, phase, name, attempt, cycle=cycle), persona=contract.persona, runner="external",
            principals=(principal,), outcome="completed", exit_code=None, excerpt="", log=None, base=None, sealed=None,
            evidence=entries, checks=(), refusals=(), started_at=moment, finished_at=moment,
        )  # fmt: skip
        try:
            store.create(
                f"{folder}/{attempt:04d}.json", sign(statement, {entry.name: {"sha256": entry.digest} for entry in entries}, signer)
            )
        except FileExistsError:
            continue  # somebody else submits at the same moment
        return f"{attempt:04d}.json"
    raise AssertionError  # there is always a next number


def _external(record: RunRecord, task: str) -> TaskContract:
    contract = record.contract.tasks.get(task)
    external = [name for name, item in record.contract.tasks.items() if item.external]
    if contract is None or not contract.external:
        known = ", ".join(external) or "none"
        raise EvidenceError(f"{task} is no external task of this run.", remedy=f"External tasks of this run: {known}.")
    return contract


def _assigned(store: RunStore, record: RunRecord, contract: TaskContract) -> tuple[str, int]:
    """The phase and the fix cycle that ask for it, if its task in Airflow has said so."""
    phase, cycle = asked_now(record, contract, pendulum.now("UTC"))
    if store.read(f"{record.charter.digest[:16]}/{assignment(record, phase, cycle, contract.id)}") is None:
        why = f"in fix cycle {cycle} of phase {phase}" if cycle else "its phase is not open"
        raise EvidenceError(
            f"{contract.id} is not asked for yet{' ' if cycle else ': '}{why}.",
            remedy="Wait until the task is green in Airflow.",
        )
    return phase, cycle


def _well_formed(contract: TaskContract, file: list[str]) -> None:
    """Refuse what the gate will call malformed or missing, before it is signed."""
    items = {item.id: item for item in contract.items}
    paths = {name: Path(path) for name, _, path in (text.partition("=") for text in file) if name in items}
    found = malformed(items, {name: path for name, path in paths.items() if path.is_file() and not path.is_symlink()})
    if found:
        told = " ".join(f"{name}: {text}" for name, text in found)
        raise EvidenceError(
            f"Nothing was signed, for the gate would refuse it. {told}", remedy="Mend it, or sign it all the same with --as-is."
        )


def _entry(store: RunStore, contract: TaskContract, text: str) -> Entry:
    item_id, _, name = text.partition("=")
    item = next((item for item in contract.items if item.id == item_id), None)
    path = Path(name)
    if item is None or not name:
        known = ", ".join(item.id for item in contract.items)
        raise EvidenceError(f"{text!r} is not item=PATH with an item of {contract.id}.", remedy=f"It owes {known}.")
    if path.is_symlink() or not path.is_file():
        raise EvidenceError(f"{path} is no file.", remedy="Give a plain file.")
    with path.open("rb") as stream:
        digest, size = store.put(stream)
    return Entry(
        task=contract.id,
        item=item.id,
        name=item.path or item.report or path.name,
        digest=digest,
        size=size,
        grade="observed",
    )
