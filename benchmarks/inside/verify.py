"""Judges a whole run again, as `complete` and `phasegate verify` do: `verify.py STORE DAG_ID RUN_ID TIMES`."""

import json
import sys
import time
from pathlib import Path

import pendulum

from dag_factory.evidence.record import read_record
from dag_factory.evidence.store import Store
from dag_factory.evidence.verify import verify_run

store, dag_id, run_id, times = sys.argv[1:]
spent = []
for _ in range(int(times)):
    began = time.process_time()
    run = Store(Path(store)).run(dag_id, run_id)
    judgements, _, findings = verify_run(read_record(run), run.blob, pendulum.now("UTC"))
    spent.append(time.process_time() - began)
    if findings or any(judgement.word != "PASSED" for judgement in judgements):
        sys.exit(f"The run is not sound: {findings[:3]}")
print(json.dumps({"spent": min(spent)}))
