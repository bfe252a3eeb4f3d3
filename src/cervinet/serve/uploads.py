"""The body of a request → pictures. Nothing is written to disk, and no name of a file is read."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from cervinet.data.picture import Picture
from cervinet.serve.limits import Limits
from cervinet.serve.refusals import RefusedError
from cervinet.serve.schemas import PredictRequest

Model = TypeVar("Model", bound=BaseModel)

FIELD = "image"
"""Of a form."""


async def uploaded(request: Request, limits: Limits) -> list[Picture]:
    """The pictures of a form or of JSON, named by their number from 0.

    Raises:
        RefusedError: the body is neither, is not as it must be, or has no picture or too many.
    """
    kind = media_type(request)
    if kind == "multipart/form-data":
        found = [Picture(Path(), data=data) for data in await _of_form(request, limits)]
    elif kind == "application/json":
        images = (await read_json(request, PredictRequest)).images
        found = [Picture(Path(), box=one.box, data=one.b64) for one in images]
    else:
        raise RefusedError(415, "the body must be multipart/form-data or application/json; say which in Content-Type")
    return numbered(found, limits)


def media_type(request: Request) -> str:
    """Of the body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def numbered(pictures: Sequence[Picture], limits: Limits) -> list[Picture]:
    """The pictures, called by their number from 0. Raises RefusedError where there are none or too many."""
    if not 1 <= len(pictures) <= limits.images:
        raise RefusedError(422, f"a request must have 1 to {limits.images} pictures; got {len(pictures)}")
    return [
        Picture(Path(f"picture {number}"), one.box, pixels=one.pixels, data=one.data)
        for number, one in enumerate(pictures)
    ]


async def read_json(request: Request, model: type[Model]) -> Model:
    """The body, checked in a thread, for it may be large.

    Raises:
        RefusedError: 400 for what is not JSON, 422 for what is other JSON.
    """
    body = await request.body()
    return await asyncio.to_thread(_checked, body, model)


def _checked(body: bytes, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
    if problems[0]["type"] == "json_invalid":
        raise RefusedError(400, "the body must be JSON, but it cannot be read as such; check it, and its encoding")
    raise RefusedError(422, "; ".join(f"{_place(one['loc'])}: {_plain(one)}" for one in problems[:5]))


def _place(location: Iterable[str | int]) -> str:
    return ".".join(map(str, location))[:80] or "the body"


def _plain(problem: ErrorDetails) -> str:
    if problem["type"] == "too_short":
        return "there must be at least one; got none"
    return problem["msg"].removeprefix("Value error, ").replace("Input should", "should")


async def _of_form(request: Request, limits: Limits) -> list[bytes]:
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=limits.images, max_fields=limits.images, max_part_size=1024
    )
    parser.spool_max_size = limits.upload + 1  # in memory as a whole: pictures of patients are not for the disk
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many"):
            raise RefusedError(422, f"a request must have 1 to {limits.images} pictures; got more") from None
        raise RefusedError(
            400, "the form cannot be read; send multipart/form-data with a file for each picture"
        ) from None
    try:
        found = []
        for name, value in form.multi_items():
            if name != FIELD or isinstance(value, str):
                raise RefusedError(422, f"a form must have files named {json.dumps(FIELD)} and nothing else")
            found.append(await value.read())
        return found
    finally:
        await form.close()
