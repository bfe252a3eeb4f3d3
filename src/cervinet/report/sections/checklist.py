"""Which items of two reporting checklists this report covers, and which are left to its authors.

The lists are data: `report/checklists/*.yaml`. They hold the numbers of the items and our own words for what each asks
for, for the statements themselves are under licences of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from cervinet.report.html import Html, block, joined, link, paragraph, section, table, text

FOLDER = Path(__file__).parents[1] / "checklists"
NAMES = ("tripod_ai", "claim")


@dataclass(frozen=True)
class Item:
    """One item of a checklist.

    Attributes:
        item: its number, such as "12c".
        asks: what for, in our words.
        here: ids of the sections that hold it, in whole or in part.
        yours: what its authors must state; empty where the report covers it.
    """

    item: str
    asks: str
    here: tuple[str, ...]
    yours: str


@dataclass(frozen=True)
class Checklist:
    """A checklist and where it is published."""

    name: str
    about: str
    reference: str
    items: tuple[Item, ...]


@cache
def checklist(name: str) -> Checklist:
    """One of `NAMES`."""
    found = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    items = tuple(
        Item(str(one["item"]), one["asks"], tuple(one.get("here", ())), one.get("yours", "")) for one in found["items"]
    )
    return Checklist(found["name"], found["about"], found["reference"], items)


def checklist_section(titles: Mapping[str, str], shown: set[str]) -> Html:
    """A table a checklist.

    Args:
        titles: id → title of every section that a report can have.
        shown: ids of those that this one has.
    """
    meaning = (
        "Journals ask authors of such studies to follow these checklists. The tables say where this report holds "
        "what an item asks for, and what you must write yourself. The wording is ours and short, and neither it nor "
        "the numbers were checked by those who made the checklists: the published ones are the authority, so read the "
        "item there before you call it done."
    )
    tables = [_table(checklist(name), titles, shown) for name in NAMES]
    return section("checklist", text("Reporting checklists"), paragraph(text(meaning)), *tables)


def _table(one: Checklist, titles: Mapping[str, str], shown: set[str]) -> Html:
    rows = [[text(item.item), text(item.asks), _covered(item, titles, shown), _left(item, shown)] for item in one.items]
    covered = sum(bool(shown & set(item.here)) for item in one.items)
    whole = f"{covered} of {len(one.items)} items are covered here, wholly or in part."
    heads = [text(head) for head in ("item", "asks for", "in this report", "yours to write")]
    caption = text(f"{one.name}: {one.about}. {whole} Authority: {one.reference}")
    return table(caption, heads, rows, style="words list")


def _covered(item: Item, titles: Mapping[str, str], shown: set[str]) -> Html:
    return joined(*(link(place, text(titles[place])) for place in item.here if place in shown), between=", ")


def _left(item: Item, shown: set[str]) -> Html:
    """A box to fill in where something is left to state; where a section is absent, that is too."""
    said = item.yours
    if item.here and not shown & set(item.here):
        said = f"This report has nothing on it. {said}".strip()
    return block("div", text(f"☐ {said}"), style="todo") if said else text("–")
