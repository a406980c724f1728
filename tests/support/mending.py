"""A small workflow whose work can be mended: two makers, who read their findings, a judge, and somebody who ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.house import House, git, make_repository

SPEC = """\
workflow: mend
pattern: false
mission: Something to mend
workspace: {{git: {repository}}}
{more}
paths: {{product: ["src/**"], docs: ["docs/**"], deploy: ["deploy/**"], plan: [PLAN.md]}}
features: {{one: The first, two: The second}}
catalogue:
  planner: {{title: Planner, instructions: Plan.,
    contracts: {{foundation: {{does: Plan., writes: [plan], evidence: {{plan: {{path: PLAN.md, kind: file}}}}}}}}}}
  maker: {{title: Maker, instructions: Make.,
    contracts: {{implementation: {{does: Make, writes: [product], evidence: {{code: {{changed: product, kind: file}}}}}}}}}}
  judge: {{title: Judge, instructions: Judge.,
    contracts: {{validation: {{does: Judge it., evidence: {{works: {{report: works.txt, kind: file, needs: re-executed}}}}}}}}}}
  writer: {{title: Writer, instructions: Write.,
    contracts: {{documentation: {{does: Write., writes: [docs], evidence: {{guide: {{path: docs/guide.md, kind: file}}}}}}}}}}
  packer: {{title: Packer, instructions: Pack.,
    contracts: {{deployment: {{does: Pack it., writes: [deploy], evidence: {{box: {{path: deploy/box.txt, kind: file}}}}}}}}}}
personas:
  planner: {{command: 'echo plan > PLAN.md'}}
  maker: {{command: 'sh "$PHASEGATE_SPEC_DIR/make.sh"'}}
  judge: {{check: 'sh judge.sh'}}
  writer: {{command: 'mkdir -p docs; cat src/*.txt > docs/guide.md'}}
  packer: {{command: 'sh "$PHASEGATE_SPEC_DIR/pack.sh"'}}
phases:
  plan: {{tasks: {{planner: {{persona: planner, duty: foundation}}}}, gate: {{}}}}
  build: {{tasks: {{maker: {{persona: maker, duty: implementation, each: feature}}}}, gate: {{}}}}
  check:
    tasks:
      judge: {{persona: judge, duty: validation, validates: [build]}}
      writer: {{persona: writer, duty: documentation, validates: [build]}}
    gate: {{{gate}}}
  ship: {{tasks: {{packer: {{persona: packer, duty: deployment}}}}, gate: {{}}}}
"""
JUDGE = """\
echo looked > "$PHASEGATE_EVIDENCE/works.txt"
grep -L good src/*.txt | sed 's/^/FAILED /' > wrong
cat wrong
test ! -s wrong
"""
MAKE = """\
mkdir -p src
if grep -q '"cycle": 0' "$PHASEGATE_TASK"; then {first}; else {mend}; fi
"""
PACK = "mkdir -p deploy; echo box > deploy/box.txt\n"


def mendable(
    root: Path, monkeypatch: Any, *, first: str = 'echo bad > "src/$PHASEGATE_FEATURE.txt"', mend: str = 'echo good > "src/$PHASEGATE_FEATURE.txt"',
    more: str = "fix: {owner: build/maker}", gate: str = "", pack: str = PACK,
) -> House:  # fmt: skip
    """Make the workflow.

    Parameters
    ----------
    first, mend: what a maker's shell does in ordinary work, and with findings.
    more: further keys of the spec.
    gate: what stands at the gate of the second phase.
    pack: the packer's script.

    """
    repository = make_repository(root / "repository")
    (repository / "judge.sh").write_text(JUDGE, encoding="utf-8")
    git("add", "-A", cwd=repository)
    git("commit", "-q", "-m", "A judge", cwd=repository)
    house = House(root, monkeypatch)
    house.write(SPEC.format(repository=repository, more=more, gate=gate))
    script(house, "make.sh", MAKE.format(first=first, mend=mend))
    script(house, "pack.sh", pack)
    return house


def script(house: House, name: str, text: str) -> None:
    """Write a persona's script."""
    (house.specs / name).write_text(text, encoding="utf-8")
