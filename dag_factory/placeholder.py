"""What is seen of a broken spec where no import error can be keyed to its file: a DAG that says what is wrong, and can only fail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from dag_factory.errors import SpecError

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["BrokenSpecOperator", "placeholders"]

_LONGEST = 200  # characters of a dag_id; Airflow allows 250


class BrokenSpecOperator(BaseOperator):
    """Fails, with what is wrong with the spec."""

    ui_color = "#fecaca"

    def __init__(self, *, reason: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reason = reason

    def execute(self, context: Context) -> None:  # noqa: ARG002 # Airflow gives it
        """Fail."""
        raise AirflowFailException(self.reason)


def placeholders(broken: Mapping[Path, SpecError]) -> dict[str, DAG]:
    """Make a DAG for each broken spec, without a schedule, paused, and named after the file.

    Parameters
    ----------
    broken: what is wrong, by file.

    Returns
    -------
    The DAGs by their names, which no workflow can have: theirs know no dot.

    """
    made: dict[str, DAG] = {}
    for path, error in broken.items():
        name = "broken." + re.sub(r"[^A-Za-z0-9_.-]", "_", path.name)[:_LONGEST]
        while name in made:
            name += "_"
        first = error.diagnostics[0]
        quoted = "\n".join(f"    {line}" for line in str(error).splitlines())
        with DAG(
            dag_id=name,
            dag_display_name=f"✘ {path.name}",
            description=f"{first.where.line}:{first.where.column} {first.rule}: {first.reason}",
            schedule=None,
            is_paused_upon_creation=True,
            tags={"phasegate", "broken-spec"},
            doc_md=f"This spec is broken and makes no DAG:\n\n{quoted}\n",
        ) as dag:
            BrokenSpecOperator(task_id="broken", reason=str(error))
        made[name] = dag
    return made
