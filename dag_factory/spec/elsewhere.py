"""Keys that other tools have and a spec has not, and what stands for them here."""

from __future__ import annotations

from dag_factory.spec.source import SpecPath

__all__ = ["here"]

_ORDER = "Phases run in the order in which they are written, the tasks of a phase side by side: give what comes later a phase of its own."
_PROGRAM = "Write `command:` for a program that does the work, `check:` for one that Phasegate runs itself."
_RULES = "No rule is switched off in a spec; what a gate found in a run a person may waive, with `phasegate waive`."
_TASKS = "Tasks stand in phases: `phases: {NAME: {tasks: {NAME: {persona: …}}}}`; the pattern brings its own."
_TELL = "Who is told of what stands under `notify:`, like `notify: {run-complete: {smtp: {to: [a@example.com]}}}`."
_WHEN = 'Write `schedule:`, like `schedule: {cron: "0 6 * * mon", start: 2026-11-23}`.'

_ANYWHERE = {
    **dict.fromkeys(("depends_on", "needs", "dependencies", "upstream", "downstream", "upstream_tasks"), _ORDER),
    **dict.fromkeys(("email", "email_on_failure", "email_on_retry", "on_failure", "on_failure_callback", "on_success_callback", "alerts"), _TELL),
    **dict.fromkeys(("rules", "skip", "ignore", "disable"), _RULES),
    **dict.fromkeys(("environment", "env_vars"), "Write `env:`, in the binding of a persona."),
    **dict.fromkeys(("start_date", "schedule_interval", "timetable", "cron"), _WHEN),
    "default_args": "Write `owner:` for the workflow, and `retries:`, `timeout:`, `pool:` and the like in the binding of a persona.",
    "image": "Bind a `command` that starts the container, or an `operator` that does.",
    "prompt": "What a persona is told stands in the spec already: `mission:`, the features, and its `instructions:` under `catalogue:`.",
    "version": "Remove it; a spec has no version.",
}  # fmt: skip
_WORKFLOW = {
    **dict.fromkeys(("dag_id", "name", "id"), "Write `workflow:`."),
    **dict.fromkeys(("jobs", "services", "stages", "steps", "tasks", "task_groups"), _TASKS),
    "description": "Write `mission:`, which all who work are told, or `docs:` for the DAG's page.",
    "on": _WHEN,
}
_BINDING = dict.fromkeys(("bash", "bash_command", "entrypoint", "exec", "run", "script", "shell"), _PROGRAM)
_PARAM = dict.fromkeys(
    ("type", "enum", "format", "minimum", "maximum", "minLength", "maxLength", "pattern", "items", "title"),
    "Write it in `schema:`, which is a JSON Schema, like `{default: north, schema: {enum: [north, south]}}`.",
)


def here(path: SpecPath) -> str:
    """Tell what to write instead of a key that is none; empty where that is not known."""
    word = str(path[-1])
    special = {1: _WORKFLOW}.get(len(path), {"personas": _BINDING, "params": _PARAM}.get(str(path[0]), {}))
    return special.get(word, _ANYWHERE.get(word, ""))
