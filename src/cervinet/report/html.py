"""The only module that writes HTML: whole pages that need no network, no script and no file beside them.

Pieces are `Html`, a string that is safe to stand in a page. Only the functions here make one, and the type checker
refuses a plain string in its place, so that whatever came from outside has passed `text` or `name`.
"""

import base64
import html
import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NewType

from cervinet import __version__
from cervinet.escape import for_terminal
from cervinet.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Html = NewType("Html", str)

# Second fence behind the escaping: a page of ours fetches nothing and runs nothing, whatever stands in it.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def text(value: object) -> Html:
    """Any text as what it says: markup, quotes, control characters and direction marks lose their power."""
    return Html(html.escape(for_terminal(str(value))))


def name(value: object) -> Html:
    """A file or class name; one in a script that runs from right to left does not turn what is around it."""
    return Html(f"<bdi>{text(value)}</bdi>")


def code(value: object) -> Html:
    """A setting, as it is typed."""
    return Html(f"<code>{text(value)}</code>")


def faint(value: object) -> Html:
    """A remark on a line of its own, in smaller print."""
    return Html(f'<span class="faint">{text(value)}</span>')


def mark(value: object, style: str) -> Html:
    """A word in a coloured frame; the word says all that the colour does. `style`: error, exclude, group or warn."""
    return Html(f'<span class="mark {text(style)}">{text(value)}</span>')


def link(place: str, label: Html) -> Html:
    """To the section of this page with the id `place`."""
    return Html(f'<a href="#{text(place)}">{label}</a>')


def anchor(place: str, piece: Html) -> Html:
    """A piece that links lead to by the id `place`."""
    return Html(f'<div id="{text(place)}">{piece}</div>')


def joined(*pieces: Html, between: str = " ") -> Html:
    return Html(text(between).join(pieces))


def paragraph(*pieces: Html, style: str = "") -> Html:
    return block("p", *pieces, style=style)


def bullets(items: Iterable[Html]) -> Html:
    return Html("<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>\n")


def block(tag: str, *pieces: Html, style: str = "") -> Html:
    """`<tag class="style">…</tag>`, the pieces apart by spaces."""
    opened = f'<{tag} class="{text(style)}">' if style else f"<{tag}>"
    return Html(f"{opened}{' '.join(pieces)}</{tag}>\n")


def listing(value: str) -> Html:
    """Lines as they are typed, such as a whole configuration; tabs and all else that is not plain is shown escaped."""
    return Html("<pre>" + "\n".join(map(text, value.splitlines())) + "</pre>\n")


def navigation(label: str, *pieces: Html) -> Html:
    """Links to the parts of the page; `label` is for those who do not see where they stand."""
    return Html(f'<nav aria-label="{text(label)}">{"".join(pieces)}</nav>\n')


def section(place: str, heading: Html, *pieces: Html) -> Html:
    """A part of the page with a heading of second rank; `place` is its id, for links."""
    return Html(
        f'<section id="{text(place)}" aria-labelledby="{text(place)}-title">\n'
        f'<h2 id="{text(place)}-title">{heading}</h2>\n{"".join(pieces)}</section>\n'
    )


def table(
    caption: Html,
    columns: Sequence[Html],
    rows: Iterable[Sequence[Html]],
    *,
    style: str = "numbers",
    ruled: int | None = None,
) -> Html:
    """A table whose first column heads the rows.

    Args:
        caption: what the table shows.
        columns: heads.
        rows: cells, as many in each as there are columns.
        style: `numbers` sets every other column to the right, `words` to the left; `marked` after it sets the last
            column to the left, `figures` keeps every cell on one line.
        ruled: number of a row with a line above it, where rows of another sort begin.
    """
    heads = "".join(f'<th scope="col">{column}</th>' for column in columns)
    lines = []
    for number, (first, *others) in enumerate(rows):
        cells = "".join(f"<td>{cell}</td>" for cell in others)
        opened = '<tr class="ruled">' if number == ruled else "<tr>"
        lines.append(f'{opened}<th scope="row">{first}</th>{cells}</tr>\n')
    return Html(
        f'<div class="wide"><table class="{text(style)}">\n<caption>{caption}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{''.join(lines)}</tbody>\n</table></div>\n"
    )


def image(jpeg: bytes, alt: str, width: int, height: int, *, enlarged: bool = False) -> Html:
    """A JPEG that is part of the page, `width` × `height` CSS pixels large; `enlarged` keeps its own pixels square."""
    data = base64.b64encode(jpeg).decode("ascii")
    style = ' class="enlarged"' if enlarged else ""
    return Html(f'<img{style} src="data:image/jpeg;base64,{data}" alt="{text(alt)}" width="{width}" height="{height}">')


def plot(drawn: "Figure", alt: str) -> Html:
    """A figure as a drawing without loss, as wide as it was drawn, or as the page where that is narrower.

    On a phone it scrolls sideways in a box of its own.
    """
    from matplotlib import rc_context

    file = io.BytesIO()
    with rc_context({"svg.hashsalt": "cervinet", "svg.fonttype": "path"}):  # the same bytes each time
        drawn.savefig(file, format="svg", bbox_inches="tight", pad_inches=0.05, metadata={"Date": None})
    data = base64.b64encode(file.getvalue()).decode("ascii")
    width = round(drawn.get_figwidth() * 88)
    drawing = f'<img class="plot" src="data:image/svg+xml;base64,{data}" alt="{text(alt)}" width="{width}">'
    return Html(f'<div class="wide">{drawing}</div>\n')


def figure(picture: Html, caption: Html) -> Html:
    return Html(f'<figure><div class="frame">{picture}</div><figcaption>{caption}</figcaption></figure>\n')


def drawing(width: float, height: float, alt: str, *shapes: str) -> Html:
    """An SVG drawing.

    Args:
        width: in CSS pixels.
        height: in CSS pixels.
        alt: what it shows, for those who do not see it.
        shapes: SVG elements, of numbers, constants and what has passed `text`.
    """
    return Html(
        f'<svg role="img" aria-label="{text(alt)}" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}">{"".join(shapes)}</svg>'
    )


def write_page(path: Path, title: str, body: Iterable[Html]) -> None:
    """Write a whole page, piece by piece, so that it is never in memory at once; an old file stays until then."""
    with replacing(path) as temporary:
        temporary.touch(mode=0o600)  # the pictures in it may be of patients
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(page(title, body))


def page(title: str, body: Iterable[Html]) -> Iterator[str]:
    """The same page, piece by piece."""
    yield (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="cervinet {text(__version__)}">\n'
        f"<title>{text(title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n<main>\n"
    )
    yield from body
    yield f"</main>\n<footer>cervinet {text(__version__)}</footer>\n</body>\n</html>\n"


@cache
def _style() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")
