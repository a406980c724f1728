"""Opens a run in the store, and refuses what cannot be the run that was asked for.

What is kept between requests is kept by its digest, so it cannot be stale: contracts, by the digest of the plan they are a part of.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from dag_factory.errors import KeyFolderError, PhasegateError, StoreError
from dag_factory.evidence.contract import PhaseContract, RunContract, TaskContract
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.record import OpenRun, open_run, read_contract
from dag_factory.evidence.store import RunStore
from dag_factory.settings import evidence_store, key_folder
from phasegate_plugin.pages.access import KnownRun
from phasegate_plugin.pages.faults import PageError, incredible, missing, unreachable

__all__ = ["fault_of", "opened", "phase_of", "task_of"]

_log = logging.getLogger(__name__)


class _Contracts:
    """The contracts of the last few plans, by digest: a large one takes a tenth of a second to read."""

    def __init__(self, at_most: int) -> None:
        self._at_most, self._kept, self._lock = at_most, OrderedDict[str, RunContract](), threading.Lock()

    def __call__(self, store: RunStore, plan: str) -> RunContract:
        with self._lock:
            if plan in self._kept:
                self._kept.move_to_end(plan)
                return self._kept[plan]
        with _undisturbed():
            made = read_contract(store, plan)
        with self._lock:
            self._kept[plan] = made
            while len(self._kept) > self._at_most:
                self._kept.popitem(last=False)
        return made


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Leave the garbage alone while thousands of objects are made that all stay: looking for it takes longer than making them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


_contracts = _Contracts(16)


def opened(known: KnownRun) -> OpenRun:
    """Open a run that Airflow knows, under its newest charter.

    Raises
    ------
    PageError: the store does not answer, the run has not begun, or what lies there is another run or was not signed by this installation.

    """
    try:
        store = evidence_store().run(known.dag_id, known.run_id)
    except Exception as error:  # whatever the client of an object storage raises
        raise _unreachable(error) from error
    try:
        run = open_run(store, contract=_contracts)
    except PhasegateError as error:
        raise fault_of(error) from error
    except Exception as error:
        raise _unreachable(error) from error
    if run is None:
        if known.charter:
            raise unreachable(
                "Airflow remembers that this run has begun, and the evidence store of the API server holds nothing of it.",
                "See that [phasegate] evidence_root leads to the same place here as on the workers.",
            )
        raise missing(
            "Not begun", f"The run {known.run_id} has no charter yet: its task `kickoff` writes one.", "Come back when it has run."
        )
    _refuse_strange(run, known)
    return run


def fault_of(error: PageError | PhasegateError) -> PageError:
    """What a page tells of an error: a store that does not answer is one thing, a store that holds what was not signed another."""
    if isinstance(error, PageError):
        return error
    if isinstance(error, StoreError) and isinstance(error.__cause__, OSError):
        return _unreachable(error)
    return incredible(error.message, error.remedy)


def _unreachable(error: Exception) -> PageError:
    """Say that the store does not answer, and to the log alone where it is and why."""
    _log.warning("The evidence store cannot be reached: %s: %s", type(error).__name__, error)
    return unreachable("The evidence store cannot be read; the API server's log says where and why.")


def _refuse_strange(run: OpenRun, known: KnownRun) -> None:
    said = run.charter.says
    if (said.dag_id, said.run_id) != (known.dag_id, known.run_id):
        raise incredible("The charter in the place of this run is of another run.", "Find out by whom it was put there.")
    if known.charter is None:
        raise incredible(
            "Airflow does not know which charter `kickoff` of this run wrote, so what is in the store may be of an earlier run of this name.",
            "Wait until `kickoff` has ended, or clear it; `phasegate verify` judges what is in the store.",
        )
    if known.charter != run.charter.digest:
        raise incredible("The newest charter in the store is not the one that `kickoff` of this run wrote.", "Clear the task `kickoff`.")
    try:
        own = key_folder().signer(AUTHORITY).public.keyid
    except KeyFolderError:
        return  # the API server needs no keys; then the key id on the page is what a reader compares
    if own != run.charter.keyid:
        raise incredible("The charter is signed by a key that this installation does not have.", "Find out by whom; start a new run.")


def phase_of(run: OpenRun, phase: str) -> PhaseContract:
    """A phase of the run's plan.

    Raises
    ------
    PageError: there is none of that name.

    """
    try:
        return run.contract.phase(phase)
    except KeyError:
        there = ", ".join(item.id for item in run.contract.phases)
        raise missing("No such phase", f"The plan of this run has no phase {phase}; it has {there}.") from None


def task_of(run: OpenRun, phase: str, task: str) -> TaskContract:
    """A task of the run's plan.

    Raises
    ------
    PageError: there is none of that name.

    """
    phase_of(run, phase)
    found = run.contract.tasks.get(f"{phase}/{task}")
    if found is None:
        raise missing("No such task", f"The plan of this run has no task {task} in the phase {phase}.")
    return found
