"""What can go wrong with a team, each as a change to the demo's copies or to the evidence; Phasegate is told of none of it.

What is changed is the copied spec, the personas beside it, the product's repository, or a file in the evidence store. Whether the linter, a gate or a
task catches it is not decided here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dag_factory.cli.demo.home import RUN, WORKFLOW, DemoHome, without_slip
from dag_factory.errors import PhasegateError

__all__ = ["FAULTS", "Fault", "Strike", "find_fault"]


@dataclass(frozen=True)
class Strike:
    """What is done while the run lasts: once an Airflow task has succeeded. `strike` answers with what it did."""

    after: str
    strike: Callable[[DemoHome], str]


@dataclass(frozen=True)
class Fault:
    """One thing to break: what it does, in words for whoever watches, and the change; before the run, or in its midst."""

    says: str
    apply: Callable[[DemoHome], None]
    later: Strike | None = None


def find_fault(name: str) -> Fault:
    """Find a fault by its name.

    Raises
    ------
    PhasegateError: there is none of that name.

    """
    try:
        return FAULTS[name]
    except KeyError:
        raise PhasegateError(f"There is no fault {name!r}.", remedy=f"The faults are {', '.join(FAULTS)}.") from None


def _missing_evidence(home: DemoHome) -> None:
    _replace(
        home.personas / "ux_designer.py",
        'Path("UX.md").write_text(text, encoding="utf-8")',
        'print(f"UX.md is done: {len(text)} characters.")',
    )


def _failed_validation(home: DemoHome) -> None:
    mart = home.personas / "work" / "software-engineer" / "daily_mart" / "src" / "mart.py"
    without_slip(home.personas)
    _replace(mart, "FROM orders GROUP BY", "FROM orders WHERE amount_cents < 10000 GROUP BY")


def _unfixable(home: DemoHome) -> None:
    """The same bug, and an engineer who does not find it; a person is to decide then, and nobody answers."""
    _failed_validation(home)
    engineer = home.personas / "software_engineer.py"
    _replace(engineer, "repair.mend(PRODUCT, findings)", 'repair.Mended((), ("e2e",))')
    _replace(home.spec, "\ntags: ", "\nfix: {max_cycles: 1, extra_cycles: 1, decide: [lea], timeout: 20s}\n\ntags: ")


def _self_validation(home: DemoHome) -> None:
    """One script does both works, under two names; its checks are all run, and all succeed."""
    author = home.personas / "software_engineer.py"
    _replace(author, '\nFEATURE = os.environ["PHASEGATE_FEATURE"]\n', '\nFEATURE = os.environ.get("PHASEGATE_FEATURE", "")\n')
    _replace(author, "    main()\n", '    main() if FEATURE else os.execvp("make", ["make", "audit"])\n', last=True)
    shutil.copyfile(author, home.personas / "security_audit.py")
    command = 'python "$PHASEGATE_SPEC_DIR/personas/security_audit.py"'
    _replace(home.spec, "security-engineer: {check: make audit}", f"security-engineer: {{command: {command}, verify: make audit}}")


def _combined_persona(home: DemoHome) -> None:
    _add_phases(
        home,
        "  implementation:",
        "    tasks:",
        "      full-stack: {persona: software-engineer and sdet, duty: implementation, each: feature}",
    )


def _missing_foundation(home: DemoHome) -> None:
    text = home.spec.read_text(encoding="utf-8")
    written = re.search(r"^      ux-designer: .+$", text, re.MULTILINE)
    _replace(home.spec, written[0] if written else "      ux-designer: ", "      ux-designer: null")


def _implementation_first(home: DemoHome) -> None:
    _add_phases(
        home,
        "  prototype:",
        "    before: foundation",
        "    tasks:",
        "      prototype:",
        "        persona: software-engineer",
        "        duty: implementation",
        "        each: feature",
        "    gate: {says: The prototype runs.}",
    )


def _nothing(_: DemoHome) -> None:
    """Everybody is honest, until the run is under way."""


def _one_byte(home: DemoHome) -> str:
    """Change one letter of the architecture that the first gate has passed."""
    from dag_factory.evidence.record import read_record
    from dag_factory.evidence.store import Store

    run = Store(home.evidence).run(WORKFLOW, RUN)
    record = read_record(run)
    stored = record.newest("foundation/architect") if record else None
    if stored is None:
        raise PhasegateError("There is no architecture to be changed.", remedy="Mend dag_factory/cli/demo/faults.py.")
    entry = next(entry for entry in stored.says.evidence if entry.item == "architecture")
    path = run.blob_path(entry.digest)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    return f"One bit of {entry.name} is not what it was: {path}"


FAULTS: dict[str, Fault] = {
    "missing-evidence": Fault("The UX designer reports success and leaves no UX.md.", _missing_evidence),
    "failed-validation": Fault("The engineer leaves large orders out of the mart; no test of the sdet's notices.", _failed_validation),
    "unfixable": Fault("The same, and the engineer cannot mend it; nobody answers the question what now.", _unfixable),
    "self-validation": Fault(
        "One script works as software-engineer and, under another name, audits as security-engineer.", _self_validation
    ),
    "tampered": Fault(
        "Behind gate 1 somebody changes one byte of the architecture that it has passed.", _nothing, Strike("foundation.gate", _one_byte)
    ),
    "combined-persona": Fault("One task is given to software-engineer and sdet at once.", _combined_persona),
    "missing-foundation": Fault("The UX designer is taken out of the foundation.", _missing_foundation),
    "implementation-first": Fault("A prototype is implemented before the foundation is laid.", _implementation_first),
}


def _replace(path: Path, old: str, new: str, *, last: bool = False) -> None:
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1 and not (last and old in text):
        raise PhasegateError(
            f"{path} does not hold {old!r} once: this fault does not fit the sample.", remedy="Mend dag_factory/cli/demo/faults.py."
        )
    before, _, after = text.rpartition(old)
    path.write_text(before + new + after, encoding="utf-8")


def _add_phases(home: DemoHome, *lines: str) -> None:
    text = home.spec.read_text(encoding="utf-8")
    phases = re.search(r"^phases:.*\n(?=  foundation:\n)", text, re.MULTILINE)
    if phases is None or any(f"\n{line}\n" in text for line in lines[:1]):
        raise PhasegateError(f"{home.spec}: this fault does not fit the sample's phases.", remedy="Mend dag_factory/cli/demo/faults.py.")
    home.spec.write_text(text[: phases.end()] + "\n".join(lines) + "\n" + text[phases.end() :], encoding="utf-8")
