"""What of Gradio is reachable: the page, its own files and the two calls that it makes; all else is refused."""

import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PAGES = ("/", "/theme.css", "/favicon.ico")
FOLDERS = ("/assets/", "/static/")
CALL = "/gradio_api/component_server"

_ROOM = 10_000  # bytes of a call besides the picture

_LONGEST = 64  # of a visit's name, which Gradio keeps

# Gradio's templates are compiled in the browser, hence eval; but what runs there reaches this server alone.
HEADERS = {
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class PageGuard:
    """Lets requests through to Gradio, or answers them itself.

    Gradio alone would serve, take and fetch files (`file=`, `upload`, `proxy=`, payloads with a `path` or `url`), keep
    what visitors said, and fail on calls to components that are not there.
    """

    def __init__(self, app: App, *, component: int, functions: Sequence[str], largest: int) -> None:
        """`component` has the `functions`; `largest` is the most bytes of a picture."""
        self._app, self._component, self._functions = app, component, frozenset(functions)
        self._room = largest * 4 // 3 + _ROOM  # a picture is sent in base64

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._request(scope, receive, _with_headers(send))

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        # As the router of a mounted application sees it.
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        if scope["method"] in ("GET", "HEAD") and (path in PAGES or path.startswith(FOLDERS)):
            # The query may ask for saved states, which are files.
            await self._app({**scope, "query_string": b""}, receive, send)
        elif path.startswith("/gradio_api/heartbeat/"):
            # Without content a browser does not come back; an open stream would hold up the end of the server.
            await _say(send, 204, "")
        elif path.rstrip("/") != CALL:
            await _say(send, 404, "there is nothing at this address")
        elif scope["method"] != "POST":
            await _say(send, 405, "this address takes POST alone")
        else:
            await self._call(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = dict(scope["headers"]).get(b"content-type", b"").split(b";")[0].strip().lower()
        if kind != b"application/json":
            await _say(send, 415, "the body must be application/json; say so in Content-Type")
            return
        body = await self._body(scope, receive)
        if body is None:
            await _say(send, 413, f"the body must have at most {self._room:,} bytes; send a smaller picture")
            return
        if not self._known(body):
            await _say(send, 400, "the body must be a call that this page makes")
            return
        sent = False

        async def whole() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, whole, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None where it is, or says that it is, too large."""
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and int(length) > self._room:
            return None
        parts, size = list[bytes](), 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b""  # the visitor has left
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._room:
                return None
            if not message.get("more_body", False):
                return b"".join(parts)

    def _known(self, body: bytes) -> bool:
        try:
            call = json.loads(body)
        except (ValueError, RecursionError):
            return False
        return (
            isinstance(call, dict)
            and type(call.get("component_id")) is int
            and call["component_id"] == self._component
            and isinstance(call.get("fn_name"), str)
            and call["fn_name"] in self._functions
            and isinstance(call.get("session_hash"), str)
            and len(call["session_hash"]) <= _LONGEST
            and isinstance(call.get("data"), dict)
            and all(isinstance(value, str) for value in call["data"].values())
        )


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = [(key.encode(), value.encode()) for key, value in HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return sending


async def _say(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"error": sentence}).encode() if sentence else b""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers if body else []})
    await send({"type": "http.response.body", "body": body})
