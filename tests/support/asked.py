"""Workflows in which people are asked, and what Airflow was given to show them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.house import House, make_repository

SPEC = """\
workflow: people
pattern: false
mission: Something that people agree on
MORE
paths: {notes: ["notes/**"], stories: [stories.json]}
catalogue:
  owner:
    title: Owner
    instructions: Say what is needed.
    contracts:
      foundation: {does: Write the stories., writes: [stories], evidence: {stories: {path: stories.json, kind: stories}}}
  writer:
    title: Writer
    instructions: Write.
    contracts:
      implementation:
        does: Write the note.
        writes: [notes]
        evidence: {note: {path: notes/note.md, kind: markdown, expect: {sections: [What, Why], min_words_per_section: 2}}}
  judge:
    title: Judge
    instructions: Walk every path.
    contracts:
      validation:
        does: Judge each story.
        evidence:
          verdicts:
            report: verdicts.json
            kind: json
            needs: attested
            answers: {stories: plan/owner}
            expect:
              publish: {cites: "verdicts[*].story"}
              schema:
                type: object
                required: [verdicts]
                properties:
                  verdicts:
                    type: array
                    minItems: 1
                    items:
                      type: object
                      required: [story, verdict, observed]
                      properties: {story: {type: string}, verdict: {const: PASSED}, observed: {type: string, minLength: 1}}
personas:
  owner: OWNER
  writer: WRITER
  judge: JUDGE
phases:
  plan: {tasks: {owner: {persona: owner, duty: foundation}}, gate: {}}
  build: {tasks: {writer: {persona: writer, duty: implementation}}, gate: {}}
  check: {tasks: {judge: {persona: judge, duty: validation, validates: [build]}}, gate: {}}
"""
STORIES: dict[str, Any] = {
    "stories": [
        {
            "id": name,
            "feature": "note",
            "story": "As a reader I want to know what and why.",
            "acceptance": [{"id": f"{name}.1", "text": "It says so."}],
            "golden_path": ["Open it.", "Read it."],
        }
        for name in ("N-1", "N-2")
    ]
}
WHOLE = "## What\n\nA small note.\n\n## Why\n\nBecause somebody asked.\n"
SEEN = {f"verdicts.{name}.{part}": said for name in ("N-1", "N-2") for part, said in (("verdict", "PASSED"), ("observed", "I read it."))}
DONE, NOTE = "Done", {"note.file": WHOLE, "notes": "", "references": []}
PLAN, BUILD, CHECK = "plan.owner", "build.writer", "check.judge"


def asking(
    root: Path, monkeypatch: Any, *, owner: str = "{human: [olga]}", writer: str = "{human: [willi, wanda]}", judge: str = "{human: [judy, jo]}",
    git: bool = True, more: str = "fix: {max_cycles: 1}", before: Callable[[Path], None] | None = None,
) -> House:  # fmt: skip
    """Make the workflow: an owner writes stories, a writer a note, a judge gives a verdict a story."""
    house = House(root, monkeypatch, started_by="tom")
    where = ""
    if git:
        repository = make_repository(root / "repository")
        if before:
            before(repository)
        where = f"workspace: {{git: {repository}}}\n"
    text = SPEC
    for name, value in {"MORE": where + more, "OWNER": owner, "WRITER": writer, "JUDGE": judge}.items():
        text = text.replace(name, value)
    house.write(text)
    return house


def questions(monkeypatch: Any) -> list[dict[str, Any]]:
    """Keep what Airflow is asked to show."""
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("airflow.sdk.execution_time.hitl.upsert_hitl_detail", lambda **kwargs: shown.append(kwargs))
    return shown


def done(house: House, upto: str = "check") -> None:
    """Have the phases before one done, and its task asked."""
    house.run(PLAN)
    house.answer(PLAN, DONE, "olga", **{"stories.file": STORIES})
    if upto == "plan":
        return
    house.close("plan")
    house.run(BUILD)
    if upto == "build":
        return
    house.answer(BUILD, DONE, "willi", **NOTE)
    house.close("build")
    house.run(CHECK)
