"""What the plugin adds to a task process: its import and its `on_load`, after all that Airflow imports there anyway."""

import json
import logging
import sys
import time

logging.disable(logging.INFO)

import airflow.dag_processing.dagbag  # noqa: E402
import airflow.plugins_manager  # noqa: E402
import airflow.sdk.execution_time.task_runner  # noqa: E402, F401

before = set(sys.modules)
began = time.process_time()
from phasegate_plugin import PhasegatePlugin  # noqa: E402

imported = time.process_time()
PhasegatePlugin.on_load()
done = time.process_time()
print(json.dumps({"import": imported - began, "load": done - imported, "modules": len(set(sys.modules) - before)}))
