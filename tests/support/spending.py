"""A workflow of two tasks at once, a persona that costs what it is told, and what the ledger of the run holds."""

from __future__ import annotations

from decimal import Decimal

from dag_factory.runners import Figures, Outcome

BOTH = """\
workflow: small
pattern: false
mission: A small mission
{more}
catalogue:
  writer: {{title: Writer, instructions: Write., contracts: {{writing: {{does: Write a note., evidence: {{note: {{report: note.md, kind: file}}}}}}}}}}
  other: {{title: Other, instructions: Write., contracts: {{writing: {{does: Write a note., evidence: {{note: {{report: note.md, kind: file}}}}}}}}}}
personas:
  writer: {{command: one{writer}}}
  other: {{command: two}}
phases:
  first:
    tasks: {{write: {{persona: writer, duty: writing{task}}}, more: {{persona: other, duty: writing}}}}
    gate: {{}}
"""


class Spender:
    """A command that costs what it is told, and reports it."""

    name = "command"
    reexecutes = False
    waits = False

    def __init__(self):
        self.costs, self.allowed, self.ends, self.leaves = {}, [], {}, True

    def reports(self, value):
        return frozenset({"money", "tokens", "requests", "time"})

    def principals(self, request):
        return (f"script:{request.work['command']}",)

    def run(self, request, stop):
        self.allowed.append(request.allowance)
        name = request.work["command"]
        if self.leaves:
            (request.evidence / "note.md").write_text("a note\n")
        cost = self.costs.get(name, "0.10")
        figures = Figures("acme", "large", f"talk-{name}", 3, 100, 20, None if cost is None else Decimal(cost))
        done = Outcome("exited", 0, (f"script:{name}",), 0, False, "done", 0.1, figures=figures)
        return self.ends.get(name, lambda outcome: outcome)(done)


def ledger(house):
    return house.store.names(f"{house.record.charter.digest[:16]}/ledger")


def money(spender):
    return [None if one.money is None else f"{one.money:.2f}" for one in spender.allowed]
