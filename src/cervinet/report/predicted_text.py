"""Predictions of single pictures as lines of text, a few at a time, no wider than a terminal."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cervinet.escape import for_terminal
from cervinet.evaluation.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cervinet.data.picture import Picture
    from cervinet.inference.predicting import Prediction
    from cervinet.inference.verdict import Verdict
    from cervinet.model_card import ModelCard

_GAP = "  "
_INDENT = "    "
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MOST_NAMES = 6
_NEXT = 2
_LEAST_FOR_NAMES = 20
_LONGEST_CLASS = 24


@dataclass(frozen=True)
class Layout:
    """Widths that are settled before the first picture, so that rows can be shown as they come.

    Attributes:
        width: of the terminal in cells; None where lines may be of any length.
        image: of the column of names.
        label: of the column of classes.
        columns: a column for each class; else the most probable ones are named in words.
        letters: of each rule of operating points.
    """

    width: int | None
    image: int
    label: int
    columns: bool
    letters: dict[str, str]


def layout_of(card: "ModelCard", pictures: "Sequence[Picture]", width: int | None) -> Layout:
    """What fits: names of pictures are cut at their beginning on a terminal, and nowhere else."""
    labels = [*map(for_terminal, card.classes), "not read", *(["not assessed"] if card.gate else [])]
    label = min(max(map(cells, labels)), _LONGEST_CLASS if width else 10**6)
    image = max([len("image"), *(cells(for_terminal(picture.path)) for picture in pictures)])
    each = sum(len(_GAP) + _column(name) for name in card.classes)
    columns = width is None or _LEAST_FOR_NAMES + len(_GAP) + label + each <= width
    if width is not None:
        probabilities = each if columns else len(_GAP) + len("0.000")
        image = min(image, max(_LEAST_FOR_NAMES, width - len(_GAP) - label - probabilities))
    choices = Choices.from_json(card.choices) if card.choices else None
    rules = dict.fromkeys(point.rule for point in choices.points) if choices else {}
    return Layout(width, image, label, columns, dict(zip(rules, _LETTERS, strict=False)))


def head(layout: Layout, card: "ModelCard") -> Iterator[str]:
    """What the lines below mean, and the names of the columns."""
    if card.note:
        yield from _folded(f"The network was trained on {for_terminal(card.note)}.", layout.width)
    choices = Choices.from_json(card.choices) if card.choices else None
    if choices and choices.sets:
        rule = choices.sets[0]
        yield from _folded(
            f"set: classes that hold the true one in {100 * rule.coverage:g} % of pictures like those of validation",
            layout.width,
        )
    if layout.letters:
        rules = ", ".join(f"({letter}) {for_terminal(rule)}" for rule, letter in layout.letters.items())
        yield from _folded(f"positive: at the threshold for {rules}", layout.width)
    rest = [_right(for_terminal(name), _column(name)) for name in card.classes]
    line = _line(layout, "image", "class", rest if layout.columns else ["    p"])
    yield line
    yield "─" * cells(line)


def lines(layout: Layout, card: "ModelCard", prediction: "Prediction") -> Iterator[str]:
    """A row, and below it what the run says by its thresholds and its gate."""
    image, verdict, found = for_terminal(prediction.image), prediction.verdict, prediction.probabilities
    if found is None or verdict is None:
        yield _line(layout, image, "not read", [])
        return
    label = for_terminal(verdict.label) if verdict.label is not None else verdict.why
    values, details = list[str](), list[str]()
    if verdict.why == "not assessed":
        pass
    elif layout.columns:
        values = [_right(f"{p:.3f}", _column(name)) for p, name in zip(found, card.classes, strict=True)]
    else:
        best = (-found).argsort(kind="stable")[: _NEXT + 1]
        named = [f"{for_terminal(card.classes[n])} {found[n]:.3f}" for n in best]
        # Where the run does not answer, its column does not say whose probability that is.
        values = [f"{found[best[0]]:.3f}"] if verdict.label is not None else []
        details = [f"next {', '.join(named[1:])}" if values else f"most probable {', '.join(named)}"]
    yield _line(layout, image, label, values)
    if verdict.set is not None:
        details.append(f"set {_names(verdict.set)}")
    if verdict.calls:
        details.append(f"positive {_called(layout, verdict)}")
    if verdict.flags:
        details.append(f"flags {', '.join(verdict.flags)}")
    together = " · ".join(details)
    if layout.width is not None and len(_INDENT) + cells(together) > layout.width:
        for detail in details:
            yield from _folded(detail, layout.width, _INDENT)
    elif details:
        yield _INDENT + together


def _called(layout: Layout, verdict: "Verdict") -> str:
    """Each question that some rule answers with yes, and the letters of these rules."""
    yes = dict[str, str]()
    for call in verdict.calls:
        if call.called:
            asked = " or ".join(map(for_terminal, call.positive))
            yes[asked] = f"{yes.get(asked, '')}{layout.letters.get(call.rule, '?')}"
    return _several([f"{asked} ({letters})" for asked, letters in yes.items()]) or "–"


def _names(names: "Sequence[str]") -> str:
    return _several([for_terminal(name) for name in names])


def _several(words: list[str]) -> str:
    more = f" and {len(words) - _MOST_NAMES} more" if len(words) > _MOST_NAMES else ""
    return ", ".join(words[:_MOST_NAMES]) + more


def _line(layout: Layout, image: str, label: str, rest: "Sequence[str]") -> str:
    parts = [_left(_end(image, layout.image), layout.image), _left(_start(label, layout.label), layout.label), *rest]
    line = _GAP.join(parts).rstrip()
    return line if layout.width is None else _start(line, layout.width)


def _column(name: str) -> int:
    return max(5, cells(for_terminal(name)))


def _folded(text: str, width: int | None, indent: str = "") -> list[str]:
    """Broken at spaces; what goes on is indented by two more."""
    found = [indent]
    for word in text.split(" "):
        line = f"{found[-1]} {word}" if found[-1].strip() else f"{found[-1]}{word}"
        if width is None or cells(line) <= width or not found[-1].strip():
            found[-1] = line
        else:
            found.append(f"{indent}  {word}")
    return found if width is None else [_start(line, width) for line in found]


def cells(text: str) -> int:
    """How many cells of a terminal a text takes: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _left(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def _right(text: str, width: int) -> str:
    return " " * (width - cells(text)) + text


def _start(text: str, width: int) -> str:
    """Its beginning, where it is too long."""
    if cells(text) <= width:
        return text
    while cells(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def _end(text: str, width: int) -> str:
    """Its end, where it is too long: the names of the files are there."""
    if cells(text) <= width:
        return text
    while cells(text) > width - 1:
        text = text[1:]
    return f"…{text}"
