# Airflow with Phasegate in it. Built by `docker compose up --build`.
FROM apache/airflow:3.3.2-python3.12
USER root
RUN apt-get update && apt-get install --yes --no-install-recommends git make && rm -rf /var/lib/apt/lists/* \
    && mkdir -p /phasegate/evidence /phasegate/keys /opt/airflow/auth \
    && chown -R airflow:0 /phasegate /opt/airflow/auth && chmod 700 /phasegate/keys
USER airflow
COPY --chown=airflow:0 . /tmp/phasegate
RUN pip install --no-cache-dir "apache-airflow==3.3.2" "/tmp/phasegate[demo]" && rm -rf /tmp/phasegate
