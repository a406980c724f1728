"""A triggerer's loop with so many triggers in it that wait: `waiting.py WHAT TRIGGERS SECONDS`, where the file TRIGGERS holds what each is made with.

WHAT is `gates` or `files`. Told is what the process takes beyond the same process before there was any: of the processor, and of memory; how late the
loop ever was; after how long what one of them waits for was noticed; and for gates, how late the loop was while 64 of them had to judge at once.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from airflow.providers.standard.triggers.file import FileTrigger

from benchmarks import chain
from dag_factory.evidence.keys import KeyFolder
from dag_factory.evidence.record import read_record
from dag_factory.evidence.store import Store
from dag_factory.triggers.gate import GateTrigger

what, file, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
told = json.loads(file.read_text())
AT_ONCE = 64


class Clock:
    """Looks every 5 ms how late the loop is."""

    def __init__(self):
        self.late = 0.0
        self.task = asyncio.create_task(self.tick())

    async def tick(self):
        """Look."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            self.late = max(self.late, time.perf_counter() - began - 0.005)


def memory():
    """Bytes of this process, of shared pages its share."""
    lines = Path("/proc/self/smaps_rollup").read_bytes().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:"))


async def spent(clock):
    """What the next seconds take: of the processor, as a share of one core; and how late the loop is meanwhile."""
    clock.late, before = 0.0, time.process_time()
    await asyncio.sleep(seconds)
    return (time.process_time() - before) / seconds, clock.late


def bring(one):
    """What it waits for comes."""
    if what == "files":
        Path(one["filepath"]).touch()
        return
    run = Store(Path(told["store"])).run(one["dag_id"], one["run_id"])
    chain.leave(read_record(run), run, KeyFolder(Path(told["keys"])), "phase-00", "task-0", runner="external")


async def ended(trigger):
    """The first event of a trigger, and when it came."""
    async for event in trigger.run():
        return event, time.perf_counter()
    raise AssertionError(trigger)


async def main():
    """Measure."""
    kind = {"gates": GateTrigger, "files": FileTrigger}[what]
    clock = Clock()
    await asyncio.sleep(1)
    idle, _ = await spent(clock)
    before = memory()
    waiting = [asyncio.create_task(ended(kind(**one))) for one in told["triggers"]]
    await asyncio.sleep(told["settle"])
    busy, late = await spent(clock)
    found = {"core": busy - idle, "memory": memory() - before, "late": late}
    noticed = []
    for number in (0, len(waiting) // 2, len(waiting) - 1):
        began = time.perf_counter()
        await asyncio.to_thread(bring, told["triggers"][number])
        _, at = await asyncio.wait_for(waiting[number], 30)
        noticed.append(at - began)
    found["noticed"] = max(noticed)
    if what == "gates":
        chosen = range(1, AT_ONCE + 1)
        await asyncio.to_thread(lambda: [bring(told["triggers"][number]) for number in chosen])
        clock.late, began = 0.0, time.perf_counter()
        events = [await asyncio.wait_for(waiting[number], 60) for number in chosen]
        found |= {"together": max(at for _, at in events) - began, "together_late": clock.late}
        for number, (event, _) in zip(chosen, events, strict=True):
            run = Store(Path(told["store"])).run(told["triggers"][number]["dag_id"], told["triggers"][number]["run_id"])
            assert read_record(run).verdict("phase-00").digest == event.xcoms["judged"], "a gate ended with another run's verdict"
    print(json.dumps(found))
    for task in waiting:
        task.cancel()


asyncio.run(main())
