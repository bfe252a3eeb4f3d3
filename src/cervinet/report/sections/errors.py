"""The surest wrong answers, as pictures."""

import io
from collections.abc import Sequence

from PIL import Image, UnidentifiedImageError

from cervinet.report.estimates import percent
from cervinet.report.html import Html, block, faint, figure, image, joined, name, paragraph, section, table, text
from cervinet.report.material import Case
from cervinet.report.names import shortened
from cervinet.report.thumbnails import SIDE

_LETTERS = 60


def errors_section(worst: Sequence[Case], redacted: bool) -> Html:
    """A figure a case, with its heat map where there is one; a table where no pictures may be shown."""
    meaning = (
        "The wrong answers of which the network was surest. Look for what they have in common: a label that may be "
        "wrong, glare, blood, blur, a cropped view, another device."
    )
    shown = _table(worst) if redacted else block("div", *map(_card, worst), style="findings")
    left_out = paragraph(text("Pictures are left out of this copy."), style="faint") if redacted else Html("")
    return section("errors", text("Worst errors"), paragraph(text(meaning)), shown, left_out)


def _card(case: Case) -> Html:
    title = paragraph(
        name(case.label), text("taken for"), name(case.predicted), text(f"with {percent(case.probability)} probability")
    )
    caption = name(shortened(case.image, _LETTERS))
    pieces = [_shown(case.picture, caption, f"picture of {case.image}")]
    if case.overlay is not None:
        moved = text("no heat" if case.blank else "what moved the answer")
        pieces.append(_shown(case.overlay, moved, f"heat map over {case.image}"))
    return block("div", title, *pieces, style="finding")


def _shown(jpeg: bytes | None, caption: Html, alt: str) -> Html:
    size = None if jpeg is None else _size(jpeg)
    if jpeg is None or size is None:
        return figure(text("not shown"), caption)
    scale = SIDE / max(size)
    width, height = (max(1, round(length * scale)) for length in size)
    return figure(image(jpeg, alt, width, height), caption)


def _size(jpeg: bytes) -> tuple[int, int] | None:
    """Width and height; None where it is no picture."""
    try:
        with Image.open(io.BytesIO(jpeg)) as opened:
            return opened.size
    except (UnidentifiedImageError, OSError):
        return None


def _table(worst: Sequence[Case]) -> Html:
    heads = [text(head) for head in ("picture", "is", "taken for", "probability")]
    rows = [
        [
            joined(name(case.image), faint(case.kind)),
            name(case.label),
            name(case.predicted),
            text(f"{case.probability:.3f}"),
        ]
        for case in worst
    ]
    return table(text("Surest wrong answers"), heads, rows, style="words")
