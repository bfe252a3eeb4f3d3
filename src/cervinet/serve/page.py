"""The page for people: pictures in, what the run says of them out; mounted beside the HTTP interface.

Gradio draws the page and carries the calls; a picture goes to a server function and its answer comes back in the same
request. None of Gradio's own ways for files are used: they write what is uploaded, with its name and EXIF, to a folder,
and keep the last values of a visitor for an hour.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cervinet.serve.page_examples import examples
from cervinet.serve.page_guard import PageGuard
from cervinet.serve.page_layout import about, heading, workspace
from cervinet.serve.page_requests import Requests
from cervinet.serve.service import Service

if TYPE_CHECKING:
    from fastapi import FastAPI

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
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when Gradio is imported, which tells its makers otherwise
    import gradio
    from starlette.middleware import Middleware

    requests = Requests(service, largest)

    # Gradio marks the functions that may be called, which it cannot do with methods.
    async def answer(sent: dict[str, str]) -> dict[str, str]:
        return await requests.answer(sent)

    async def heat(sent: dict[str, str]) -> dict[str, str]:
        return await requests.heat(sent)

    with gradio.Blocks(title=f"{service.name} – cervinet", analytics_enabled=False) as blocks:
        gradio.HTML(heading(service.name, service.card), apply_default_css=False, js_on_load=None)
        desk = gradio.HTML(
            workspace(service.card, examples(service.card), largest=largest, most=most),
            apply_default_css=False,
            js_on_load=_beside("page.js"),
            server_functions=[answer, heat],
        )
        gradio.HTML(about(service.run, service.card), apply_default_css=False, js_on_load=None)
    guard = Middleware(PageGuard, component=desk._id, functions=("answer", "heat"), largest=largest)
    mounted: FastAPI = gradio.mount_gradio_app(
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
    return mounted


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
