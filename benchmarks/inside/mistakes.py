"""What a linter says of folders of specs, and what Airflow makes of them: `mistakes.py dag-factory|phasegate FOLDER...`.

A folder holds `loader.py`, a file of Airflow's DAG folder, and `workflows`, whose YAML it loads. Each is linted, and imported as Airflow's dag-processor
does it, in a process forked from one that has Airflow. Told are the linter's exit code, its text and whether it crashed; the DAGs that came of it, with
their descriptions; the import errors that Airflow's UI would show, by the file they are told of; and whether an error stands in the dag-processor's log.
"""

import json
import logging
import multiprocessing
import sys
from pathlib import Path

import structlog
from airflow.dag_processing.processor import DagFileParseRequest, _parse_file
from typer.testing import CliRunner

tool, *folders = sys.argv[1:]
if tool == "phasegate":
    from phasegate_plugin import PhasegatePlugin

    from dag_factory.cli import app

    PhasegatePlugin.on_load()  # as Airflow does with every plugin, before it forks
else:
    from dagfactory.__main__ import app


class Heard(logging.Handler):
    """Remembers whether an error was logged."""

    errors = 0

    def emit(self, _record):
        """Count it."""
        self.errors += 1


def linted(folder):
    """What the linter says of the specs."""
    result = CliRunner().invoke(app, ["lint", str(Path(folder) / "workflows")])
    crash = result.exception is not None and not isinstance(result.exception, SystemExit)
    return {"code": result.exit_code, "text": result.stdout, "crash": repr(result.exception) if crash else ""}


def imported(folder):
    """What came of the loader's import."""
    heard = Heard(logging.ERROR)
    logging.getLogger().addHandler(heard)
    result = _parse_file(
        DagFileParseRequest(file=str(Path(folder) / "loader.py"), bundle_path=Path(folder), bundle_name="bench"), structlog.get_logger()
    )
    dags = {dag.dag_id: dag.data["dag"].get("description") for dag in result.serialized_dags}
    return {"dags": dags, "errors": result.import_errors, "logged": heard.errors > 0}


def judged(folder):
    """Both."""
    return {"lint": linted(folder), **imported(folder)}


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        print(json.dumps(dict(zip(folders, pool.map(judged, folders, chunksize=1), strict=True))))
