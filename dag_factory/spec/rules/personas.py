"""One persona per task, known to the catalogue, bound to exactly one runner."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.spec.models import RUNNER_KEYS
from dag_factory.spec.rules.subject import Subject
from dag_factory.spec.scalars import FUNCTION, combined, spoken
from dag_factory.spec.shape import near, nearest
from dag_factory.spec.telling import PATH

__all__ = ["binding_missing", "binding_runner", "binding_unused", "bound", "persona_combined", "persona_redefined", "persona_unknown"]


def persona_combined(subject: Subject) -> Iterator[Diagnostic]:
    """A task is done by one persona, never by a combination."""
    for path, _, task_id, task in subject.tasks():
        if combined(task.persona):
            yield subject.fault(
                "persona-combined",
                (*path, "persona"),
                f"Task {task_id} combines personas: {spoken(task.persona)}. One persona per task, never a combination.",
                "Make one task per persona.",
            )
    for name in subject.raw.get("personas") or {}:
        if isinstance(name, str) and combined(name.split("/", 1)[-1]):
            reason = f"{name!r} binds a combination of personas."
            yield subject.fault("persona-combined", ("personas", name), reason, "Bind each persona by itself.")


def persona_unknown(subject: Subject) -> Iterator[Diagnostic]:
    """A task names a persona of the catalogue, and a duty that this persona has."""
    for path, _, task_id, task in subject.tasks():
        if combined(task.persona):
            continue
        contracts = subject.contracts(task.persona)
        if not contracts:
            named = f": nobody is called {spoken(task.persona)}.{near(str(task.persona), subject.catalogue)}"
            yield subject.fault(
                "persona-unknown",
                (*path, "persona"),
                f"Task {task_id}{' does not say who does it.' if task.persona is None else named}",
                "Use a persona of the catalogue (`phasegate explain personas`), or add this one under `catalogue:`.",
            )
        elif task.duty is None or task.duty not in contracts:
            yield subject.fault(
                "duty-unknown",
                (*path, "duty"),
                f"Task {task_id}: @{task.persona} works under {', '.join(contracts)}; this task says "
                f"{task.duty or 'nothing'}.{near(task.duty or '', contracts)}",
                f"Write `duty: {next(iter(contracts))}` or another of them.",
            )


def persona_redefined(subject: Subject) -> Iterator[Diagnostic]:
    """A workflow adds personas to the catalogue; those that are there keep their meaning."""
    for name in subject.workflow.catalogue:
        if subject.catalogue[name] != subject.raw.get("catalogue", {}).get(name):
            reason = f"@{name} is in the catalogue already."
            yield subject.fault("persona-redefined", ("catalogue", name), reason, "Give yours another name.")


_UNBOUND = {"operator": "works in the task's own process", "human": "is no program", "external": "works outside"}
"""Runners that no program of Phasegate's is started for, so that none is bounded."""
_BOUNDS = ("network", "memory", "processes", "disk")


def bound(subject: Subject, phase_id: str, persona: str) -> str | None:
    """The key of the binding that counts for a persona in a phase; None if there is none."""
    return next((key for key in (f"{phase_id}/{persona}", persona, "default") if key in subject.workflow.personas), None)


def binding_missing(subject: Subject) -> Iterator[Diagnostic]:
    """Every task's persona is bound: by phase and name, by name, or by `default`. Whom a misspelt binding means, it alone is told."""
    told: set[str] = set()
    meant = set(_strangers(subject).values())
    if "default" in meant:
        return
    for _, phase_id, task_id, task in subject.tasks():
        persona = task.persona
        if not isinstance(persona, str) or not subject.contracts(persona) or persona in told or {persona, f"{phase_id}/{persona}"} & meant:
            continue
        if bound(subject, phase_id, persona) is None:
            told.add(persona)
            yield subject.fault(
                "binding-missing",
                ("personas",),
                f"Nobody says how @{persona} works (task {phase_id}/{task_id}).",
                f"Under `personas:` write `{persona}: {{command: …}}`, or bind `default`.",
            )


def binding_runner(subject: Subject) -> Iterator[Diagnostic]:
    """A binding has exactly one runner."""
    for name, binding in subject.workflow.personas.items():
        if len(binding.runners) != 1:
            reason = f"{name} has {' and '.join(binding.runners) or 'none'}; a persona works in exactly one way."
            remedy = f"{'Keep' if binding.runners else 'Write'} one of {', '.join(binding.runners or RUNNER_KEYS)}."
            yield subject.fault("binding-runner", ("personas", name), reason, remedy)
        elif binding.python is not None and not FUNCTION.fullmatch(binding.python):
            reason = f"{name} is bound to {binding.python!r}, which names no function."
            yield subject.fault(
                "binding-runner", ("personas", name, "python"), reason, "Write `module:function`, like orders_team.architect:main."
            )
        elif binding.operator is not None and not PATH.fullmatch(binding.operator):
            reason = f"{name} is bound to {binding.operator!r}, which is no import path of an operator."
            remedy = "Write all of it, like airflow.providers.standard.operators.bash.BashOperator."
            yield subject.fault("binding-runner", ("personas", name, "operator"), reason, remedy)
        elif binding.arguments and binding.operator is None:
            reason = f"{name} has arguments, which only `operator` takes."
            yield subject.fault("binding-runner", ("personas", name, "arguments"), reason, "Remove them, or bind an operator.")
        elif binding.verify and (binding.check or binding.external):
            why, remedy = (
                ("is a check itself", "make one script of both") if binding.check else ("works outside", "have the phase's checks do it")
            )
            reason = f"{name} has `verify`, which nobody would run: it {why}."
            yield subject.fault("binding-runner", ("personas", name, "verify"), reason, f"Remove it, or {remedy}.")
        elif not binding.verify and (runner := binding.runners[0]) in _UNBOUND:
            for key in _BOUNDS:
                if getattr(binding, key) not in (None, True):
                    reason = f"{name} has `{key}`, which nothing would hold: `{runner}` {_UNBOUND[runner]}."
                    remedy = "Remove it, or bind a program; with `verify` it holds for that." if runner != "external" else "Remove it."
                    yield subject.fault("binding-runner", ("personas", name, key), reason, remedy)


def binding_unused(subject: Subject) -> Iterator[Diagnostic]:
    """A binding that binds nobody is a misspelt one."""
    for name, meant in _strangers(subject).items():
        reason = f"No task is done by {name}.{f' Did you mean {meant!r}?' if meant else ''}"
        yield subject.fault("binding-unused", ("personas", name), reason, "Correct the name, or remove it.")


def _strangers(subject: Subject) -> dict[str, str]:
    """The bindings that bind nobody, and which name each looks like; where a task says wrongly or not at all who does it, that is told there alone."""
    doing = [(phase_id, task.persona) for _, phase_id, _, task in subject.tasks()]
    unclear = any(not subject.contracts(persona) for _, persona in doing)
    used = {bound(subject, phase_id, str(persona)) for phase_id, persona in doing}
    known = {name for phase_id, persona in doing if persona is not None for name in (str(persona), f"{phase_id}/{persona}")}
    strangers = [
        name
        for name in subject.workflow.personas
        if name not in used | known | {"default"} and not combined(name.split("/", 1)[-1])
        if not (unclear and name.split("/", 1)[-1] in subject.catalogue)
    ]
    return {name: nearest(name, sorted(known | {"default"})) for name in strangers}
