"""Imports a file of the DAG folder as Airflow does, after all that Airflow itself imports: `parse.py LOADER LIBRARY DAGS [DAG_ID TASK_ID]`.

With a DAG and a task it is what the start of that task does; without, what the dag-processor does. With PHASEGATE_BENCH_SERIALISE, each DAG is serialised
as well.
"""

import importlib
import importlib.machinery
import importlib.util
import json
import logging
import os
import sys
import time

loader, library, expected, *wanted = sys.argv[1:]
if wanted:
    os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"], os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = wanted
logging.disable(logging.INFO)

import airflow.dag_processing.dagbag  # noqa: E402
import airflow.providers.standard.operators.bash  # noqa: E402
import airflow.providers.standard.operators.empty  # noqa: E402
import airflow.providers.standard.sensors.filesystem  # noqa: E402
import airflow.sdk.execution_time.task_runner  # noqa: E402, F401
from airflow.sdk import DAG  # noqa: E402


def spent():
    """Seconds of the processor, this process and its children; and the clock."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system, time.perf_counter()


begun = spent()
if library != "-":
    importlib.import_module("dag_factory.loader" if library == "dag_factory" else library)  # its front door imports that only when asked
imported = spent()
source = importlib.machinery.SourceFileLoader("loaded_dags", loader)
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("loaded_dags", source))
sys.modules["loaded_dags"] = module
source.exec_module(module)
done = spent()
dags = [value for name, value in vars(module).items() if name.startswith("bench_") and isinstance(value, DAG)]
found = {dag.dag_id for dag in dags}
serialised, size = done, 0
if os.environ.get("PHASEGATE_BENCH_SERIALISE"):
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    begun_to_serialise = spent()
    kept = [LazyDeserializedDAG.from_dag(dag).data for dag in dags]
    serialised = spent()
    size = len(json.dumps(kept[0]))
if len(found) != int(expected) or (wanted and wanted[0] not in found):
    sys.exit(f"{len(found)} DAGs were made, and {expected} expected: {sorted(found)[:3]}")
print(
    json.dumps(
        {
            "import": imported[0] - begun[0],
            "load": done[0] - imported[0],
            "clock": done[1] - imported[1],
            "serialise": serialised[0] - begun_to_serialise[0] if size else 0,
            "bytes": size,
            "compiled": "dag_factory.plan.compile" in sys.modules,
            "tasks": sum(len(dag.tasks) for dag in dags) / len(found),
        }
    )
)
