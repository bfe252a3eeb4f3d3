"""How much a request may bring, enforced while it arrives and before anything reads it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cervinet.serve.refusals import RefusedError, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BODIES = 8
"""Of full size that are held at a time."""
_LINGER = 2.0
"""Seconds of a refused body that are read and thrown away: closed at once, the client would see no answer."""


@dataclass(frozen=True)
class Limits:
    """What the service takes.

    Attributes:
        upload: bytes of the body of a request.
        idle: seconds without a byte of a body after which its sender is given up.
        images: pictures in a request.
        pixels: of a picture, as its header announces them.
        queue: pictures that wait for the network, at least `images`.
    """

    upload: int = 64 << 20
    idle: float = 30.0
    images: int = 64
    pixels: int = 64_000_000
    queue: int = 256

    @property
    def held(self) -> int:
        """Bytes of the bodies of all requests that are under way."""
        return _BODIES * self.upload


class BodyLimit:
    """ASGI middleware that counts the body of every request as it streams in, whether or not its length was announced.

    It stands before every route, those of the page included. What is inside sees an exception where a limit is passed;
    whatever it makes of that, the client gets the refusal, unless an answer had begun before.
    """

    def __init__(self, app: "ASGIApp", limits: Limits) -> None:
        self._app, self._limits, self._held = app, limits, 0

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced(scope) > self._limits.upload:
            await _refuse_and_linger(receive, send, self._too_large())
            return
        size, whole, begun = 0, False, False
        refusal: RefusedError | None = None

        async def counted() -> "Message":
            nonlocal size, whole, refusal
            if refusal:
                raise refusal
            if whole:
                return await receive()
            try:
                async with asyncio.timeout(self._limits.idle):
                    message = await receive()
            except TimeoutError:
                sentence = f"nothing of the body arrived for {self._limits.idle:g} seconds; send it again"
                refusal = RefusedError(408, sentence)
                raise refusal from None
            length = len(message.get("body", b""))
            size, whole = size + length, not message.get("more_body", False)
            self._held += length
            refusal = self._refusal(size)
            if refusal:
                raise refusal
            return message

        async def guarded(message: "Message") -> None:
            nonlocal begun
            if refusal is None or begun:
                begun = True
                await send(message)

        try:
            await self._app(scope, counted, guarded)
        except Exception:
            if refusal is None or begun:
                raise
        finally:
            self._held -= size
        if refusal and not begun:
            await _refuse_and_linger(receive, send, refusal)

    def _refusal(self, size: int) -> RefusedError | None:
        if size > self._limits.upload:
            return self._too_large()
        if self._held > self._limits.held:
            return RefusedError(429, "too many uploads are under way; try again in a moment")
        return None

    def _too_large(self) -> RefusedError:
        most = self._limits.upload
        return RefusedError(
            413, f"the body of a request must have at most {most:,} bytes; send fewer or smaller pictures"
        )


def _announced(scope: "Scope") -> int:
    """The Content-Length; 0 where there is none, or none that is a number, which the server itself refuses."""
    value = dict(scope["headers"]).get(b"content-length", b"")
    return int(value) if value.isdigit() else 0


async def _refuse_and_linger(receive: "Receive", send: "Send", refusal: RefusedError) -> None:
    """Refuse, then throw away for a moment what still arrives, then close the connection."""
    await refuse(send, refusal, headers={"connection": "close"}, end=False)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})
