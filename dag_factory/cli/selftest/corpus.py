"""Reads the corpus: one YAML file a heading, with the attacks under it, and one of honest cases.

The corpus lies in `tests/attacks` of the repository and is packaged with the command; nothing else of the tests is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dag_factory.errors import PhasegateError

__all__ = ["Case", "read_corpus", "where"]

RUNS = "runs.tar.xz"


def _flat(value: object) -> object:
    """A list whose lists are spliced in: YAML can name a list and use it again, but cannot join two."""
    if not isinstance(value, list):
        return value
    return [one for part in value for one in (part if isinstance(part, list) else [part])]


class Case(BaseModel):
    """One attack, or one honest case.

    Parameters
    ----------
    id: its name, for ever.
    story: what somebody does, for a reader who knows no code.
    refused_by: the rule that refuses it, `rule` in the file; None for an honest case.
    also: rules that speak because of what the attack was to hide: a void waiver leaves the finding that it was for.
    asks: who judges. A phase, `foundation`: its gate, as the run stood when it was asked; `validation/1`: that of its first fix phase. `run`:
        `phasegate verify` of the whole run in its store; `folder` and `tar`: of what `phasegate export` wrote.
    run: which of the real runs it begins with.
    plan: changes of the plan, by path; the run is then signed anew under that plan, by the keys that signed it, and judged by its gates.
    charter: changes of the charter, likewise.
    does: what is done, in order; each is a verb of `verbs.VERBS` with what it is told.
    passes: the word that an honest case ends with.

    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    story: str = Field(min_length=20)
    refused_by: str | None = Field(default=None, alias="rule")
    also: list[str] = []
    asks: str = "run"
    run: Literal["straight", "mended"] = "straight"
    plan: dict[str, Any] = {}
    charter: dict[str, Any] = {}
    does: Annotated[list[dict[str, Any]], BeforeValidator(_flat)] = []
    passes: Literal["PASSED", "PASSED_WITH_WAIVER"] = "PASSED"
    heading: str = ""

    @property
    def honest(self) -> bool:
        """Whether it must pass."""
        return self.refused_by is None


class _Sheet(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    heading: str
    parts: Any = None  # what cases share by YAML's own anchors
    attacks: list[Case] = []
    honest: list[Case] = []


def where() -> Path:
    """The corpus: packaged with the command, or that of the checkout.

    Raises
    ------
    PhasegateError: it is in neither place.

    """
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "attacks", here.parents[3] / "tests" / "attacks"):
        if (folder / RUNS).is_file():
            return folder
    raise PhasegateError(f"The attacks are not installed with {here.parents[1]}.", remedy="Install airflow-phasegate again.")


def read_corpus(folder: Path) -> tuple[Case, ...]:
    """Every case, by heading.

    Raises
    ------
    PhasegateError: a file is not what it must be.

    """
    cases = tuple(_cases(folder))
    twice = sorted({case.id for case in cases if sum(other.id == case.id for other in cases) > 1})
    if twice:
        raise PhasegateError(f"Two cases are called {', '.join(twice)}.", remedy="Give each a name of its own.")
    return cases


def _cases(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.yaml")):
        try:
            sheet = _Sheet.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (ValidationError, yaml.YAMLError, ValueError) as error:
            raise PhasegateError(f"{path} holds no cases: {error}", remedy="Mend it.") from error
        for case in (*sheet.attacks, *sheet.honest):
            if case.honest != (case in sheet.honest):
                raise PhasegateError(
                    f"{path}: {case.id} stands in the wrong list.", remedy="An attack names its rule; an honest case has none."
                )
            yield case.model_copy(update={"heading": sheet.heading})
