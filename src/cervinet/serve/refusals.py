"""How the service says no: a status and one sentence as `{"error": …}`, the shape that TensorFlow Serving has too."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Send

RETRY_AFTER = 1
"""Seconds after which a client whose request was refused for want of room may try again."""


class RefusedError(Exception):
    """A request that is not answered.

    Attributes:
        status: of HTTP.
        sentence: what was expected, what was found, what to do; never a path, a token or a name of an uploaded file.
        more: of the answer, beside `error`.
    """

    def __init__(self, status: int, sentence: str, **more: object) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.more = status, sentence, more

    @property
    def body(self) -> dict[str, object]:
        return {"error": self.sentence, **self.more}

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(RETRY_AFTER)} if self.status == 429 else {}


async def refuse(send: "Send", refusal: RefusedError, headers: dict[str, str] | None = None) -> None:
    """Answer with a refusal, below any framework."""
    body = json.dumps(refusal.body).encode()
    every = {"content-type": "application/json", "content-length": str(len(body)), **refusal.headers, **(headers or {})}
    encoded = [(name.lower().encode(), value.encode()) for name, value in every.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body, "more_body": False})
