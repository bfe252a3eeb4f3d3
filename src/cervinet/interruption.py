"""Ctrl-C and SIGTERM while a network learns: asked to end at the next step; asked again, at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """A run was interrupted, by Ctrl-C or SIGTERM, and can go on; no error of anybody's.

    Args:
        run: its directory.
        where: a sentence.
    """

    def __init__(self, run: Path, where: str) -> None:
        super().__init__(where)
        self.run, self.where = run, where


@contextmanager
def requests_to_end() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether the process was asked to end since the block began.

    A second signal raises KeyboardInterrupt. Only the main thread hears signals: in another one nothing is changed. A
    signal that the process was told to ignore, as by `nohup`, stays ignored.
    """
    asked: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        for each in heard:
            signal.signal(each, signal.default_int_handler)

    heard = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in heard:
        signal.signal(number, note)
    try:
        yield lambda: bool(asked)
    finally:
        for number in heard:
            signal.signal(number, before[number])
