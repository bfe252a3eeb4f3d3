"""Headers that keep answers out of caches and frames, and a browser from fetching anything from elsewhere."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN = ("/v1/", "/healthz", "/metrics", "/docs", "/openapi.json")
"""How the paths of the service itself begin."""

_NOTHING = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PAGE = (
    "default-src 'self' data: blob: 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


class SecureHeaders:
    """ASGI middleware; a header that an answer has already is kept, but `no-store` holds for all.

    Answers of the service itself may run and fetch nothing; those of the page may use what comes from here.
    """

    def __init__(self, app: "ASGIApp", page: bool) -> None:
        """`page`: whether what is not under `OWN` is the page."""
        self._app, self._page = app, page

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = _PAGE if self._page and not scope["path"].startswith(OWN) else _NOTHING
        wanted = (*_ALWAYS, (b"content-security-policy", policy.encode()))

        async def secured(message: "Message") -> None:
            if message["type"] == "http.response.start":
                given = [one for one in message.get("headers", []) if one[0].lower() != b"cache-control"]
                known = {name.lower() for name, _ in given}
                message["headers"] = [*given, *(one for one in wanted if one[0] not in known)]
            await send(message)

        await self._app(scope, receive, secured)
