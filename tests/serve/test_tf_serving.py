"""TensorFlow Serving's REST shapes, as https://www.tensorflow.org/tfx/serving/api_rest has them."""

import base64
from dataclasses import replace

import numpy as np
import pytest
from clients import Redness, png

AVAILABLE = {
    "model_version_status": [
        {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    ]
}
PIXELS = "pixels must be rows of columns of three integers from 0 to 255: red, green, blue"


def b64(data):
    return {"b64": base64.b64encode(data).decode()}


@pytest.mark.parametrize("path", ["/v1/models/tiny", "/v1/models/tiny/versions/1"])
def test_the_model_is_available(asked, path):
    answer = asked.client.get(path)
    assert (answer.status_code, answer.json()) == (200, AVAILABLE)


@pytest.mark.parametrize("path", ["/v1/models/tiny:predict", "/v1/models/tiny/versions/1:predict"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_rows(asked, path, wrapped):
    instances = [b64(png(255)), b64(png(0))]
    instances = [{"image_bytes": one} for one in instances] if wrapped else instances
    answer = asked.client.post(path, json={"signature_name": "serving_default", "instances": instances})
    assert (answer.status_code, answer.json()) == (200, {"predictions": [[0.0, 1.0], [1.0, 0.0]]})


@pytest.mark.parametrize("wrapped", [False, True])
def test_columns(asked, wrapped):
    inputs = [b64(png(255)), b64(png(0))]
    answer = asked.client.post(
        "/v1/models/tiny:predict", json={"inputs": {"image_bytes": inputs} if wrapped else inputs}
    )
    assert (answer.status_code, answer.json()) == (200, {"outputs": [[0.0, 1.0], [1.0, 0.0]]})


def test_two_outputs_go_by_their_names(serving):
    """As of a run with sub-classes, and of its exported SavedModel."""

    class Finer(Redness):
        def _answer(self, picture):
            found = super()._answer(picture)
            return replace(found, subclasses=np.append(found.probabilities, 0.5))

    asked, images = serving(service=Finer()), [b64(png(255)), b64(png(0))]
    rows = asked.client.post("/v1/models/tiny:predict", json={"instances": images})
    columns = asked.client.post("/v1/models/tiny:predict", json={"inputs": images})
    classes, finer = [[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0, 0.5], [1.0, 0.0, 0.5]]
    assert rows.json() == {
        "predictions": [
            {"probabilities": one, "subclass_probabilities": other} for one, other in zip(classes, finer, strict=True)
        ]
    }
    assert columns.json() == {"outputs": {"probabilities": classes, "subclass_probabilities": finer}}


def test_pixels_are_red_green_blue(asked):
    picture = np.zeros((2, 3, 3), int)
    picture[..., 0] = 51
    for body in ({"instances": [picture.tolist()]}, {"instances": [{"image": picture.tolist()}]}):
        answer = asked.client.post("/v1/models/tiny:predict", json=body)
        assert (answer.status_code, answer.json()) == (200, {"predictions": [[0.8, 0.2]]})
    assert asked.service.seen[0].pixels.dtype == np.uint8
    assert asked.service.seen[0].pixels.shape == (2, 3, 3)


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("GET", "/v1/models/other", "Could not find any versions of model other"),
        ("GET", "/v1/models/tiny/versions/2", "Could not find version 2 of model tiny"),
        ("GET", "/v1/models/%3Cb%3E", "Could not find any versions of model <b>"),
        ("POST", "/v1/models/other:predict", "Servable not found for request: Latest(other)"),
        ("POST", "/v1/models/tiny/versions/2:predict", "Servable not found for request: Specific(tiny, 2)"),
    ],
)
def test_another_model_is_not_there(asked, method, path, error):
    answer = asked.client.request(method, path, json={"instances": [b64(png())]} if method == "POST" else None)
    assert (answer.status_code, answer.json()) == (404, {"error": error})
    assert asked.service.seen == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "a request must have either `instances` or `inputs`"),
        ({"instances": [1], "inputs": [1]}, "a request must have either `instances` or `inputs`"),
        ({"instances": []}, "instances: there must be at least one; got none"),
        ({"inputs": []}, "a request must have 1 to 3 pictures; got 0"),
        ({"inputs": {"a": [], "b": []}}, "`inputs` must have one input; got 2"),
        ({"instances": [b64(png())] * 4}, "a request must have 1 to 3 pictures; got 4"),
        ({"instances": [{"b64": "%"}]}, "`b64` must be the bytes of an image file in base64"),
        ({"instances": [{"b64": None}]}, "`b64` must be the bytes of an image file in base64"),
        (
            {"instances": ["/etc/passwd"]},
            'a picture must be `{"b64": …}`, or rows of columns of three integers from 0 to 255',
        ),
        (
            {"instances": [{"url": "http://example.org"}]},
            'a picture must be `{"b64": …}`, or rows of columns of three integers from 0 to 255',
        ),
        ({"instances": [[[[0, 0, 256]]]]}, PIXELS),
        ({"instances": [[[[0, 0, -1]]]]}, PIXELS),
        ({"instances": [[[[0, 0, 10**30]]]]}, PIXELS),
        ({"instances": [[[[0, 0, 0.5]]]]}, PIXELS),
        ({"instances": [[[[0, 0]]]]}, PIXELS),
        ({"instances": [[[[0, 0, 0]], [[0, 0, 0], [0, 0, 0]]]]}, PIXELS),
        ({"instances": [[]]}, PIXELS),
        ({"instances": [[[["a", "b", "c"]]]]}, PIXELS),
        ({"instances": [[[[0, 0, 0]] * 10_001]]}, PIXELS),
    ],
)
def test_other_requests_are_400_as_there(asked, body, error):
    answer = asked.client.post("/v1/models/tiny:predict", json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert asked.service.seen == []


def test_one_picture_that_cannot_be_read_fails_the_request(asked):
    answer = asked.client.post("/v1/models/tiny:predict", json={"instances": [b64(png()), b64(b"")]})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "'picture 1' is empty: a picture was expected, but the file has no bytes; copy the file again from "
        "its source or remove it"
    }
