"""Puts every file of a folder into a store: `put.py STORE FOLDER`."""

import json
import resource
import sys
import time
from pathlib import Path

from dag_factory.evidence.store import Store

store, folder = map(Path, sys.argv[1:])
run = Store(store).run("bench", "bench")
files = sorted(folder.iterdir())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began, clock = time.process_time(), time.perf_counter()
for file in files:
    with file.open("rb") as stream:
        run.put(stream)
spent = {"spent": time.process_time() - began, "clock": time.perf_counter() - clock}
print(json.dumps(spent | {"grown": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024}))
