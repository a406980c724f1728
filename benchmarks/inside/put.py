"""Puts every file of a folder into a store: `put.py STORE FOLDER`."""

import json
import sys
import time
from pathlib import Path

from dag_factory.evidence.store import Store

store, folder = map(Path, sys.argv[1:])
run = Store(store).run("bench", "bench")
files = sorted(folder.iterdir())
began, clock = time.process_time(), time.perf_counter()
for file in files:
    with file.open("rb") as stream:
        run.put(stream)
print(json.dumps({"spent": time.process_time() - began, "clock": time.perf_counter() - clock}))
