"""The page for people: pictures in, what the run says of them out; mounted beside the HTTP interface.

Gradio draws the page and carries the calls; a picture goes to a server function and its answer comes back in the same
request. None of Gradio's own ways for files are used: they write what is uploaded, with its name and EXIF, to a folder,
and keep the last values of a visitor for an hour.
"""

import asyncio
import atexit
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cervinet.report.html import Html
from cervinet.serve.page_examples import examples
from cervinet.serve.page_guard import PageGuard
from cervinet.serve.page_layout import about, heading, workspace
from cervinet.serve.page_requests import Requests
from cervinet.serve.service import Service

if TYPE_CHECKING:
    from fastapi import FastAPI

Call = Callable[[dict[str, str]], Any]

FONTS = ("system-ui", "Segoe UI", "DejaVu Sans", "sans-serif")
"""Of the reader's own machine: fonts from elsewhere would tell that place who reads."""


def mount_page(app: "FastAPI", service: Service, *, largest: int, most: int) -> "FastAPI":
    """Put the page at `/` of an application, behind every route that it has by then.

    Args:
        app: serves the page from when it starts.
        service: answers.
        largest: bytes that a picture's file may have.
        most: pictures that a visitor may give at once.

    Returns:
        `app`.
    """
    _before_gradio()
    requests = Requests(service, largest)

    # Gradio marks the functions that may be called, which it cannot do with methods.
    async def answer(sent: dict[str, str]) -> dict[str, str]:
        return await requests.answer(sent)

    async def heat(sent: dict[str, str]) -> dict[str, str]:
        return await requests.heat(sent)

    desk = workspace(service.card, examples(service.card), largest=largest, most=most)
    pieces = heading(service.name, service.card), desk, about(service.run, service.card)

    async def mount() -> None:
        _mount(app, service.name, pieces, [answer, heat], largest)

    # Outside of a running event loop Gradio makes loops of its own, which it never closes.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, mount()).result()
    return app


@cache
def _before_gradio() -> None:
    """Settings that Gradio reads when it is imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # it would tell its makers of each start
    # It makes a folder for files, by default one that all users of the machine share. This one stays empty.
    folder = TemporaryDirectory(prefix="cervinet-page-")
    os.environ["GRADIO_TEMP_DIR"] = folder.name
    atexit.register(folder.cleanup)


def _mount(app: "FastAPI", title: str, pieces: tuple[Html, Html, Html], calls: list[Call], largest: int) -> None:
    import gradio
    from starlette.middleware import Middleware

    top, middle, bottom = pieces
    with gradio.Blocks(title=f"{title} – cervinet", analytics_enabled=False) as blocks:
        gradio.HTML(top, apply_default_css=False, js_on_load=None)
        script = _beside("page_box.js") + _beside("page.js")
        desk = gradio.HTML(middle, apply_default_css=False, js_on_load=script, server_functions=calls)
        gradio.HTML(bottom, apply_default_css=False, js_on_load=None)
    names = [call.__name__ for call in calls]
    guard = Middleware(PageGuard, component=desk._id, functions=names, largest=largest)
    gradio.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=gradio.themes.Base(font=list(FONTS), font_mono=["ui-monospace", "DejaVu Sans Mono", "monospace"]),
        head=f"<style>\n{_beside('page.css')}</style>",  # as `css` its selectors would be written anew
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        blocked_paths=["/"],
        show_error=False,
        max_file_size=0,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        app_kwargs={"middleware": [guard]},
    )


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
