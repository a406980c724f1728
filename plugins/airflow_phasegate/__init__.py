"""Where Airflow looks for the module of a provider: it makes the name from that of the distribution, `airflow-phasegate`, and looks for `example_dags` in it.

There are none, since a workflow needs a repository and a choice of patterns. What there is lies in `dag_factory` and `phasegate_plugin`.
"""
