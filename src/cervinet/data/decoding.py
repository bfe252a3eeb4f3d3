"""Many pictures worked on side by side, in order, with the errors that some of them give."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import cv2

from cervinet.environment import cores
from cervinet.errors import ImageError

# Each picture is worked on by one thread; threads of OpenCV's own on top only get in the way.
cv2.setNumThreads(1)

Item = TypeVar("Item")
Result = TypeVar("Result")


def decode_all(
    pictures: Iterable[Item], load: Callable[[Item], Result], workers: int | None = None, ahead: int | None = None
) -> Iterator[tuple[Item, Result | ImageError]]:
    """Each picture, or the error that it gave, in order; decoded in threads, a few ahead of the consumer.

    Args:
        pictures: any number; they are asked for as they are needed.
        load: makes something of a picture, or raises an ImageError.
        workers: threads; None for one a core.
        ahead: most pictures that are begun and not yet taken by the consumer; None for four a thread.
    """
    workers = workers or cores()
    ahead = ahead or 4 * workers
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for picture in pictures:
                waiting.append((picture, pool.submit(load, picture)))
                if len(waiting) >= ahead:
                    item, future = waiting.popleft()
                    outcome = _outcome(future)
                    yield item, outcome
            while waiting:
                item, future = waiting.popleft()
                outcome = _outcome(future)
                yield item, outcome
        finally:
            for _, future in waiting:
                future.cancel()


def _outcome(future: Future[Result]) -> Result | ImageError:
    try:
        return future.result()
    except ImageError as error:
        return error


def unreadable(errors: Sequence[str], total: int) -> str:
    shown = "\n".join(f"  {error}" for error in errors)
    return f"{len(errors)} of {total} pictures cannot be read; replace or remove them:\n{shown}"
