"""A service without a network, and requests as a client makes them."""

import asyncio
import json
from collections.abc import Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from starlette.testclient import TestClient

from cervinet.data.picture import Picture
from cervinet.errors import ImageError
from cervinet.inference.predicting import Prediction
from cervinet.inference.verdict import Verdict
from cervinet.model_card import ModelCard
from cervinet.serve.access_log import Record
from cervinet.serve.limits import Limits
from cervinet.serve.metrics import Metrics

CARD = ModelCard(("benign", "malignant"), (8, 8), (("stretch", {}),), "skin_cnn")
LIMITS = Limits(upload=100_000, idle=5, images=3, pixels=10_000, queue=6)


@dataclass
class Redness:
    """A service whose probability of the second class is the mean of red; it reads pictures as a network's does.

    Attributes:
        seen: every picture that it was given.
        error: raised in place of an answer.
    """

    name: str = "tiny"
    run: str = "20261121-090000-tiny"
    card: ModelCard = CARD
    seen: list[Picture] = field(default_factory=list)
    error: Exception | None = None

    async def predict(self, pictures: Sequence[Picture]) -> list[Prediction]:
        self.seen += pictures
        if self.error:
            raise self.error
        return [self._answer(one) for one in pictures]

    async def heat(self, picture: Picture, label: str) -> None:
        return None

    def _answer(self, picture: Picture) -> Prediction:
        try:
            red = float(picture.read()[..., 0].mean() / 255)
        except ImageError as error:
            return Prediction(picture.path, error=str(error))
        probabilities = np.array([1 - red, red])
        label = self.card.classes[int(probabilities.argmax())]
        return Prediction(
            picture.path, probabilities, np.log(probabilities + 1e-9), verdict=Verdict(label, "", (), None, ())
        )


@dataclass
class Asked:
    """A client of a service, and what was noted of its requests."""

    service: Redness
    client: TestClient
    metrics: Metrics
    records: list[Record]


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What it returns, by a loop in a thread of its own: a browser of other tests keeps one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def png(red: int = 255, size: tuple[int, int] = (4, 6)) -> bytes:
    """A picture of one colour."""
    return cv2.imencode(".png", np.full((*size, 3), (0, 0, red), np.uint8))[1].tobytes()


def form(*pictures: bytes, field: str = "image") -> list[tuple[str, tuple[str, bytes]]]:
    """As the files of a form, each with a name that must never be seen again."""
    return [(field, (f"JANE-DOE-{number}.png", data)) for number, data in enumerate(pictures)]


@dataclass
class Raw:
    """What an application made of a request that was handed to it piece by piece."""

    status: int
    headers: dict[str, str]
    body: Any
    pieces_read: int


def hand(app: Any, pieces: Iterable[bytes], headers: dict[str, str], path: str = "/v1/predict") -> Raw:
    """A POST to an ASGI application whose body comes from a generator; after the last piece nothing more comes."""
    source, sent, read = iter(pieces), list[dict[str, Any]](), 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        await asyncio.sleep(0)  # as where the pieces come over a wire
        for piece in source:
            read += 1
            return {"type": "http.request", "body": piece, "more_body": True}
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    run(app(scope, receive, send))
    start = sent[0]
    body = b"".join(one["body"] for one in sent[1:])
    return Raw(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, json.loads(body), read)
