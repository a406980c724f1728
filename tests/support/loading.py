"""A sound spec, specs that are broken, each in another way, and how they are written into a folder."""

from __future__ import annotations

SOUND = """\
workflow: {name}
mission: A sound workflow
workspace: {{git: orders_repo}}
features: {{ingest: Load partner CSVs}}
personas: {{default: {{check: make all}}}}
"""
TAG = "x" * 101
REFUSED = {
    "tags": f"tags: [{TAG}]",
    "asset": 'schedule: {assets: ["airflow://x"]}',
    "required-param": "schedule: daily\nparams: {size: {schema: {type: integer}}}",
    "param-schema": "params: {size: {default: 5, schema: {type: nonsense}}}",
    "start": 'schedule: {cron: "0 6 * * *", start: 0001-01-01, timezone: Asia/Tokyo}',
    "continuous": "schedule: continuous\nmax_active_runs: 2",
    "executor": "personas: {default: {check: make all, executor: NoSuchExecutor}}",
}
"""What no rule of a spec knows of, and Airflow refuses."""


def edited(text: str, more: str) -> str:
    """A spec with one more key, in the place of the one it has."""
    key = more.partition(":")[0]
    return "\n".join([*(line for line in text.splitlines() if not line.startswith(f"{key}:")), more, ""])


BROKEN = {
    "empty": "",
    "comment": "# nothing",
    "yaml": "workflow: [",
    "binary": "\x00\x01",
    "list": "- workflow: a",
    "unknown-key": SOUND.format(name="unknown") + "colour: red\n",
    "duplicate-key": SOUND.format(name="duplicate") + "mission: again\n",
    "bare-at": SOUND.format(name="bare") + "owner: @architect\n",
    "cron": SOUND.format(name="cron") + "schedule: 'every day'\n",
    "kind": SOUND.format(name="kind") + "phases: {foundation: {tasks: {architect: {evidence: {more: {path: A.md, kind: nonsense}}}}}}\n",
    **{name: edited(SOUND.format(name=f"refused-{name}"), more) for name, more in REFUSED.items()},
}


def write(folder, name, text=None):
    path = folder / "workflows" / f"{name}.yaml"
    path.write_text(SOUND.format(name=name) if text is None else text, encoding="utf-8")
    return path
