"""The HTTP interface of a run, with what stands before every route."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from cervinet.serve.access_log import Accounted, Record
from cervinet.serve.body_limit import BodyLimit
from cervinet.serve.docs_page import docs_page
from cervinet.serve.limits import Limits
from cervinet.serve.metrics import Metrics
from cervinet.serve.openapi import document
from cervinet.serve.refusals import RefusedError
from cervinet.serve.rest import DONE, REFUSALS, add_predict_route
from cervinet.serve.schemas import Health
from cervinet.serve.secure_headers import SecureHeaders
from cervinet.serve.service import BusyError, Service
from cervinet.serve.tf_serving import add_tf_serving_routes
from cervinet.serve.tokens import OPEN, TokenGate

METRICS = "text/plain; version=0.0.4; charset=utf-8"


def build_app(
    service: Service,
    limits: Limits,
    *,
    token: str | None = None,
    metrics: Metrics | None = None,
    note: Sequence[Callable[[Record], None]] = (),
    page: Callable[[FastAPI], object] | None = None,
) -> FastAPI:
    """The application that a server runs.

    Args:
        service: answers.
        limits: of what it takes; they hold for every route, those of the page too.
        token: needed for all but `/healthz`; None for no such need.
        metrics: the same object that the service tells of its work; by default a new one.
        note: take a record of each request, to log it.
        page: mounts a page at `/`, behind every other route.
    """
    counts = metrics or Metrics()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_predict_route(app, service, limits)
    add_tf_serving_routes(app, service, limits)
    _add_own_routes(app, service, limits, counts, bool(token))
    _add_refusals(app)
    own = [str(getattr(route, "path", "")) for route in app.routes]
    if page:
        page(app)
    # The last one added is the outermost.
    if token:
        app.add_middleware(TokenGate, token=token)
    app.add_middleware(BodyLimit, limits=limits)
    app.add_middleware(SecureHeaders, page=bool(page))
    app.add_middleware(Accounted, notes=[counts.request, *note], routes=own, page=bool(page))
    return app


def _add_own_routes(app: FastAPI, service: Service, limits: Limits, counts: Metrics, token: bool) -> None:
    @cache
    def openapi() -> dict[str, Any]:
        return document(app, service, limits, token)

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to replace it

    @app.get(
        OPEN, summary="Whether the network is loaded and has run", response_description=DONE, response_model=Health
    )
    async def health() -> Health:
        """Nothing else is told here, so no token is needed. There is no answer at all until the network has run."""
        return Health(status="ready")

    @app.get(
        "/metrics",
        summary="Numbers for Prometheus",
        response_description=DONE,
        response_class=Response,
        responses={200: {"content": {METRICS: {"schema": {"type": "string"}}}}, 401: REFUSALS[401]},
    )
    async def metrics() -> Response:
        """Requests, seconds, pictures by outcome, sizes of batches, the queue, memory and processor time."""
        return Response(counts.text(), headers={"content-type": METRICS})

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_json() -> JSONResponse:
        return JSONResponse(openapi())

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(docs_page(openapi(), str(request.base_url).rstrip("/"), service.name))


def _add_refusals(app: FastAPI) -> None:
    """Every error has the same shape."""

    def said(refusal: RefusedError, headers: dict[str, str] | None = None) -> JSONResponse:
        return JSONResponse(refusal.body, refusal.status, {**refusal.headers, **(headers or {})})

    @app.exception_handler(RefusedError)
    async def refused(request: Request, refusal: RefusedError) -> Response:
        return said(refusal)

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> Response:
        return said(RefusedError(429, "too many pictures wait already; try again in a moment"))

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        sentences = {404: "there is nothing at this address", 405: "this address does not take this method"}
        sentence = sentences.get(error.status_code, "this request is not understood")
        return said(RefusedError(error.status_code, f"{sentence}; see /docs"), dict(error.headers or {}))
