# Airflow with Phasegate in it. Built by `docker compose build`.
FROM apache/airflow:3.3.2-python3.12
# Extras of airflow-phasegate: `demo` is what the sample's checks call. Add what your own personas and checks call, or leave it empty.
ARG EXTRAS=demo
USER root
# Volumes take their owner from these folders when they are first made.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o airflow -g 0 -m 0755 /phasegate /phasegate/evidence /phasegate/work /phasegate/cache \
    && install -d -o airflow -g 0 -m 0700 /phasegate/keys /opt/airflow/auth \
    && install -d -o airflow -g 0 -m 0775 /opt/airflow/logs
USER airflow
COPY --chown=airflow:0 pyproject.toml README.md LICENSE /tmp/phasegate/
COPY --chown=airflow:0 dag_factory /tmp/phasegate/dag_factory
COPY --chown=airflow:0 plugins /tmp/phasegate/plugins
COPY --chown=airflow:0 examples /tmp/phasegate/examples
COPY --chown=airflow:0 scripts/verify-run.sh /tmp/phasegate/scripts/verify-run.sh
COPY --chown=airflow:0 tests/attacks /tmp/phasegate/tests/attacks
# Airflow is named too, so that pip changes nothing of it.
RUN pip install --no-cache-dir "apache-airflow==${AIRFLOW_VERSION}" "/tmp/phasegate${EXTRAS:+[$EXTRAS]}" && rm -rf /tmp/phasegate
