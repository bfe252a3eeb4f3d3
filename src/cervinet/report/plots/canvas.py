"""What all figures share: a blank page, colours, names as text, and the way to a PNG file.

Figures are made without pyplot, which keeps each in a global list and must not be used from threads.
"""

import logging
import os
import unicodedata
from functools import cache

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from cervinet.files import replacing
from cervinet.report.names import shortened
from cervinet.report.unit import PICTURE, WHOLE

DPI = 150
INK = "#222222"
FAINT = "#767676"

# Okabe & Ito, Color Universal Design, 2008: told apart by the colour-blind, and on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000")
# One for each colour: in grey print the first three colours are one.
STYLES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)), (0, (3, 1, 1, 1, 1, 1)))

_CHINESE_TOO = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei"),
    *("PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Arial Unicode MS"),
)


def page(width: float, height: float, title: str, *facts: str | None) -> Figure:
    """A blank figure, sizes in inches, titled by what it shows and, below, by the facts that there are."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    lines = [title, " · ".join(fact for fact in facts if fact)]
    figure.suptitle("\n".join(filter(None, lines)), x=0.01, ha="left", fontsize=11, color=INK, linespacing=1.4)
    return figure


def counted(number: int, groups: int | None, unit: str = PICTURE) -> str:
    """How many are judged, and of how many groups if each is not a group of its own; `unit` is the word for one."""
    judged = f"{number:,} {unit}{'' if number == 1 else 's'}"
    return judged if groups in (None, number) else f"{judged} of {groups:,} group{'' if groups == 1 else 's'}"


def titled(what: str, split: str) -> str:
    """What is drawn, and of which split; a table that is judged whole has none."""
    return what if split == WHOLE else f"{what}, {shown(split)} split"


def plain(axes: Axes) -> None:
    """Axes with two spines and quiet ink."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=8.5, length=3)
    axes.grid(color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)


def shown(name: str, width: int = 28) -> str:
    """A class or file name as one line of at most `width` characters; of a longer one the middle goes.

    Newlines, right-to-left marks and undecodable bytes would break or disguise the line; each becomes �.
    """
    # Cc control, Cf format (direction marks), Cs lone surrogate, Zl and Zp line and paragraph separators.
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    text = "".join("�" if unicodedata.category(letter) in hidden else letter for letter in name)
    return shortened(text, width)


def literal(figure: Figure) -> Figure:
    """The same figure; a `$` in a class name is now a dollar, not the start of a formula, and 鳞 no empty box.

    The latter where one of `_CHINESE_TOO` is installed, for Matplotlib's own font has no such letters.
    """
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_parse_math(False)
            if not text.get_text().isascii():
                text.set_fontfamily(_families())
    return figure


@cache
def _families() -> list[str]:
    # These come in few weights, which Matplotlib would say of each.
    logging.getLogger(font_manager.__name__).setLevel(logging.ERROR)
    installed = set(font_manager.get_font_names())
    return ["sans-serif", *(name for name in _CHINESE_TOO if name in installed)]


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a PNG of 150 dpi in one step: an old file stays whole until the new one is."""
    with replacing(path) as temporary:
        # The layout engine leaves room by estimate when panels must stay square; "tight" never cuts a label.
        figure.savefig(temporary, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.12)
