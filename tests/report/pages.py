"""What a browser makes of a page, for tests: its elements, and complaints about how they are nested."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "img", "br", "rect", "path"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: "list[Element | str]" = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its text and that of all within, spaces as a browser shows them."""
        words = "".join(child if isinstance(child, str) else f" {child.text} " for child in self.children)
        return " ".join(words.split())

    def all(self, tag: str, style: str = "") -> "list[Element]":
        """Those within, in the order of the page, with this tag and among whose classes `style` is."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if child.tag == tag and (not style or style in child.attributes.get("class", "").split()):
                    found.append(child)
                found += child.all(tag, style)
        return found

    def one(self, tag: str, style: str = "") -> "Element":
        (found,) = self.all(tag, style)
        return found

    def rows(self) -> list[list[str]]:
        """The text of every cell of a table."""
        return [[cell.text for cell in row.children if isinstance(cell, Element)] for row in self.all("tr")]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.at = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.at.tag, f"<{self.at.tag}> is closed by </{tag}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def read_page(path: Path) -> Element:
    """The page as a tree; fails where elements are not nested as they must be."""
    parser = _Parser()
    parser.feed(path.read_text(encoding="utf-8"))
    parser.close()
    assert parser.at is parser.root, f"<{parser.at.tag}> is never closed"
    return parser.root


def everything(element: Element) -> list[Element]:
    """All elements within."""
    inner = [child for child in element.children if isinstance(child, Element)]
    return [one for child in inner for one in (child, *everything(child))]
