"""Pictures of many requests go to the network together, in a bounded queue, and fail apart."""

import asyncio
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from clients import run

from cervinet.data.picture import Picture
from cervinet.environment import cores
from cervinet.errors import ImageError
from cervinet.inference.predicting import Prediction, Prepared
from cervinet.serve.batching import Batcher
from cervinet.serve.service import BusyError


class Notes:
    """A watcher that keeps what it is told."""

    def __init__(self):
        self.batches, self.queue = [], []

    def batch(self, size):
        self.batches.append(size)

    def waiting(self, pictures):
        self.queue.append(pictures)

    def said(self, prediction):
        raise AssertionError("a batcher says nothing of answers")


class Gate:
    """A network that waits until it may go on, and fails where a picture is called bad."""

    def __init__(self):
        self.open, self.entered = threading.Event(), threading.Semaphore(0)

    def __call__(self, batch):
        self.entered.release()
        assert self.open.wait(20)
        if any(picture.path == Path("bad") for picture, _ in batch):
            raise RuntimeError("of this picture alone")
        return [
            Prediction(picture.path, error=str(prepared))
            if isinstance(prepared, ImageError)
            else Prediction(picture.path, np.array([1.0]))
            for picture, prepared in batch
        ]


class Preparing:
    """Makes pictures ready for the network: it says which, and fails where one is called unreadable or broken."""

    def __init__(self):
        self.done = []

    def __call__(self, picture):
        self.done.append(str(picture.path))
        if picture.path == Path("unreadable"):
            raise ImageError("unreadable cannot be read")
        if picture.path == Path("broken"):
            raise RuntimeError("of preparing this picture")
        return Prepared((np.zeros((1, 1, 3), np.uint8),), None)


@contextmanager
def batching(gate, notes, queue=8, batch=4, prepare=None, wait=0):
    batcher = Batcher(prepare or Preparing(), gate, notes, queue=queue, batch=batch, wait=wait)
    try:
        yield batcher
    finally:
        gate.open.set()
        batcher.close()


def named(*names):
    return [Picture(Path(name)) for name in names]


def paths(predictions):
    return [str(one.image) for one in predictions]


async def entered(gate):
    await asyncio.to_thread(gate.entered.acquire)


async def ready(batcher, count):
    """Until so many are prepared and wait for the network."""
    async with asyncio.timeout(20):
        while len(batcher._ready) < count:
            await asyncio.sleep(0.001)


def test_what_gathers_while_the_network_is_busy_goes_together_and_each_gets_its_own():
    gate, notes = Gate(), Notes()

    async def ask():
        first = asyncio.create_task(batcher(named("first")))
        await entered(gate)
        others = [asyncio.create_task(batcher(named(f"{n}a", f"{n}b"))) for n in range(3)]
        await ready(batcher, 6)
        gate.open.set()
        return [await first, *(await asyncio.gather(*others))]

    with batching(gate, notes) as batcher:
        found = run(ask())
    assert list(map(paths, found)) == [["first"], ["0a", "0b"], ["1a", "1b"], ["2a", "2b"]]
    assert notes.batches == [1, 4, 2]
    assert max(notes.queue) == 6
    assert notes.queue[-1] == 0


def test_a_full_queue_refuses_whole_requests_and_takes_the_next_when_there_is_room():
    gate, notes = Gate(), Notes()

    async def ask():
        first = asyncio.create_task(batcher(named("first")))
        await entered(gate)
        waiting = asyncio.create_task(batcher(named(*"abcdefg")))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await batcher(named("h", "i"))
        last = asyncio.create_task(batcher(named("h")))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await batcher(named("i"))
        gate.open.set()
        await asyncio.gather(first, waiting, last)
        return await batcher(named("i", "j"))

    with batching(gate, notes) as batcher:
        assert paths(run(ask())) == ["i", "j"]
    assert max(notes.queue) == 8


def test_a_picture_that_breaks_the_work_breaks_that_of_no_other():
    gate, notes = Gate(), Notes()

    async def ask():
        first = asyncio.create_task(batcher(named("first")))
        await entered(gate)
        tasks = [asyncio.create_task(batcher(named(name))) for name in ("good", "bad", "better")]
        await ready(batcher, 3)
        gate.open.set()
        await first
        return await asyncio.gather(*tasks, return_exceptions=True)

    with batching(gate, notes) as batcher:
        good, bad, better = run(ask())
        assert (paths(good), paths(better)) == (["good"], ["better"])
        assert isinstance(bad, RuntimeError)
        assert paths(run(batcher(named("next")))) == ["next"]


def test_pictures_are_prepared_while_the_network_is_busy():
    gate, prepare = Gate(), Preparing()

    async def ask():
        first = asyncio.create_task(batcher(named("first")))
        await entered(gate)
        waiting = asyncio.create_task(batcher(named("a", "b")))
        await ready(batcher, 2)
        prepared = sorted(prepare.done)
        gate.open.set()
        await asyncio.gather(first, waiting)
        return prepared

    with batching(gate, Notes(), prepare=prepare) as batcher:
        assert run(ask()) == ["a", "b", "first"]


def test_a_picture_that_cannot_be_read_is_answered_with_its_error():
    gate = Gate()
    gate.open.set()
    with batching(gate, Notes()) as batcher:
        one, other = run(batcher(named("unreadable", "readable")))
    assert (one.error, other.error) == ("unreadable cannot be read", "")


def test_a_picture_that_breaks_while_it_is_prepared_breaks_no_other_and_leaves_no_place_taken():
    gate, notes = Gate(), Notes()
    gate.open.set()

    async def ask():
        tasks = [asyncio.create_task(batcher(named(name))) for name in ("good", "broken")]
        good, broken = await asyncio.gather(*tasks, return_exceptions=True)
        assert (paths(good), str(broken)) == (["good"], "of preparing this picture")
        return await batcher(named(*"abcdefgh"))

    with batching(gate, notes) as batcher:
        assert paths(run(ask())) == list("abcdefgh")
    assert notes.queue[-1] == 0


def test_the_network_waits_for_what_is_being_prepared_and_for_nothing_else():
    gate, notes, held = Gate(), Notes(), threading.Event()
    gate.open.set()

    class Held(Preparing):
        def __call__(self, picture):
            assert picture.path != Path("slow") or held.wait(20)
            return super().__call__(picture)

    async def ask():
        async with asyncio.timeout(10):  # of a wait of an hour
            await batcher(named("alone"))
        both = asyncio.create_task(batcher(named("slow", "quick")))
        await ready(batcher, 1)
        held.set()
        return await both

    with batching(gate, notes, prepare=Held(), wait=3600) as batcher:
        assert paths(run(ask())) == ["slow", "quick"]
    assert notes.batches == [1, 2]


def test_threads_that_cannot_be_started_are_told_at_once(monkeypatch):
    start, count = threading.Thread.start, iter(range(9))

    def refused(thread):
        if thread.name.startswith("prepare") and next(count) == 1:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr("cervinet.serve.batching.cores", lambda: 3)
    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        Batcher(Preparing(), Gate(), Notes(), queue=8, batch=4, wait=0)


def test_pictures_that_nobody_waits_for_are_not_prepared():
    gate, held, notes = Gate(), threading.Event(), Notes()
    gate.open.set()
    started = threading.Semaphore(0)

    class Slow(Preparing):
        def __call__(self, picture):
            found = super().__call__(picture)
            started.release()
            assert held.wait(20)
            return found

    async def ask():
        count = cores()  # one for each thread, so that the next must wait
        busy = [asyncio.create_task(batcher(named(f"busy {n}"))) for n in range(count)]
        for _ in range(count):
            await asyncio.to_thread(started.acquire)
        gone = asyncio.create_task(batcher(named("gone")))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        held.set()
        await asyncio.gather(*busy)
        return await batcher(named("last"))

    prepare = Slow()
    with batching(gate, notes, queue=cores() + 1, prepare=prepare) as batcher:
        assert paths(run(ask())) == ["last"]
    assert "gone" not in prepare.done
    assert notes.queue[-1] == 0


def test_pictures_that_nobody_waits_for_are_not_judged():
    gate, notes = Gate(), Notes()

    async def ask():
        first = asyncio.create_task(batcher(named("first")))
        await entered(gate)
        gone = asyncio.create_task(batcher(named("gone", "bad")))
        last = asyncio.create_task(batcher(named("last")))
        await ready(batcher, 3)
        gone.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        await first
        return await last

    with batching(gate, notes) as batcher:
        assert paths(run(ask())) == ["last"]
    assert notes.batches == [1, 1]


def test_closing_finishes_what_waits_and_takes_nothing_more():
    gate, notes = Gate(), Notes()

    async def ask():
        first = asyncio.create_task(batcher(named("first")))
        await entered(gate)
        waiting = asyncio.create_task(batcher(named(*"abcdef")))
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.to_thread(batcher.close)
        with pytest.raises(BusyError):
            await batcher(named("late"))
        return await first + await waiting

    with batching(gate, notes) as batcher:
        assert paths(run(ask())) == ["first", *"abcdef"]
