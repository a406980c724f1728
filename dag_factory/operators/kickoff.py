"""KickoffOperator: freezes the plan and writes the charter of a run."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import TYPE_CHECKING

from dag_factory.errors import EvidenceError, PhasegateError
from dag_factory.operators.base import PlanOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from dag_factory.evidence.keys import KeyFolder, PublicKey
    from dag_factory.evidence.store import Store
    from dag_factory.evidence.wire import Due

__all__ = ["KickoffOperator"]


class KickoffOperator(PlanOperator):
    """The first task of every run.

    1. Makes the personas' keys, or finds them; refuses keys other than those this store knows. Of those that the workflow pins it needs no private one.
    2. Finds the commit the run starts from.
    3. Keeps the plan by its digest.
    4. Writes the charter: plan, mission, params, base, keys, and a nonce, so that nothing of a run that was deleted and made again under the
       same run_id can be replayed. A charter that is there already is named by the new one.
    """

    ui_color = "#c7d2fe"

    def execute(self, context: Context) -> None:
        """Write the charter."""
        with self._told():
            try:
                self._kickoff(context)
            except PhasegateError as error:
                context["ti"].xcom_push(key="failure", value=str(error))  # `complete` tells it; nothing rests on it
                raise

    def _kickoff(self, context: Context) -> None:
        from dag_factory.evidence.assurance import lowest, public_key
        from dag_factory.evidence.keys import AUTHORITY
        from dag_factory.evidence.record import read_charter
        from dag_factory.evidence.statement import Charter, moment_of, now, sign
        from dag_factory.scope import Scope
        from dag_factory.settings import work_root
        from dag_factory.workspace.origin import head

        ti, plan = context["ti"], self._plan
        if ti.run_id in {".", ".."}:
            raise EvidenceError(
                f"The run id {ti.run_id!r} can stand in no address: a browser takes it for a folder, so no link to this run leads anywhere.",
                remedy="Trigger a run with another id.",
            )
        scope = Scope.of(ti.dag_id, ti.run_id)
        pinned, moment = plan.contract.keys, moment_of(now())  # 1
        keys = {name: scope.keys.signer(name, make=True).public for name in (AUTHORITY, *plan.contract.personas) if name not in pinned}
        _hold(scope.run.store, scope.keys, keys)
        keys |= {name: public_key(name, pinned[name], moment) for name in plan.contract.personas if name in pinned}
        assurance = lowest(plan.contract, plan.contract.personas, {name: key.keyid for name, key in keys.items()})
        origin = self._origin()  # 2
        base = head(origin, work_root() / "mirrors") if origin else None
        digest = scope.run.put_bytes(plan.canonical)  # 3
        before = read_charter(scope.run)
        charter = Charter(
            plan=digest, dag_id=ti.dag_id, run_id=ti.run_id, workflow=plan.workflow, mission=plan.mission,
            params=json.dumps(dict(context["params"]), sort_keys=True, default=str), base=base,
            keys={name: key.pem for name, key in keys.items()}, assurance=assurance, nonce=secrets.token_hex(16),
            triggered_by=_who(context), previous=before.digest if before else None, written_at=now(), due=_due(context),
        )  # fmt: skip
        subjects = {"plan": {"sha256": digest}} | ({"base": {"gitCommit": base}} if base else {})
        try:
            envelope = sign(charter, subjects, scope.keys.signer(AUTHORITY))
        except EvidenceError as error:
            raise EvidenceError(
                f"The charter of this run cannot be signed, its params being {len(charter.params):,} bytes of it: {error.message}",
                remedy="Trigger a run with less: hand over the path or the URL of what is large.",
            ) from error
        name = scope.run.append("charters", envelope)  # 4
        ti.xcom_push(key="charter", value=hashlib.sha256(envelope).hexdigest())
        self.log.info("Charter %s: plan %s, base %s, evidence in %s", name, digest[:12], (base or "none")[:12], scope.run.path)


def _who(context: Context) -> str:
    """The login that started the run; empty where a schedule did."""
    return str(getattr(context.get("dag_run"), "triggering_user_name", None) or "")


def _due(context: Context) -> Due | None:
    """What Airflow says the run is for: those of a schedule or a backfill differ in nothing else. None for most runs by hand."""
    import pendulum

    from dag_factory.evidence.wire import Due

    found = (getattr(context.get("dag_run"), name, None) for name in ("logical_date", "data_interval_start", "data_interval_end"))
    due, start, end = (pendulum.instance(moment).in_timezone("UTC").to_iso8601_string() if moment else None for moment in found)
    return Due(logical_date=due, interval_start=start, interval_end=end) if due else None


def _hold(store: Store, folder: KeyFolder, keys: dict[str, PublicKey]) -> None:
    """Hold the keys against those that this store knows; the first run to come makes them known."""
    from dag_factory.errors import KeyFolderError

    for name, key in keys.items():
        try:
            store.create(f".keys/{name}.pub", key.pem.encode())
        except FileExistsError:
            if store.read(f".keys/{name}.pub") != key.pem.encode():
                raise KeyFolderError(
                    f"The key of {name} in {folder.path} is not the one known to the store at {store.root}: this worker sees other keys.",
                    remedy=f"Share one [phasegate] keys_root; if the old keys are lost for good, remove .keys/{name}.pub from the store.",
                ) from None
