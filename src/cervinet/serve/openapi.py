"""The OpenAPI document of the service."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from cervinet import __version__
from cervinet.serve.limits import Limits
from cervinet.serve.schemas import PredictRequest, TfRequest
from cervinet.serve.service import Service

RESEARCH = "Research software: not a medical device, and its answers are not a diagnosis."


def document(app: FastAPI, service: Service, limits: Limits, token: bool) -> dict[str, Any]:
    """Of the routes that the application has; `token`: whether one is needed."""
    found = get_openapi(
        title=f"cervinet: {service.name}",
        version=__version__,
        description=_description(service, limits),
        routes=app.routes,
    )
    _, bodies = models_json_schema(
        [(PredictRequest, "validation"), (TfRequest, "validation")], ref_template="#/components/schemas/{model}"
    )
    parts = found["components"]
    parts["schemas"] = parts["schemas"] | bodies["$defs"]
    parts["schemas"]["PredictRequest"]["properties"]["images"]["maxItems"] = limits.images
    _drop_own_validation(found)
    if token:
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        found["security"] = [{"token": []}]
    return found


def _drop_own_validation(found: dict[str, Any]) -> None:
    """FastAPI documents an error of its own for every parameter; paths here are text, which is never wrong."""
    own = "HTTPValidationError"
    for route in (one for verbs in found["paths"].values() for one in verbs.values()):
        if own in str(route["responses"].get("422", "")):
            del route["responses"]["422"]
    for name in (own, "ValidationError"):
        found["components"]["schemas"].pop(name, None)


def _description(service: Service, limits: Limits) -> str:
    card = service.card
    note = f" The network was trained on {card.note}." if card.note else ""
    size = f"{limits.upload / (1 << 20):.3g} MiB"
    return (
        f"{RESEARCH}{note} Run {service.run}: {card.architecture}, {len(card.classes)} classes. A request may have "
        f"{size} and {limits.images} pictures of {limits.pixels:,} pixels; what is sent is not kept."
    )
