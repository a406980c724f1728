"""Broken specs as import errors of their YAML files: one small adapter to Airflow's DAG importers (new in 3.3, and still moving: AIP-85).

Airflow keeps an import error by the path it is given, so one that names the YAML is shown beside the DAGs, marks nothing else stale, and
clears at the next refresh of the bundle once the file is mended.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dag_factory.loader import Report

__all__ = ["register", "told"]

_log = logging.getLogger(__name__)


def register() -> bool:
    """Take the place of Airflow's importer of Python files, doing all that it does.

    Returns
    -------
    Whether it could be done. Where Airflow has no such importers, or another plugin has put its own in their place, nothing is touched:
    broken specs are then seen as DAGs that say what is wrong (see `dag_factory.loader`).

    """
    try:
        from airflow.dag_processing.importers import DagImportError, PythonDagImporter, get_importer_registry

        registry = get_importer_registry()
        present = registry.get_importer("loader.py")
        if type(present) is not PythonDagImporter:
            return bool(getattr(present, "tells_broken_specs", False))
    except (ImportError, AttributeError, TypeError) as error:
        _log.warning("Broken specs are shown as DAGs, since this Airflow's importers are not as in 3.3: %s", error)
        return False

    class SpecTellingImporter(PythonDagImporter):
        """Imports Python files as Airflow does, and tells of the specs that a file loaded."""

        tells_broken_specs = True

        def import_file(self, file_path: str | Path, *, bundle_path: Path | None = None, **options: Any) -> Any:
            from dag_factory.loader import reporting

            with reporting(Path(file_path)) as report:
                result = super().import_file(file_path, bundle_path=bundle_path, **options)
            for dag in result.dags:
                if dag.dag_id in report.specs:
                    dag.fileloc = str(report.specs[dag.dag_id])  # the Code tab shows the spec
            result.errors += [DagImportError(path, message, error_type="spec") for path, message in told(report, bundle_path)]
            return result

    with _replacing():
        registry.register(SpecTellingImporter())
    return True


@contextmanager
def _replacing() -> Iterator[None]:
    """Airflow warns when one importer takes another's place; here that is meant, and would be said at the start of every task."""
    log = logging.getLogger("airflow.dag_processing.importers.base")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def told(report: Report, bundle_path: Path | None) -> list[tuple[str, str]]:
    """Say for each broken spec, by its path in the bundle, the first thing that is wrong and how many more there are."""
    messages = []
    for path, error in sorted(report.broken.items()):
        shown = os.path.relpath(path, bundle_path) if bundle_path else str(path)
        first, *more = error.diagnostics
        rest = f"\n\nAnd {len(more)} more; `phasegate lint {shown}` tells all." if more else ""
        messages.append((shown, f"{shown}:{first.where.line}:{first.where.column}: {first.rule}: {first.reason} {first.remedy}{rest}"))
    return messages
