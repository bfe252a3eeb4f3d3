"""Predictions of single pictures as CSV, Parquet and Kaggle submissions, written as they come."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cervinet.csv_table import escape, writing_table
from cervinet.errors import UsageError
from cervinet.escape import for_terminal
from cervinet.evaluation.choices import Choices
from cervinet.files import replacing

if TYPE_CHECKING:
    from cervinet.data.picture import Picture
    from cervinet.inference.predicting import Prediction
    from cervinet.inference.verdict import Verdict
    from cervinet.model_card import ModelCard

Sink = Callable[["Prediction"], None]
Kind = Literal["text", "number", "truth", "names"]
Cell = str | float | bool | tuple[str, ...] | None

_GROUP = 1024
"""Rows of Parquet that are held until they are written together."""


@dataclass(frozen=True)
class Column:
    """Of a table of predictions: its name, what its cells are, and how they come from a prediction that was made."""

    name: str
    kind: Kind
    of: Callable[["Prediction"], Cell]


def columns_of(card: "ModelCard") -> list[Column]:
    """image, class, why, p_<class>…, psub_<sub-class>…, set, call_<classes>: <rule>…, flags, error.

    `why`, `set`, the calls and `flags` are there where the run has them (see `predicted.as_object`). Where a picture
    could not be read, all but `image` and `error` are None.
    """
    choices = Choices.from_json(card.choices) if card.choices else None
    found = [Column("class", "text", lambda one: _verdict(one).label)]
    if card.gate or (choices and choices.abstain):
        found.append(Column("why", "text", lambda one: _verdict(one).why or None))
    found += [Column(f"p_{name}", "number", _probability(n)) for n, name in enumerate(card.classes)]
    found += [Column(f"psub_{name}", "number", _finer(n)) for n, (name, _) in enumerate(card.subclasses)]
    if choices and choices.sets:
        found.append(Column("set", "names", lambda one: _verdict(one).set))
    for number, point in enumerate(choices.points if choices else ()):
        found.append(Column(f"call_{' or '.join(point.positive)}: {point.rule}", "truth", _call(number)))
    if card.gate:
        found.append(Column("flags", "names", lambda one: _verdict(one).flags))
    return found


def _verdict(prediction: "Prediction") -> "Verdict":
    assert prediction.verdict is not None
    return prediction.verdict


def _probability(number: int) -> Callable[["Prediction"], Cell]:
    def of(prediction: "Prediction") -> Cell:
        assert prediction.probabilities is not None
        return float(prediction.probabilities[number])

    return of


def _finer(number: int) -> Callable[["Prediction"], Cell]:
    def of(prediction: "Prediction") -> Cell:
        return None if prediction.subclasses is None else float(prediction.subclasses[number])

    return of


def _call(number: int) -> Callable[["Prediction"], Cell]:
    def of(prediction: "Prediction") -> Cell:
        calls = _verdict(prediction).calls
        return calls[number].called if calls else None

    return of


@contextmanager
def csv_sink(path: Path, card: "ModelCard") -> Iterator[Sink]:
    """A row a picture: truths are 1 and 0, several names are divided by "; ", and nothing runs in a spreadsheet."""
    columns = columns_of(card)

    def cell(value: Cell) -> str | float:
        if value is None:
            return ""
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, tuple):
            value = "; ".join(value)
        return escape(value) if isinstance(value, str) else value

    with writing_table(path) as write:
        write(["image", *(escape(column.name) for column in columns), "error"])

        def sink(one: "Prediction") -> None:
            cells = [None if one.error else column.of(one) for column in columns]
            write([cell(value) for value in (str(one.image), *cells, one.error)])

        yield sink


@contextmanager
def parquet_sink(path: Path, card: "ModelCard") -> Iterator[Sink]:
    """The same columns with types of their own; bytes of names that are not UTF-8 are written as escapes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"text": pa.string(), "number": pa.float64(), "truth": pa.bool_(), "names": pa.list_(pa.string())}
    columns = columns_of(card)
    fields = [("image", "text"), *((column.name, column.kind) for column in columns), ("error", "text")]
    schema = pa.schema([(name, types[kind]) for name, kind in fields])
    rows: list[tuple[Cell, ...]] = []
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:

        def flush() -> None:
            if rows:
                arrays = [
                    pa.array(cells, kind) for cells, kind in zip(zip(*rows, strict=True), schema.types, strict=True)
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                rows.clear()

        def sink(one: "Prediction") -> None:
            cells = [None if one.error else column.of(one) for column in columns]
            name = os.fsencode(one.image).decode("utf-8", "backslashreplace")
            rows.append((name, *cells, one.error or None))
            if len(rows) == _GROUP:
                flush()

        yield sink
        flush()


def check_submission(pictures: Sequence["Picture"]) -> None:
    """Raises UsageError where the file names alone do not tell the pictures apart, or would run as a formula."""
    seen = dict[str, Path]()
    for picture in pictures:
        name = picture.path.name
        if escape(name) != name:
            raise UsageError(
                f"a submission names pictures as they are, and '{for_terminal(name)}' would run as a formula in a "
                "spreadsheet; rename it"
            )
        if (other := seen.setdefault(name, picture.path)) != picture.path:
            raise UsageError(
                "a submission names pictures by their file names alone, and two have the same: "
                f"{for_terminal(other)} and {for_terminal(picture.path)}; rename one or leave one out"
            )


class _IncompleteError(Exception):
    """A picture is missing."""


@contextmanager
def submission_sink(path: Path, card: "ModelCard") -> Iterator[Sink]:
    """Kaggle's `image_name,Type_1,Type_2,Type_3`: file names, and every class in the order of the card.

    It needs a row for every picture, and probabilities are never made up: where one could not be read, nothing is
    written, and a file that was there stays. One that was not assessed has its probabilities.
    """
    whole = True
    with suppress(_IncompleteError), writing_table(path) as write:
        write(["image_name", *map(escape, card.classes)])

        def sink(one: "Prediction") -> None:
            nonlocal whole
            whole = whole and one.probabilities is not None
            if one.probabilities is not None:
                write([one.image.name, *one.probabilities.tolist()])

        yield sink
        if not whole:
            raise _IncompleteError
