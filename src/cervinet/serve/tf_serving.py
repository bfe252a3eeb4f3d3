"""The REST shapes of TensorFlow Serving, for clients that are written for it.

Reference: https://www.tensorflow.org/tfx/serving/api_rest
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from cervinet.data.picture import Picture
from cervinet.inference.predicting import Prediction
from cervinet.serve.limits import Limits
from cervinet.serve.refusals import RefusedError
from cervinet.serve.rest import DONE, REFUSALS, Responses
from cervinet.serve.schemas import Base64, ColumnAnswers, Error, ModelStatus, RowAnswers, TfRequest
from cervinet.serve.service import Service
from cervinet.serve.uploads import numbered, read_json

VERSION = "1"
"""A run is never overwritten, so there is one version of it."""

_UNKNOWN: Responses = {404: {"model": Error, "description": "The service has no such model, or no such version."}}
_REQUEST = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TfRequest"}}}}
_CURL = """curl --json '{{"instances": [{{"b64": "'$(base64 -w0 one.jpg)'"}}]}}' {url}/v1/models/{model}:predict"""
_BYTES: TypeAdapter[bytes] = TypeAdapter(Base64)


def add_tf_serving_routes(app: FastAPI, service: Service, limits: Limits) -> None:
    """Of a service within limits."""
    status: dict[str, Any] = {
        "summary": "Whether the model is there, as TensorFlow Serving says it",
        "response_description": DONE,
        "response_model": ModelStatus,
        "responses": _UNKNOWN | {401: REFUSALS[401]},
    }
    predict: dict[str, Any] = {
        "summary": "Probabilities alone, as TensorFlow Serving answers",
        "description": "A picture that cannot be read fails the request, for these shapes have no place for an error "
        "beside answers, nor for quality flags: `/v1/predict` has both.",
        "response_description": DONE,
        "response_model": RowAnswers | ColumnAnswers,
        "responses": _UNKNOWN | {code: one for code, one in REFUSALS.items() if code not in (415, 422)},
    }

    def check(name: str, version: str, missing: str) -> None:
        if (name, version) != (service.name, VERSION):
            raise RefusedError(404, missing)

    async def answered(request: Request) -> JSONResponse:
        try:
            asked = await read_json(request, TfRequest)
            key, pictures = await asyncio.to_thread(_pictures, asked, limits)
        except RefusedError as refusal:  # TensorFlow Serving knows one status for all that is wrong with a request
            raise RefusedError(400 if refusal.status == 422 else refusal.status, refusal.sentence) from None
        request.scope["state"]["pictures"] = len(pictures)
        found = await service.predict(pictures)
        if errors := [one.error for one in found if one.error]:
            raise RefusedError(400, errors[0])
        return JSONResponse({key: _by_rows(found) if key == "predictions" else _by_columns(found)})

    @app.get("/v1/models/{name}", **status)
    async def model(name: str) -> ModelStatus:
        check(name, VERSION, f"Could not find any versions of model {name}")
        return _AVAILABLE

    @app.get("/v1/models/{name}/versions/{version}", **status)
    async def model_version(name: str, version: str) -> ModelStatus:
        check(name, version, f"Could not find version {version} of model {name}")
        return _AVAILABLE

    @app.post("/v1/models/{name}:predict", **predict, openapi_extra={"requestBody": _REQUEST, "x-curl": _CURL})
    async def predict_latest(name: str, request: Request) -> JSONResponse:
        check(name, VERSION, f"Servable not found for request: Latest({name})")
        return await answered(request)

    @app.post("/v1/models/{name}/versions/{version}:predict", **predict, openapi_extra={"requestBody": _REQUEST})
    async def predict_version(name: str, version: str, request: Request) -> JSONResponse:
        check(name, version, f"Servable not found for request: Specific({name}, {version})")
        return await answered(request)


_AVAILABLE = ModelStatus.model_validate(
    {
        "model_version_status": [
            {"version": VERSION, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ]
    }
)


def _numbers(found: Prediction) -> dict[str, list[float]]:
    """By the names of the outputs of an exported SavedModel."""
    numbers = {"probabilities": found.probabilities, "subclass_probabilities": found.subclasses}
    return {name: each.tolist() for name, each in numbers.items() if each is not None}


def _by_rows(found: Sequence[Prediction]) -> list[Any]:
    """Of one output its values alone, as TensorFlow Serving has it; of several each under its name."""
    rows = [_numbers(one) for one in found]
    return [next(iter(row.values())) if len(row) == 1 else row for row in rows]


def _by_columns(found: Sequence[Prediction]) -> Any:
    rows = [_numbers(one) for one in found]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return next(iter(columns.values())) if len(columns) == 1 else columns


def _pictures(asked: TfRequest, limits: Limits) -> tuple[str, list[Picture]]:
    """What the answer's list is called, and the pictures."""
    if (asked.instances is None) == (asked.inputs is None):
        raise RefusedError(400, "a request must have either `instances` or `inputs`")
    if asked.instances is not None:
        return "predictions", numbered([_picture(_bare(one), limits) for one in asked.instances], limits)
    return "outputs", numbered([_picture(one, limits) for one in _column(asked.inputs)], limits)


def _column(inputs: list[Any] | dict[str, list[Any]] | None) -> Sequence[Any]:
    if isinstance(inputs, dict):
        if len(inputs) != 1:
            raise RefusedError(400, f"`inputs` must have one input; got {len(inputs)}")
        return next(iter(inputs.values()))
    return inputs or []


def _bare(instance: Any) -> Any:
    """Without the name of the one input around it."""
    if isinstance(instance, dict) and len(instance) == 1 and "b64" not in instance:
        return next(iter(instance.values()))
    return instance


def _picture(value: Any, limits: Limits) -> Picture:
    if isinstance(value, dict) and set(value) == {"b64"}:
        try:
            return Picture(Path(), data=_BYTES.validate_python(value["b64"]))
        except ValidationError:
            raise RefusedError(400, "`b64` must be the bytes of an image file in base64") from None
    if isinstance(value, list):
        return Picture(Path(), pixels=_pixels(value, limits))
    raise RefusedError(400, 'a picture must be `{"b64": …}`, or rows of columns of three integers from 0 to 255')


def _pixels(rows: list[Any], limits: Limits) -> NDArray[np.uint8]:
    try:
        found = np.array(rows)
        whole = found.ndim == 3 and found.shape[2] == 3 and found.size and found.dtype.kind in "iu"
    except (ValueError, OverflowError):
        whole = False
    if not whole or found.min() < 0 or found.max() > 255 or found.shape[0] * found.shape[1] > limits.pixels:
        raise RefusedError(400, "pixels must be rows of columns of three integers from 0 to 255: red, green, blue")
    return found.astype(np.uint8)
