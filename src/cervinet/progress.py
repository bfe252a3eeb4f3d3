"""How long-running steps say where they are, without knowing whether anybody looks."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """What `workflow` tells while it works; `terminal` draws it, `Silent` drops it."""

    def say(self, text: str) -> None:
        """A line of its own."""

    def facts(self, title: str, rows: Iterable[tuple[str, str]]) -> None:
        """Names and values, once."""

    def table(self, title: str, columns: list[str], rows: Iterable[list[str]], words: Collection[str] = ()) -> None:
        """A small table; columns of `words` are no numbers."""

    def track(self, items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
        """The same items, with a bar where there is a terminal."""

    def steps(self, total: int, label: str, done: int = 0) -> "Steps":
        """A bar for the steps of one epoch, of which some may be done."""

    def epoch(self, row: Mapping[str, float], epochs: int, best: bool) -> None:
        """One finished epoch."""


class Steps(Protocol):
    def advance(self, note: str) -> None: ...

    def close(self) -> None: ...


class Silent:
    """Shows nothing."""

    def say(self, text: str) -> None: ...

    def facts(self, title: str, rows: Iterable[tuple[str, str]]) -> None: ...

    def table(self, title: str, columns: list[str], rows: Iterable[list[str]], words: Collection[str] = ()) -> None: ...

    def track(self, items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
        return iter(items)

    def steps(self, total: int, label: str, done: int = 0) -> Steps:
        return _SilentSteps()

    def epoch(self, row: Mapping[str, float], epochs: int, best: bool) -> None: ...


class _SilentSteps:
    def advance(self, note: str) -> None: ...

    def close(self) -> None: ...
