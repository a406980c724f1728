"""One watcher for all who wait: one thread, and nobody is forgotten."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from dag_factory.triggers import watch
from dag_factory.triggers.watch import Watcher, in_one_thread


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(watch, "INTERVAL", 0.01)


class Place:
    """Something to look at; remembers who looked."""

    def __init__(self, value: object = 0) -> None:
        self.value = value
        self.threads: list[str] = []

    def look(self) -> object:
        self.threads.append(threading.current_thread().name)
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def test_a_change_is_noticed():
    place = Place()

    async def wait():
        asyncio.get_running_loop().call_later(0.05, setattr, place, "value", 1)
        return await Watcher.here().changed(place.look, 0, at_most=10)

    begun = time.monotonic()
    assert asyncio.run(wait()) is True
    assert time.monotonic() - begun < 5


def test_what_changed_before_anyone_waited_is_noticed():
    assert asyncio.run(_changed(Place(1), since=0)) is True


async def _changed(place, *, since=0, at_most=10.0):
    return await Watcher.here().changed(place.look, since, at_most=at_most)


def test_without_a_change_the_time_is_over():
    place = Place()
    assert asyncio.run(_changed(place, at_most=0.1)) is False
    assert len(place.threads) >= 2, "it was looked at again and again"


def test_a_value_that_is_equal_is_no_change():
    assert asyncio.run(_changed(Place((1, "a")), since=(1, "a"), at_most=0.05)) is False


@pytest.mark.parametrize("error", [OSError("out of reach"), ValueError("no"), KeyError("x")], ids=repr)
def test_a_look_that_fails_is_a_change(error):
    assert asyncio.run(_changed(Place(error))) is True


def test_one_who_fails_does_not_disturb_the_others():
    good, bad = Place(), Place(OSError("out of reach"))

    async def wait():
        return await asyncio.gather(_changed(bad), _changed(good, at_most=0.15))

    assert asyncio.run(wait()) == [True, False]


def test_many_wait_in_one_thread():
    places = [Place() for _ in range(100)]

    async def wait():
        waiting = [asyncio.create_task(_changed(place)) for place in places]
        await asyncio.sleep(0.05)
        watcher = Watcher.here()
        assert len(watcher._waiting) == 100
        for place in places[::2]:
            place.value = 1
        done, pending = await asyncio.wait(waiting, timeout=0.3)
        assert (len(done), len(pending)) == (50, 50)
        for place in places[1::2]:
            place.value = 1
        assert await asyncio.gather(*waiting) == [True] * 100
        assert watcher._waiting == {}
        return watcher

    before = threading.active_count()
    asyncio.run(wait())
    assert len({name for place in places for name in place.threads}) == 1
    assert all(place.threads for place in places)
    assert threading.active_count() <= before + 1


def test_the_loop_is_free_while_a_look_takes_its_time():
    slow, late = Place(), []

    def look():
        time.sleep(0.1)
        return slow.look()

    async def beat():
        for _ in range(20):
            begun = time.monotonic()
            await asyncio.sleep(0.01)
            late.append(time.monotonic() - begun - 0.01)

    async def wait():
        await asyncio.gather(Watcher.here().changed(look, 0, at_most=0.25), beat())

    asyncio.run(wait())
    assert sorted(late)[len(late) // 2] < 0.08


def test_one_loop_has_one_watcher_and_another_has_another():
    async def here():
        return Watcher.here() is Watcher.here(), await _changed(Place(1))

    assert asyncio.run(here()) == (True, True)
    assert asyncio.run(here()) == (True, True), "a loop that comes after a closed one is watched as well"


def test_who_gives_up_is_forgotten():
    place = Place()

    async def wait():
        waiting = asyncio.create_task(_changed(place))
        await asyncio.sleep(0.03)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert Watcher.here()._waiting == {}
        looks = len(place.threads)
        await asyncio.sleep(0.05)
        return len(place.threads) - looks

    assert asyncio.run(wait()) <= 1


def test_the_watch_ends_when_nobody_waits_and_begins_again():
    async def wait():
        watcher = Watcher.here()
        assert await _changed(Place(1)) is True
        await asyncio.sleep(0.1)
        assert watcher._task.done()
        return await _changed(Place(1))

    assert asyncio.run(wait()) is True


def test_work_is_done_one_after_another_off_the_loop():
    running, most, names = [], [], set()

    def work(number):
        running.append(number)
        most.append(len(running))
        names.add(threading.current_thread().name)
        time.sleep(0.005)
        running.remove(number)
        return number

    async def all_at_once():
        return await asyncio.gather(*(in_one_thread(lambda number=number: work(number)) for number in range(10)))

    assert asyncio.run(all_at_once()) == list(range(10))
    assert max(most) == 1
    assert len(names) == 1
    assert threading.main_thread().name not in names


def test_what_goes_wrong_in_the_thread_is_told_to_who_asked():
    def broken():
        raise OSError("out of reach")

    async def ask():
        return await in_one_thread(broken)

    with pytest.raises(OSError, match="out of reach"):
        asyncio.run(ask())
