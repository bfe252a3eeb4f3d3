"""A real browser that opens a page, for tests: what it fetched, what it complained about, how the page looks.

Chromium comes from the system and is never downloaded. Where there is none, tests that need it skip and say so; with
CERVINET_BROWSER=required, which CI sets, they fail.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
ALLOWED = ("data:", "about:")


@dataclass
class Opened:
    """A page that stands open.

    Attributes:
        page: of Playwright, to ask it anything.
        fetched: addresses that it asked for besides its own file and data.
        complaints: of its console, and errors of its scripts.
    """

    page: Any
    fetched: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def too_wide(self) -> int:
        """CSS pixels by which the page is wider than the window: what a reader must scroll sideways."""
        return int(self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth"))

    def sticking_out(self) -> list[str]:
        """Elements beyond the right edge that no box of their own lets scroll, to name the culprit."""
        found = self.page.evaluate(
            """() => [...document.body.querySelectorAll("*")].filter(one => {
                if (one.getBoundingClientRect().right <= innerWidth + 0.5) return false;
                for (let box = one.parentElement; box; box = box.parentElement)
                    if (getComputedStyle(box).overflowX !== "visible") return false;
                return true;
            }).map(one => `<${one.tagName.toLowerCase()} class="${one.className}"> ${one.textContent.slice(0, 40)}`)"""
        )
        return list(found)

    def pressed_cells(self) -> list[str]:
        """The text of table cells that are so narrow that words must break between any two letters."""
        found = self.page.evaluate(
            """() => [...document.querySelectorAll("td, th")].filter(one => {
                const style = getComputedStyle(one);
                const room = one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
                return one.textContent.trim().length > 4 && room < 2.5 * parseFloat(style.fontSize);
            }).map(one => one.textContent)"""
        )
        return list(found)

    def pdf(self, path: Path) -> int:
        """Print it on A4 into a file; how many sheets that took."""
        self.page.emulate_media(media="print")
        data = self.page.pdf(format="A4", path=str(path), print_background=False)
        return len(re.findall(rb"/Type\s*/Page\b", data))


class Browser:
    """Opens pages in windows of any size."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    @contextmanager
    def open(self, path: Path, window: dict[str, int] = DESKTOP) -> Iterator[Opened]:
        """A file in a window of its own; scripts may run, and nothing but the file may be read."""
        own = path.resolve().as_uri()
        with self._opened(own, lambda url: url.split("#")[0] == own, viewport=window) as opened:
            yield opened

    @contextmanager
    def visit(self, address: str, window: dict[str, int] = DESKTOP, *, touch: bool = False) -> Iterator[Opened]:
        """A page of a server on this machine; it may reach that server alone. `address` is its root, with a `/`."""
        inside = (address, f"blob:{address}")
        with self._opened(address, lambda url: url.startswith(inside), viewport=window, has_touch=touch) as opened:
            yield opened

    @contextmanager
    def _opened(self, address: str, own: Callable[[str], bool], **window: Any) -> Iterator[Opened]:
        context = self._chromium.new_context(**window)
        try:
            opened = Opened(context.new_page())

            def guard(route: Any, request: Any) -> None:
                if own(request.url) or request.url.startswith(ALLOWED):
                    route.continue_()
                else:
                    opened.fetched.append(request.url)
                    route.abort()

            opened.page.route("**/*", guard)
            opened.page.on("console", lambda message: opened.complaints.append(f"{message.type}: {message.text}"))
            opened.page.on("pageerror", lambda error: opened.complaints.append(f"error: {error}"))
            opened.page.goto(address, wait_until="load")
            yield opened
        finally:
            context.close()


def missing() -> str:
    """Why no browser can be started, or an empty text."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "the Python package playwright is not installed"
    return "" if shutil.which("chromium") else "there is no chromium; install it as CONTRIBUTING.md says"


def demand() -> None:
    """Skip the test where no browser can be started, or fail it where there must be one."""
    if reason := missing():
        if os.environ.get("CERVINET_BROWSER") == "required":
            pytest.fail(f"CERVINET_BROWSER=required, but {reason}")
        pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, started once for all tests of a file.

    Not of the process: as long as it is there, Playwright runs an event loop, beside which no test could start another.
    """
    demand()
    from playwright.sync_api import sync_playwright

    # Chromium refuses its sandbox to root, which a container's only user often is.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        yield Browser(chromium)
        chromium.close()
