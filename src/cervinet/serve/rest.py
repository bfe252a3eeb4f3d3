"""`POST /v1/predict`: what a run says of pictures, in full."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from cervinet.data.picture import Picture
from cervinet.evaluation.plain_json import plain
from cervinet.inference.predicting import Prediction
from cervinet.model_card import ModelCard
from cervinet.registry import find
from cervinet.report.predicted import as_object
from cervinet.serve.limits import Limits
from cervinet.serve.refusals import RefusedError
from cervinet.serve.schemas import Error, Predictions
from cervinet.serve.service import Service
from cervinet.serve.uploads import FIELD, uploaded

Responses = dict[int | str, dict[str, Any]]

_REQUEST = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FIELD],
                "additionalProperties": False,
                "properties": {
                    FIELD: {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "format": "binary"},
                        "description": "An image file each; its name is not looked at.",
                    }
                },
            }
        },
        "application/json": {"schema": {"$ref": "#/components/schemas/PredictRequest"}},
    },
}
DONE = "The answer."
_CURL = """\
curl -F image=@one.jpg -F image=@two.jpg {url}/v1/predict
curl --json '{{"images": [{{"b64": "'$(base64 -w0 one.jpg)'"}}]}}' {url}/v1/predict"""

REFUSALS: Responses = {
    400: {"model": Error, "description": "The body cannot be read as what it says it is."},
    401: {"model": Error, "description": "The service needs a token."},
    408: {"model": Error, "description": "The body stopped arriving."},
    413: {"model": Error, "description": "The body is larger than the service takes."},
    415: {"model": Error, "description": "The body is of a type that is not taken."},
    422: {"model": Error, "description": "The body is not as it must be, or no picture in it can be read."},
    429: {"model": Error, "description": "Too much waits already; try again after `Retry-After` seconds."},
    500: {"model": Error, "description": "Something unexpected; the service's log has it under `X-Request-ID`."},
}


def add_predict_route(app: FastAPI, service: Service, limits: Limits) -> None:
    """Of a service within limits."""

    @app.post(
        "/v1/predict",
        summary="What the run says of pictures",
        response_description=DONE,
        response_model=Predictions,
        responses=REFUSALS,
        openapi_extra={"requestBody": _REQUEST, "x-curl": _CURL},
    )
    async def predict(request: Request) -> JSONResponse:
        """An entry for each picture, in the order of the request.

        A picture that cannot be read, or has more pixels than the service takes, has an `error` in its entry and stops
        no other; where that is so of every picture of the request, its status is 422.
        """
        pictures = await uploaded(request, limits)
        request.scope["state"]["pictures"] = len(pictures)
        remarks = _remarks(service.card, pictures)
        entries = [entry(one, service.card, n) for n, one in enumerate(await service.predict(pictures))]
        if all("error" in one for one in entries):
            raise RefusedError(422, _nothing_read(entries), predictions=entries)
        answer: dict[str, Any] = {"model": service.name, "run": service.run}
        if remarks:
            answer["remarks"] = remarks
        if service.card.note:
            answer["note"] = service.card.note
        return JSONResponse({**answer, "predictions": entries})


def entry(prediction: Prediction, card: ModelCard, number: int) -> dict[str, Any]:
    """What is said of a picture, which goes by its number; without infinite values, which JSON does not know."""
    named = replace(prediction, image=Path(str(number)))
    found: dict[str, Any] = plain(as_object(named, card)) | {"image": number}
    return found


def _remarks(card: ModelCard, pictures: Sequence[Picture]) -> list[str]:
    """Raises RefusedError where boxes were brought for a network that does not crop to any."""
    crops = any(find("preprocess", name).traits.get("region") == "box" for name, _ in card.preprocess)
    boxed = sum(one.box is not None for one in pictures)
    if boxed and not crops:
        raise RefusedError(422, "the run does not crop to boxes, so `box` has no use; leave it out")
    if crops and boxed < len(pictures):
        return [f"The run crops to boxes; {len(pictures) - boxed} of {len(pictures)} pictures have none."]
    return []


def _nothing_read(entries: Sequence[dict[str, Any]]) -> str:
    if len(entries) == 1:
        return str(entries[0]["error"])
    return f"none of the {len(entries)} pictures can be read; `predictions` has the reason for each"
