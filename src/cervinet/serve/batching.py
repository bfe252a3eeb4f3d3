"""Pictures of many requests, prepared side by side as they come and judged together by one thread."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from cervinet.data.picture import Picture
from cervinet.environment import cores
from cervinet.errors import ImageError
from cervinet.inference.predicting import Prediction, Prepared
from cervinet.serve.service import BusyError

Item = tuple[Picture, Prepared | ImageError]
Prepare = Callable[[Picture], Prepared]
Judging = Callable[[Sequence[Item]], Sequence[Prediction]]


class Watcher(Protocol):
    """Is told what happens, from any thread."""

    def batch(self, size: int) -> None:
        """So many pictures go to the network together."""

    def waiting(self, pictures: int) -> None:
        """So many wait now."""

    def said(self, prediction: Prediction) -> None:
        """A picture was answered."""


class Batcher:
    """A bounded queue before threads that prepare pictures, one a core, and one that judges what is prepared.

    The latter takes all that is ready, up to a batch, as soon as it is free. While it works the next batch gathers, so
    that batches grow with the load by themselves. It waits a moment for what has come and is being prepared, which
    makes fewer and larger batches of the same work; a picture that is alone waits for nothing.
    """

    def __init__(
        self, prepare: Prepare, judging: Judging, watcher: Watcher, *, queue: int, batch: int, wait: float
    ) -> None:
        """
        Args:
            prepare: makes of a picture what the network takes, or raises an ImageError; runs in several threads.
            judging: what came of pictures → predictions, in order; runs in one thread.
            watcher: is told of batches and of the queue.
            queue: pictures that may wait, prepared or not.
            batch: pictures judged together.
            wait: seconds to wait, at most, for what is being prepared.
        """
        self._prepare, self._judging, self._watcher = prepare, judging, watcher
        self._queue, self._batch, self._wait = queue, batch, wait
        self._waiting = 0
        self._ready: deque[tuple[Item, Future[Prediction]]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._preparing = _started(cores())
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    async def __call__(self, pictures: Sequence[Picture]) -> list[Prediction]:
        """In order, one each.

        Raises:
            BusyError: the queue has no room for all of them, or takes none any more.
        """
        with self._changed:
            if self._closed or self._waiting + len(pictures) > self._queue:
                raise BusyError
            self._now_wait(len(pictures))
            futures = [Future[Prediction]() for _ in pictures]
            for picture, future in zip(pictures, futures, strict=True):
                self._preparing.submit(self._prepared, picture, future)
        return list(await asyncio.gather(*map(asyncio.wrap_future, futures)))

    def close(self) -> None:
        """Take nothing more, finish what waits, and end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._preparing.shutdown()
        self._thread.join()

    def _now_wait(self, more: int) -> None:
        self._waiting += more
        self._watcher.waiting(self._waiting)

    def _prepared(self, picture: Picture, future: Future[Prediction]) -> None:
        """One picture on its way; where nobody waits for it any more, or it breaks, it goes no further."""
        found: Prepared | ImageError | None = None
        broken: BaseException | None = None
        try:
            if not future.cancelled():
                found = self._prepare(picture)
        except ImageError as error:
            found = error
        except BaseException as error:
            broken = error
        with self._changed:
            if found is None:
                self._now_wait(-1)
            else:
                self._ready.append(((picture, found), future))
            self._changed.notify()
        # Its place is free by now: who asks again at once must find it so.
        if broken and future.set_running_or_notify_cancel():
            future.set_exception(broken)

    def _run(self) -> None:
        while batch := self._next():
            self._watcher.batch(len(batch))
            try:
                found = self._judging([item for item, _ in batch])
            except Exception as error:
                self._singly(batch, error)
                continue
            for (_, future), prediction in zip(batch, found, strict=True):
                future.set_result(prediction)

    def _singly(self, batch: list[tuple[Item, Future[Prediction]]], error: Exception) -> None:
        """One picture that breaks the work must not break that of its neighbours."""
        for item, future in batch:
            try:
                if len(batch) == 1:
                    raise error
                future.set_result(self._judging([item])[0])
            except Exception as own:
                future.set_exception(own)

    def _next(self) -> list[tuple[Item, Future[Prediction]]]:
        """The next batch; empty once the queue is closed and done. Pictures that nobody waits for any more are left."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._ready or (self._closed and not self._waiting))
                until = time.monotonic() + self._wait
                while len(self._ready) < min(self._batch, self._waiting) and not self._closed:
                    left = until - time.monotonic()
                    if left <= 0 or not self._changed.wait(left):
                        break
                taken = [self._ready.popleft() for _ in range(min(self._batch, len(self._ready)))]
                self._now_wait(-len(taken))
                batch = [one for one in taken if one[1].set_running_or_notify_cancel()]
                if batch or (self._closed and not self._waiting):
                    return batch


def _started(count: int) -> ThreadPoolExecutor:
    """With all its threads: one that the system refuses is an error now, and not of a request that then never ends."""
    pool, together = ThreadPoolExecutor(count, "prepare"), threading.Barrier(count + 1)
    try:
        for _ in range(count):
            pool.submit(together.wait)
        together.wait()
    except RuntimeError:
        together.abort()
        raise
    return pool
