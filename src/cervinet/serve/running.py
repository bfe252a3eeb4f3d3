"""A server for an application, from its first socket to its last answer."""

import signal
import socket
from types import FrameType

from fastapi import FastAPI
from uvicorn import Config, Server

from cervinet.errors import UsageError

GRACE = 20
"""Seconds that a server which was told to end has for what it took."""
CONNECTIONS = 512
"""At a time: more are answered 503, for a process may have so many files open and no more."""


def claimed(host: str, port: int) -> socket.socket:
    """A socket that nobody else can take and that refuses connections until the server listens.

    Raises:
        UsageError: the address is another's, or none of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"--host {host} is no address of this machine: {error.strerror}") from None
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        found.close()
        raise UsageError(
            f"{url_of(host, port)} cannot be served: {error.strerror}; choose another --port or --host"
        ) from None
    return found


def url_of(host: str, port: int) -> str:
    """As a browser takes it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run_until_told(app: FastAPI, claim: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, then refuse what is new and finish what was taken, for `GRACE` seconds at most."""
    config = Config(
        app,
        http="h11",  # which bounds what comes before the body; httptools is faster and does not
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,  # it would hold queries
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=GRACE,
    )
    # uvicorn raises the signal that ended it once more when it is done, which would make an end as asked a failure.
    before = {number: signal.signal(number, _ended) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        Server(config).run(sockets=[claim])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ended(number: int, frame: FrameType | None) -> None:
    """The server has done already what the signal asks for."""
