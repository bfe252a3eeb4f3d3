"""Progress, tables and results for people: on stderr while a command works, on stdout what it found."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TextIO, TypeVar

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from cervinet.escape import for_terminal
from cervinet.progress import Steps

Item = TypeVar("Item")
# Wider than any table: a terminal breaks a long line, but rich would fold or drop the columns that do not fit.
_TABLE_WIDTH = 100_000
_EPOCH_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "")
_EPOCH_WIDTHS = (9, 10, 10, 10, 14, 9, 6)


def console(file: TextIO) -> Console:
    """For lines and tables: colours on a terminal, never a folded or dropped column."""
    return Console(file=file, width=_TABLE_WIDTH, highlight=False, emoji=False, markup=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: Collection[str] = ()) -> Table:
    """The first column and those of `words` to the left, numbers to the right; every cell is text."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        to_the_left = number == 0 or column in words
        drawn.add_column(Text(column), justify="left" if to_the_left else "right", no_wrap=True)
    for row in rows:
        drawn.add_row(*(Text(for_terminal(cell)) for cell in row))
    return drawn


class Terminal:
    """Draws progress on stderr: bars on a terminal only, a plain line an epoch elsewhere."""

    def __init__(self) -> None:
        self._console = console(sys.stderr)
        self._header_shown = False

    def say(self, text: str) -> None:
        self._console.print(Text(for_terminal(text)), soft_wrap=True)

    def facts(self, title: str, rows: Iterable[tuple[str, str]]) -> None:
        self._console.print(Text(title, "bold"))
        for name, value in rows:
            self._console.print(Text(f"  {name:<11} {for_terminal(value)}"), soft_wrap=True)

    def table(self, title: str, columns: list[str], rows: Iterable[list[str]], words: Collection[str] = ()) -> None:
        self._console.print(Text(for_terminal(title), "bold"), soft_wrap=True)
        self._console.print(table(columns, rows, words=words))

    def track(self, items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
        if not self._console.is_terminal:
            yield from items
            return
        with self._bar() as bar:
            task = bar.add_task(label, total=total, note="")
            for item in items:
                yield item
                bar.advance(task)

    def steps(self, total: int, label: str, done: int = 0) -> Steps:
        return _Bar(self._bar(), total, label, done)

    def epoch(self, row: Mapping[str, float], epochs: int, best: bool) -> None:
        values = [f"{row[name]:.4f}" for name in _EPOCH_COLUMNS[1:5]]
        cells = [f"{row['epoch']:.0f}/{epochs}", *values, f"{row['seconds']:.1f}", "best" if best else ""]
        if not self._header_shown:
            self._line(_EPOCH_COLUMNS, "bold")
            self._header_shown = True
        self._line(cells, "green" if best else "")

    def _line(self, cells: Iterable[str], style: str) -> None:
        line = "".join(f"{cell:>{width}}" for cell, width in zip(cells, _EPOCH_WIDTHS, strict=True)).rstrip()
        self._console.print(Text(line, style), soft_wrap=True)

    def _bar(self) -> Progress:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        note = TextColumn("{task.fields[note]}", markup=False)
        disable = not self._console.is_terminal
        # A console of its own: a bar is as wide as the terminal.
        shown = Console(file=sys.stderr)
        return Progress(*columns, note, TimeRemainingColumn(), console=shown, transient=True, disable=disable)


class _Bar:
    def __init__(self, bar: Progress, total: int, label: str, done: int) -> None:
        self._bar = bar
        self._task = bar.add_task(label, total=total, completed=done, note="")
        bar.start()

    def advance(self, note: str) -> None:
        self._bar.update(self._task, advance=1, note=note)

    def close(self) -> None:
        self._bar.stop()
