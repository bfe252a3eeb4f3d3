"""Requests made from the service's own OpenAPI document find no 5xx and no answer that the document does not know."""

import base64

import schemathesis
from clients import LIMITS, Redness, png
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cervinet.serve.app import build_app

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

schema = schemathesis.openapi.from_asgi("/openapi.json", build_app(Redness(), LIMITS))


@schema.parametrize()
@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_the_document_allows_is_answered_as_it_says(case):
    case.call_and_validate(checks=CHECKS)


def test_every_route_is_in_the_document(asked):
    paths = asked.client.get("/openapi.json").json()["paths"]
    assert {(path, verb) for path, verbs in paths.items() for verb in verbs} == {
        ("/v1/predict", "post"),
        ("/v1/models/{name}", "get"),
        ("/v1/models/{name}/versions/{version}", "get"),
        ("/v1/models/{name}:predict", "post"),
        ("/v1/models/{name}/versions/{version}:predict", "post"),
        ("/healthz", "get"),
        ("/metrics", "get"),
    }


def test_answers_to_good_requests_are_as_the_document_says():
    picture = base64.b64encode(png()).decode()
    for path, body in (
        ("/v1/predict", {"images": [{"b64": picture}, {"b64": ""}]}),
        ("/v1/models/{name}:predict", {"instances": [{"b64": picture}]}),
        ("/v1/models/{name}:predict", {"inputs": [{"b64": picture}]}),
    ):
        case = schema[path]["POST"].Case(path_parameters={"name": "tiny"}, body=body, media_type="application/json")
        assert case.call_and_validate(checks=CHECKS).status_code == 200
