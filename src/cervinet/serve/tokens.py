"""A secret without which nothing but the health of the service is told."""

import base64
import binascii
import hmac
import ipaddress
from typing import TYPE_CHECKING

from cervinet.errors import UsageError
from cervinet.serve.refusals import RefusedError, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

SHORTEST = 16
OPEN = "/healthz"
"""What a container's supervisor asks, which has no token."""


def check_token(token: str) -> None:
    """Raises UsageError where a token could be guessed, or could not be sent in a header."""
    if len(token) < SHORTEST or not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError(
            f"the token must be at least {SHORTEST} printable ASCII characters without spaces; "
            "make one with: openssl rand -hex 32"
        )


def check_bind(host: str, token: str | None, insecure: bool) -> None:
    """Raises UsageError where the service would be open to a network without a token."""
    if not (is_loopback(host) or token or insecure):
        raise UsageError(
            f"--host {host} opens the service to others, so it needs a token: set CERVINET_TOKEN or --token-file "
            "(make one with: openssl rand -hex 32), or say --insecure"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address; a name other than localhost may mean any."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class TokenGate:
    """ASGI middleware that lets in who brings the token.

    As `Authorization: Bearer TOKEN`, or as the password of HTTP's basic authentication with any user name, for which a
    browser asks by itself: so the page can be used too.
    """

    def __init__(self, app: "ASGIApp", token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http" or scope["path"] == OPEN or self._welcome(scope):
            await self._app(scope, receive, send)
            return
        refusal = RefusedError(401, "this service needs a token; send it as Authorization: Bearer TOKEN")
        await refuse(send, refusal, {"www-authenticate": 'Bearer, Basic realm="cervinet", charset="UTF-8"'})

    def _welcome(self, scope: "Scope") -> bool:
        scheme, _, given = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"basic":
            try:
                given = base64.b64decode(given, validate=True).partition(b":")[2]
            except binascii.Error:
                return False
        elif scheme.lower() != b"bearer":
            return False
        return hmac.compare_digest(given.strip(), self._token)
