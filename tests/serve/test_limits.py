"""Limits hold while a body arrives, whether or not its length was announced, and for every route."""

import asyncio
import itertools
import json

import pytest
from clients import LIMITS, hand, png, run
from starlette.requests import Request
from starlette.responses import JSONResponse

from cervinet.data.picture import Picture
from cervinet.errors import ImageError
from cervinet.serve.body_limit import BodyLimit
from cervinet.serve.limits import Limits

TOO_LARGE = {"error": "the body of a request must have at most 100,000 bytes; send fewer or smaller pictures"}
FORM = {"content-type": "multipart/form-data; boundary=B"}
CHUNKED = {**FORM, "transfer-encoding": "chunked"}
PIECE = 10_000


@pytest.fixture(autouse=True)
def _no_lingering(monkeypatch):
    monkeypatch.setattr("cervinet.serve.body_limit._LINGER", 0)


def endless():
    yield b'--B\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
    yield from itertools.repeat(bytes(PIECE))


def test_an_announced_body_that_is_too_large_is_not_read(serving):
    asked = serving()
    raw = hand(asked.client.app, endless(), {**FORM, "content-length": "100001"})
    assert (raw.status, raw.body, raw.pieces_read) == (413, TOO_LARGE, 0)
    assert raw.headers["connection"] == "close"


def test_an_endless_body_is_read_up_to_the_limit(serving):
    asked = serving()
    raw = hand(asked.client.app, endless(), CHUNKED)
    assert (raw.status, raw.body) == (413, TOO_LARGE)
    assert raw.pieces_read == 1 + LIMITS.upload // PIECE
    assert raw.headers["connection"] == "close"
    assert asked.service.seen == []
    [record] = asked.records
    assert (record.route, record.status, record.pictures) == ("/v1/predict", 413, 0)


def test_a_body_of_the_limit_passes(serving):
    body = json.dumps({"images": [{"b64": "A" * (LIMITS.upload - 100)}]}).encode().ljust(LIMITS.upload)
    asked = serving()
    headers = {"content-type": "application/json"}
    assert asked.client.post("/v1/predict", content=body, headers=headers).status_code == 422
    assert len(asked.service.seen) == 1
    assert asked.client.post("/v1/predict", content=body + b" ", headers=headers).status_code == 413


def test_the_routes_of_a_page_are_limited_too(serving):
    read = []

    def page(app):
        @app.post("/gradio_api/upload")
        async def upload(request: Request):
            try:
                async for piece in request.stream():
                    read.append(len(piece))
            except Exception:  # as a framework might that thinks the client has gone
                return JSONResponse({"saved": "yes"})

    raw = hand(serving(page=page).client.app, endless(), CHUNKED, "/gradio_api/upload")
    assert (raw.status, raw.body) == (413, TOO_LARGE)
    assert sum(read) <= LIMITS.upload


def test_a_body_that_stops_arriving_is_given_up(serving):
    asked = serving(limits=Limits(upload=100, idle=0.01))
    raw = hand(asked.client.app, [b"--B\r\n"], CHUNKED)
    assert raw.status == 408
    assert raw.body == {"error": "nothing of the body arrived for 0.01 seconds; send it again"}


def test_an_answer_before_the_whole_body_ends_the_connection(serving):
    raw = hand(serving().client.app, endless(), {"content-type": "image/png", "transfer-encoding": "chunked"})
    assert (raw.status, raw.headers["connection"]) == (415, "close")
    assert raw.pieces_read <= 1


def test_bodies_under_way_are_limited_together_and_let_go():
    limits = Limits(upload=100)
    gate = asyncio.Event()
    statuses = []

    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await gate.wait()
        await JSONResponse({})(scope, receive, send)

    limited = BodyLimit(app, limits)

    async def one():
        async def receive():
            return {"type": "http.request", "body": bytes(100), "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await limited({"type": "http", "headers": [(b"content-length", b"100")]}, receive, send)

    async def many():
        tasks = [asyncio.create_task(one()) for _ in range(9)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert statuses == [429]
        gate.set()
        await asyncio.gather(*tasks)
        await one()

    run(many())
    assert statuses == [429, *[200] * 9]


def test_a_picture_of_too_many_pixels_is_refused_by_its_header():
    # The header alone: there is nothing behind it to decode.
    header = png(size=(101, 100))
    with pytest.raises(ImageError) as refused:
        Picture("picture 0", data=header, max_pixels=LIMITS.pixels).read()
    assert str(refused.value) == (
        "'picture 0' must have at most 10,000 pixels, but its header announces 100×101; scale it down or remove it"
    )


def test_the_default_queue_takes_the_largest_request():
    assert Limits().queue >= Limits().images


def test_get_requests_keep_their_connection(serving):
    answer = serving().client.get("/healthz")
    assert "connection" not in answer.headers
