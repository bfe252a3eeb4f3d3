"""`cervinet serve`: a run as a service over HTTP."""

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cervinet.errors import UsageError
from cervinet.options import PATH, open_run
from cervinet.serve.limits import Limits
from cervinet.serve.tokens import check_bind, check_token

if TYPE_CHECKING:
    from fastapi import FastAPI

    from cervinet.serve.access_log import Record
    from cervinet.serve.loaded import LoadedRun

MIB = 1 << 20


@click.command(short_help="Answer over HTTP, with a page to try it.")
@click.argument("run_path", metavar="[RUN]", type=PATH, required=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free.")
@click.option("--token-file", type=PATH, help="File with the token that every request must bring.")
@click.option("--insecure", is_flag=True, help="Serve a network without a token.")
@click.option(
    "--max-upload", type=click.IntRange(1), default=Limits.upload // MIB, show_default=True, help="MiB of a request."
)
@click.option(
    "--queue",
    type=click.IntRange(Limits.images),
    default=Limits.queue,
    show_default=True,
    help="Pictures that may wait; beyond them the answer is 429.",
)
@click.option("--no-page", is_flag=True, help="The HTTP interface alone.")
def serve(
    run_path: Path | None,
    host: str,
    port: int,
    token_file: Path | None,
    insecure: bool,
    max_upload: int,
    queue: int,
    no_page: bool,
) -> None:
    """Serve RUN, by default the newest finished one under runs/, until Ctrl-C or SIGTERM.

    A token comes from the environment variable CERVINET_TOKEN or from --token-file: on the command line every user of
    the machine could read it. Without one, only this machine is served, unless --insecure says otherwise.
    """
    token = _token(token_file)
    check_bind(host, token, insecure)
    _check_installed()
    from cervinet.serve.app import build_app
    from cervinet.serve.loaded import LoadedRun
    from cervinet.serve.metrics import Metrics
    from cervinet.serve.running import claimed, run_until_told, url_of

    limits, metrics = Limits(upload=max_upload * MIB, queue=queue), Metrics()
    run = open_run(run_path)
    with claimed(host, port) as claim:
        click.echo("Loading the network …", err=True)
        service = LoadedRun.load(run, metrics, limits)
        page = None if no_page else _page(service, limits)
        app = build_app(service, limits, token=token, metrics=metrics, note=[_log()], page=page)
        claim.listen()
        _announce(service, url_of(host, claim.getsockname()[1]), page=bool(page), token=bool(token))
        run_until_told(app, claim)
        service.close()
    click.echo("Stopped; nothing that was sent is kept.", err=True)


def _token(file: Path | None) -> str | None:
    """From the file, or from the environment. Raises UsageError where it could be guessed, or the file not be read."""
    if file is None:
        token = os.environ.get("CERVINET_TOKEN", "").strip()
    else:
        try:
            token = file.read_text(encoding="utf-8", errors="replace").strip()
        except OSError as error:
            raise UsageError(f"--token-file {file} cannot be read: {error.strerror}; check the path") from None
    if token or file:
        check_token(token)
    return token or None


def _check_installed() -> None:
    missing = [name for name in ("fastapi", "uvicorn", "prometheus_client", "python_multipart") if not find_spec(name)]
    if missing:
        raise UsageError(f"serving needs {', '.join(missing)}; install it: pip install 'cervinet[serve]'")


def _log() -> "Callable[[Record], None]":
    """Lines for people on a terminal, JSON for what collects logs."""
    from cervinet.serve.access_log import as_json, as_text

    form = as_text if sys.stderr.isatty() else as_json

    def log(record: "Record") -> None:
        sys.stderr.write(f"{form(record)}\n")  # click.echo would ask for every line whether there is a terminal

    return log


def _page(service: "LoadedRun", limits: Limits) -> "Callable[[FastAPI], object] | None":
    """None, which is said, where Gradio is not installed."""
    if not find_spec("gradio"):
        click.echo("The page is left out, for it needs gradio; install it: pip install 'cervinet[ui]'", err=True)
        return None
    from cervinet.serve.page import mount_page

    return lambda app: mount_page(app, service, largest=limits.picture, most=limits.images)


def _announce(service: "LoadedRun", url: str, *, page: bool, token: bool) -> None:
    from cervinet.escape import for_terminal
    from cervinet.serve.openapi import RESEARCH

    click.echo(url)
    click.echo(f"Serving {for_terminal(service.name)}, run {for_terminal(service.run)}.", err=True)
    if page:
        click.echo(f"  {url}/      page to try it{'; any user name, the token as password' if token else ''}", err=True)
    click.echo(f"  {url}/docs  how programs ask{', with the token' if token else ''}", err=True)
    if service.card.note:
        click.echo(f"Trained on {for_terminal(service.card.note)}.", err=True)
    click.echo(f"{RESEARCH} Ctrl-C ends it.", err=True)
