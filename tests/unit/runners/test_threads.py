"""Which threads are told to be at work, and that nobody's idle pool is."""

from __future__ import annotations

import _thread
import asyncio
import importlib.util
import shutil
import sysconfig
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from pathlib import Path
from queue import Queue

import pytest

from dag_factory.runners.threads import Threads


@pytest.fixture
def over():
    """Ends what a test starts."""
    event = threading.Event()
    yield event
    event.set()


def busy(over: threading.Event) -> None:
    while not over.is_set():
        time.sleep(0.01)


def test_what_is_still_in_its_starters_code_is_named_with_its_place(over):
    threads = Threads()
    threading.Thread(target=busy, args=(over,), name="writer").start()
    [found] = threads.at_work(0.2)
    assert found.startswith(f"writer (busy in {__file__}:")


def test_one_that_no_thread_object_was_made_for_is_found_too(over):
    threads = Threads()
    _thread.start_new_thread(busy, (over,))
    time.sleep(0.05)
    found = threads.at_work(0.2)
    assert found[0].startswith("a thread without a name (busy in ")


def test_one_in_a_pool_that_works_is_found_and_its_idle_neighbours_are_not(over):
    threads = Threads()
    with ThreadPoolExecutor(4, "pool") as pool:
        list(pool.map(time.sleep, [0.02] * 4))
        pool.submit(busy, over)
        try:
            [found] = threads.at_work(0.1)
        finally:
            over.set()
    assert found.startswith("pool_")


def test_work_that_the_standard_library_does_is_work(tmp_path, over):
    threads = Threads()
    source = Path("/dev/zero")
    with source.open("rb") as zeros, (tmp_path / "null").open("wb") as null:
        null.write = lambda _: (over.is_set() and 1 / 0) or time.sleep(0.01)  # type: ignore[method-assign]
        pool = ThreadPoolExecutor(1)
        done = pool.submit(shutil.copyfileobj, zeros, null)
        assert threads.at_work(0.1)
        over.set()
        assert done.exception(5)
        pool.shutdown()


def test_what_ends_while_one_waits_is_not_told():
    threads = Threads()
    threading.Thread(target=time.sleep, args=(0.1,)).start()
    threading.Thread(target=lambda: time.sleep(0.2)).start()
    assert threads.at_work(5) == []


def test_what_was_there_before_is_not_told(over):
    threading.Thread(target=busy, args=(over,)).start()
    assert Threads().at_work(0) == []


def test_what_waits_for_work_is_nobodys_fault():
    threads = Threads()
    pool, older, loop, queue = ThreadPoolExecutor(3), ThreadPool(2), asyncio.new_event_loop(), Queue()
    list(pool.map(time.sleep, [0.01] * 3))
    looping = threading.Thread(target=loop.run_forever, daemon=True)
    looping.start()
    threading.Thread(target=queue.get, daemon=True).start()
    timer = threading.Timer(60, print)
    timer.start()
    try:
        assert threads.at_work(0.2) == []
    finally:
        timer.cancel()
        queue.put(None)
        loop.call_soon_threadsafe(loop.stop)
        looping.join()
        loop.close()
        older.terminate()
        pool.shutdown()


def test_a_thread_of_an_installed_package_is_its_own_affair_until_it_calls_its_user_back(tmp_path, over):
    path = tmp_path / Path(sysconfig.get_path("purelib")).name / "beats.py"
    path.parent.mkdir()
    path.write_text("import time\ndef beat(over, call=time.sleep):\n    while not over.is_set():\n        call(0.01)\n")
    spec = importlib.util.spec_from_file_location("beats", path)
    beats = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(beats)
    threads = Threads()
    threading.Thread(target=beats.beat, args=(over,)).start()
    assert threads.at_work(0.1) == []
    threading.Thread(target=beats.beat, args=(over, lambda _: busy(over))).start()
    assert "<lambda> in " in threads.at_work(0.2)[0]
