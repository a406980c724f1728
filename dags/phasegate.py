"""Makes an Airflow DAG of every workflow spec in `workflows/`."""

from dag_factory import load_workflows

load_workflows(globals(), "workflows")
