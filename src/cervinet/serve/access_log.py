"""What is written down of a request: never a name of a file, a query, a header or a pixel."""

import asyncio
import json
import random
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cervinet.serve.refusals import RefusedError, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_NUMBERS = random.Random()  # of its own, which nobody seeds
CLIENT_LEFT = 499
"""What nginx notes where a client went before it was answered; nobody is sent it."""


@dataclass(frozen=True)
class Record:
    """Of one request.

    Attributes:
        time: when it came, UTC.
        id: made here, and sent back as `X-Request-ID`.
        method: of HTTP; "other" for an invented one.
        route: as the service calls it, `/v1/models/{name}:predict`; "page" for all that belongs to the page, and
            "none" for what is nowhere: a path may hold anything.
        status: of HTTP, or 499 where the client went before it was answered.
        ms: until the last byte of the answer was handed on.
        pictures: that were brought; 0 where none could be made out.
        failed: of an unexpected error, its type and where it was raised; no message, which could quote anything.
    """

    time: str
    id: str
    method: str
    route: str
    status: int
    ms: float
    pictures: int
    failed: str = ""


def as_json(record: Record) -> str:
    """A line for machines."""
    return json.dumps({name: value for name, value in vars(record).items() if name != "failed" or value})


def as_text(record: Record) -> str:
    """A line for people."""
    what = f"{record.method:<4} {record.route:<28} {record.status} {record.ms:8.1f} ms {record.pictures:3} pictures"
    return f"{record.time} {record.id} {what}{f'  {record.failed}' if record.failed else ''}"


class Accounted:
    """ASGI middleware around everything: a number for each request, a record of it, and a 500 for what went wrong."""

    def __init__(
        self, app: "ASGIApp", notes: Sequence[Callable[[Record], None]], routes: Sequence[str], page: bool
    ) -> None:
        """`notes` take each record; `routes` are the service's own; `page`: whether all else is the page."""
        self._app, self._notes, self._routes, self._page = app, notes, frozenset(routes), page

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number, start, came = f"{_NUMBERS.getrandbits(64):016x}", time.perf_counter(), datetime.now(UTC)
        status, failed, gone = 0, "", False
        scope.setdefault("state", {})["pictures"] = 0

        async def heard() -> "Message":
            nonlocal gone
            message = await receive()
            gone = gone or message["type"] == "http.disconnect"
            return message

        async def numbered(message: "Message") -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", number.encode())]
            await send(message)

        try:
            await self._app(scope, heard, numbered)
        except Exception as error:
            failed = "" if gone else _where(error)
            if not status:
                said = RefusedError(
                    500, "this request failed for a reason of the service's own; tell who runs it its number"
                )
                await refuse(numbered, said)
        except asyncio.CancelledError:
            failed = "ended before it was answered"
            raise
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            spent = round(1000 * (time.perf_counter() - start), 1)
            left = gone and (not status or status >= 500)
            record = Record(
                came.isoformat(timespec="milliseconds"),
                number,
                method,
                self._route(scope),
                CLIENT_LEFT if left else status,
                spent,
                scope["state"]["pictures"],
                failed,
            )
            for note in self._notes:
                note(record)

    def _route(self, scope: "Scope") -> str:
        path = getattr(scope.get("route"), "path", None)
        return str(path) if path in self._routes else "page" if self._page else "none"


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join([type(error).__name__, *(f"{Path(one.filename).name}:{one.lineno}" for one in frames[:-6:-1])])
