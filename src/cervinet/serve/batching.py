"""Pictures of many requests, judged together by one thread."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Protocol

from cervinet.data.picture import Picture
from cervinet.inference.predicting import Prediction
from cervinet.serve.service import BusyError

Work = Callable[[Sequence[Picture]], Sequence[Prediction]]


class Watcher(Protocol):
    """Is told what happens, from any thread."""

    def batch(self, size: int) -> None:
        """So many pictures go to the network together."""

    def waiting(self, pictures: int) -> None:
        """So many wait now."""

    def said(self, prediction: Prediction) -> None:
        """A picture was answered."""


class Batcher:
    """A bounded queue before one thread that takes what waits, up to a batch, as soon as it is free.

    While a batch is worked on the next one gathers, so that batches grow with the load by themselves; an idle thread
    waits a moment for company of the first picture.
    """

    def __init__(self, work: Work, watcher: Watcher, *, queue: int, batch: int, wait: float) -> None:
        """
        Args:
            work: pictures → predictions, in order; runs in the thread. Unreadable pictures are predictions too.
            watcher: is told of batches and of the queue.
            queue: pictures that may wait.
            batch: pictures worked on together.
            wait: seconds to wait for company.
        """
        self._work, self._watcher = work, watcher
        self._queue, self._batch, self._wait = queue, batch, wait
        self._waiting: deque[tuple[Picture, Future[Prediction]]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    async def __call__(self, pictures: Sequence[Picture]) -> list[Prediction]:
        """In order, one each.

        Raises:
            BusyError: the queue has no room for all of them, or takes none any more.
        """
        entries = [(picture, Future[Prediction]()) for picture in pictures]
        with self._changed:
            if self._closed or len(self._waiting) + len(entries) > self._queue:
                raise BusyError
            self._waiting.extend(entries)
            self._watcher.waiting(len(self._waiting))
            self._changed.notify()
        return list(await asyncio.gather(*(asyncio.wrap_future(future) for _, future in entries)))

    def close(self) -> None:
        """Take nothing more, finish what waits, and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            pictures = [picture for picture, _ in batch]
            self._watcher.batch(len(batch))
            try:
                found = self._work(pictures)
            except Exception as error:
                self._singly(batch, error)
                continue
            for (_, future), prediction in zip(batch, found, strict=True):
                future.set_result(prediction)

    def _singly(self, batch: list[tuple[Picture, Future[Prediction]]], error: Exception) -> None:
        """One picture that breaks the work must not break that of its neighbours."""
        for picture, future in batch:
            try:
                if len(batch) == 1:
                    raise error
                future.set_result(self._work([picture])[0])
            except Exception as own:
                future.set_exception(own)

    def _next(self) -> list[tuple[Picture, Future[Prediction]]]:
        """The next batch; empty once the queue is closed and done. Pictures that nobody waits for any more are left."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                until = time.monotonic() + self._wait
                while len(self._waiting) < self._batch and not self._closed:
                    left = until - time.monotonic()
                    if left <= 0 or not self._changed.wait(left):
                        break
                taken = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
                self._watcher.waiting(len(self._waiting))
                batch = [one for one in taken if one[1].set_running_or_notify_cancel()]
                if batch or (self._closed and not self._waiting):
                    return batch
