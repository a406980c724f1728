"""A language model, by a connection of Airflow's common-ai provider: it works through file tools, in a process of its own.

The value is `{"connection": id}`, and what else `dag_factory.spec.llm.Llm` allows. Nothing of the provider is imported here: the process of the
model does that, see `dag_factory.runners.llm_child`, and ends with everything it started as every program does. The verdict of a model is a claim.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO, Literal

from dag_factory.errors import RunnerError
from dag_factory.runners.base import Figures, Flaw, Judgement, Outcome, Request
from dag_factory.runners.extras import lacking
from dag_factory.runners.llm_order import Order, Report
from dag_factory.runners.masking import Mask
from dag_factory.runners.process import run_requested

__all__ = ["LlmRunner"]

_CHILD = Path(__file__).with_name("llm_child.py")
_PATIENCE = 600.0
_SAID, _NAME = 500, 200


class LlmRunner:
    """Asks a model. Who acts is its provider, its name and the conversation."""

    name = "llm"
    reexecutes = False
    waits = False

    def reports(self, value: Any) -> frozenset[str]:  # noqa: ARG002 # the same whatever is bound
        """Tell requests and tokens, as the model says, and time. What a model costs is on its provider's bill alone, so there is no money among it."""
        return frozenset({"requests", "time", "tokens"})

    def principals(self, request: Request) -> tuple[str, ...]:
        """Name the connection and the conversation; who answered is known afterwards."""
        return (f"llm:{self._value(request)['connection']}/unknown/{_conversation(request)}",)

    def run(self, request: Request, stop: Event) -> Outcome:
        """Have the model work; end it when `stop` is set."""
        acted = self.principals(request)
        if missing := lacking(self.name):
            return Outcome("not-started", None, acted, 0, False, "", 0.0, reason=missing)
        order = self._order(request)
        own = [request.memory] if request.memory else []  # there it leaves the conversation for a next attempt
        for folder in (request.home, *own):
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=request.home) as sheet:
            with _handed_over(order.encoded()) as pipe:
                argv = [sys.executable, "-P", str(_CHILD), str(pipe), str(sheet.fileno())]
                private = Path(tempfile.mkdtemp(dir=request.home))
                outcome = run_requested(request, argv, stop, cwd=private, writes=own, pass_fds=(pipe, sheet.fileno()))
            report = _masked(_last(sheet), request.secrets)
        return _concluded(replace(outcome, principals=acted), report, order)

    def _order(self, request: Request) -> Order:
        from dag_factory.runners.prompt import prompt_of

        value, told = self._value(request), json.loads(request.task_file.read_bytes())
        judges = bool(told.get("judges"))
        reports = [item["report"] for item in told.get("evidence") or () if item.get("report") and not item.get("check")]
        room = {name: str(getattr(request, name).absolute()) for name in ("workspace", "inputs", "evidence", "task_file")}
        writes = list(told.get("writes") or ())
        if not (request.workspace / ".git").exists():  # nothing is sealed there: the evidence it owes is all that counts
            writes += [f"/{item['path']}" for item in told.get("evidence") or () if item.get("path") and not item.get("check")]
        return Order(
            connection=value["connection"], model=value.get("model"), mcp=tuple(value.get("mcp") or ()), toolsets=tuple(value.get("toolsets") or ()),
            connections=request.connections, secrets=request.secrets, prompt=prompt_of(request), judges=judges,
            room={**room, "writes": writes, "reports": reports},
            spec_dir=str(request.spec_dir.absolute()), memory=str(request.memory.absolute()) if request.memory else "",
            conversation=_conversation(request), resumed=bool(request.conversation), laid=request.laid,
            requests=request.allowance.requests, tokens=request.allowance.tokens,
            patience=min(_PATIENCE, request.timeout or _PATIENCE),
        )  # fmt: skip

    def _value(self, request: Request) -> Mapping[str, Any]:
        value = request.work.get(self.name)
        if isinstance(value, Mapping) and isinstance(value.get("connection"), str):
            return value
        raise RunnerError(f"llm: {value!r} names no connection.", remedy="Write the id of a connection of the common-ai provider.")


def _conversation(request: Request) -> str:
    """The conversation that goes on, or the name of a new one: another one for every attempt, and the same whenever it is asked."""
    return request.conversation or hashlib.sha256(str(request.log.absolute()).encode()).hexdigest()[:32]


@contextlib.contextmanager
def _handed_over(data: bytes) -> Iterator[int]:
    """Give the end of a pipe from which the data can be read, once."""
    read, write = os.pipe()
    writer = threading.Thread(target=_pour, args=(write, data), daemon=True)
    writer.start()
    try:
        yield read
    finally:
        os.close(read)  # a writer that is not done finds that nobody reads
        writer.join()


def _pour(write: int, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(write, "wb") as pipe:
        pipe.write(data)


def _last(sheet: BinaryIO) -> Report:
    """Read what was reported last; what cannot be read says nothing."""
    sheet.seek(0)
    try:
        return Report.last(sheet.read())
    except (ValueError, TypeError, KeyError):
        return Report()


def _masked(report: Report, secrets: Sequence[str]) -> Report:
    """Put secrets out of what a model said: it stands in a statement, and in logs. What it calls itself is one short line there."""
    from dag_factory.runners.agents.base import shown  # no plan is made with what command lines need

    mask = Mask(secrets).text
    return replace(
        report, provider=shown(report.provider, _NAME), model=shown(report.model, _NAME),
        summary=None if report.summary is None else mask(report.summary), notes=mask(report.notes),
        references=tuple(map(mask, report.references)), flaw=(report.flaw[0], mask(report.flaw[1])) if report.flaw else None,
    )  # fmt: skip


def _concluded(outcome: Outcome, report: Report, order: Order) -> Outcome:
    """Put together how the process ended and what the model said."""
    figures = Figures(
        provider=report.provider, model=report.model, conversation=order.conversation, requests=report.requests,
        input_tokens=report.input_tokens if report.tokens_told else None, output_tokens=report.output_tokens if report.tokens_told else None,
    )  # fmt: skip
    acted = f"llm:{report.provider}/{report.model}/{order.conversation}"
    if report.model:
        outcome = replace(outcome, principals=(f"conversation:{report.provider}:{order.conversation}", acted))
    outcome = replace(outcome, figures=figures)
    if outcome.ended == "stopped":
        return outcome
    if outcome.ended != "exited":
        was = f" It was {report.doing} for {max(time.time() - report.since, 0):.0f} s." if report.since else ""
        return replace(outcome, reason=f"{outcome.reason}{was}".strip())
    if flaw := _flaw(outcome, report, order):
        return replace(outcome, flaws=(flaw,))
    if not order.judges:
        return outcome
    verdict: Literal["PASSED", "FAILED"] = "PASSED" if report.verdict == "PASSED" else "FAILED"
    said = Judgement(verdict, "claimed", acted, notes=report.notes or str(report.summary), references=report.references)
    return replace(outcome, judgement=said)


def _flaw(outcome: Outcome, report: Report, order: Order) -> Flaw | None:
    """Say what is wrong with work that has ended; the exit code alone decides nothing."""
    if report.flaw:
        rule, text = report.flaw
        return Flaw(rule, text)
    if report.summary is None or outcome.exit_code:
        was = f" when it was {report.doing}" if report.doing else ""
        return Flaw("agent-broken", f"The process of the model ended with exit code {outcome.exit_code}{was}, and no result. Read the log.")
    if not (order.judges or order.resumed or order.laid or report.changed) and (order.room["writes"] or order.room["reports"]):
        return Flaw("agent-idle", f"The model says that it is done, and changed nothing: {' '.join(report.summary.split())[:_SAID]}")
    return None
