"""The limits of a body, enforced while it arrives and before anything reads it."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from cervinet.serve.limits import Limits
from cervinet.serve.refusals import RefusedError, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LINGER = 2.0
"""Seconds for which a body that nobody wants is still read."""


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
        body = _Body(scope, receive, send)
        if body.announced > self._limits.upload:
            await refuse(body.send, self._too_large())
            return

        async def counted() -> "Message":
            if body.refusal:
                raise body.refusal
            if body.whole:
                return await receive()
            try:
                async with asyncio.timeout(self._limits.idle):
                    message = await receive()
            except TimeoutError:
                sentence = f"nothing of the body arrived for {self._limits.idle:g} seconds; send it again"
                body.refusal = RefusedError(408, sentence)
                raise body.refusal from None
            self._held += body.took(message)
            body.refusal = self._refusal(body.size)
            if body.refusal:
                raise body.refusal
            return message

        try:
            await self._app(scope, counted, body.guarded)
        except Exception:
            if body.refusal is None or body.begun:
                raise
        finally:
            self._held -= body.size
        if body.refusal and not body.begun:
            await refuse(body.send, body.refusal)

    def _refusal(self, size: int) -> RefusedError | None:
        if size > self._limits.upload:
            return self._too_large()
        if self._held > self._limits.held:
            return RefusedError(429, "too many uploads are under way; try again in a moment")
        return None

    def _too_large(self) -> RefusedError:
        most = self._limits.upload
        sentence = f"the body of a request must have at most {most:,} bytes; send fewer or smaller pictures"
        return RefusedError(413, sentence)


class _Body:
    """The body of a request on its way in, and the answer on its way out."""

    def __init__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"")
        self.announced = int(announced) if announced.isdigit() else 0
        self.size, self.begun = 0, False
        self.whole = not self.announced and b"transfer-encoding" not in headers
        self.refusal: RefusedError | None = None
        self._receive, self._send = receive, send

    def took(self, message: "Message") -> int:
        """The length of a piece, which is counted."""
        length = len(message.get("body", b""))
        self.size, self.whole = self.size + length, not message.get("more_body", False)
        return length

    async def guarded(self, message: "Message") -> None:
        """Nothing of an answer that a refusal has overtaken."""
        if self.refusal is None or self.begun:
            self.begun = True
            await self.send(message)

    async def send(self, message: "Message") -> None:
        """An answer that comes before the whole body ends the connection, after a moment in which more is thrown away:
        closed at once, the client would see no answer."""
        if not self.whole and message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
        if self.whole or message["type"] != "http.response.body" or message.get("more_body"):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                while (more := await self._receive())["type"] == "http.request" and more.get("more_body"):
                    pass
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
