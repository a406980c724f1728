"""One watcher for all gates that wait in a triggerer: one thread looks at all of their folders, once a second.

A thread a gate would starve the triggerer: with 64 of them its loop was late by 700 ms, with one by 20 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ClassVar, TypeVar
from weakref import WeakKeyDictionary

import pendulum

from dag_factory.evidence.statement import moment_of
from dag_factory.evidence.store import RunStore

__all__ = ["Watcher", "in_one_thread", "names_in", "seconds_to"]

INTERVAL = 1.0
"""Seconds between two looks at the store."""

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="phasegate")
Result = TypeVar("Result")
Look = Callable[[], object]


def names_in(run: RunStore, folders: Iterable[str]) -> object:
    """What lies in some folders of a run, by name, and how often the run was begun: a submission adds a name."""
    return tuple(tuple(run.names(folder)) for folder in folders), len(run.names("charters"))


def seconds_to(deadlines: Iterable[str], otherwise: float) -> float:
    """Seconds to the first of some moments that are ahead, and a moment more; `otherwise` where none is."""
    now = pendulum.now("UTC")
    ahead = [seconds for end in deadlines if (seconds := (moment_of(end) - now).total_seconds()) > 0]
    return min(ahead, default=otherwise) + 0.1


async def in_one_thread(work: Callable[[], Result]) -> Result:
    """Run blocking work off the loop, after whatever other gates asked for before."""
    return await asyncio.get_running_loop().run_in_executor(_thread, work)


class Watcher:
    """Tells those who wait when what they look at has changed."""

    _of_loop: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, Watcher]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Event, tuple[Look, object]] = {}
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def here(cls) -> Watcher:
        """The watcher of the running loop."""
        return cls._of_loop.setdefault(asyncio.get_running_loop(), cls())

    async def changed(self, look: Look, since: object, *, at_most: float) -> bool:
        """Wait until `look()` no longer answers `since`.

        Parameters
        ----------
        look: a cheap look at the store, called in the shared thread.
        since: what it answered before.
        at_most: seconds to wait.

        Returns
        -------
        Whether it changed; False if the time was over first.

        """
        event = asyncio.Event()
        self._waiting[event] = (look, since)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            await asyncio.wait_for(event.wait(), timeout=at_most)
        except TimeoutError:
            return False
        finally:
            self._waiting.pop(event, None)
        return True

    async def _watch(self) -> None:
        while self._waiting:
            await asyncio.sleep(INTERVAL)
            waiting = dict(self._waiting)
            for event in await in_one_thread(partial(_changed, waiting)):
                event.set()


def _changed(waiting: dict[asyncio.Event, tuple[Look, object]]) -> list[asyncio.Event]:
    return [event for event, (look, since) in waiting.items() if _look(look) != since]


def _look(look: Look) -> object:
    try:
        return look()
    except Exception as error:  # a store out of reach is a change: whoever waits finds out and says so
        return error
