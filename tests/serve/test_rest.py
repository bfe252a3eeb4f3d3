"""`POST /v1/predict` as a program uses it."""

import base64
import json
from dataclasses import replace

import pytest
from clients import CARD, Redness, form, png

from cervinet.serve.service import BusyError

NOT_A_PICTURE = (
    "'picture 0' must be a JPEG, PNG, TIFF, BMP, GIF, WebP, AVIF, JPEG 2000, PNM or DICOM file, but it is a ZIP "
    "archive; convert it or remove it"
)


def b64(data):
    return base64.b64encode(data).decode()


def test_a_form_with_several_pictures_is_answered_in_order(asked):
    answer = asked.client.post("/v1/predict", files=form(png(255), png(0)))
    assert answer.status_code == 200
    assert answer.json() == {
        "model": "tiny",
        "run": "20261121-090000-tiny",
        "predictions": [
            {"image": 0, "class": "malignant", "probabilities": {"benign": 0.0, "malignant": 1.0}},
            {"image": 1, "class": "benign", "probabilities": {"benign": 1.0, "malignant": 0.0}},
        ],
    }


def test_json_gives_the_same_as_a_form(asked):
    pictures = [png(200), png(10)]
    by_form = asked.client.post("/v1/predict", files=form(*pictures)).json()
    by_json = asked.client.post("/v1/predict", json={"images": [{"b64": b64(one)} for one in pictures]}).json()
    assert by_json == by_form


def test_no_name_of_a_file_is_handed_on(asked):
    answer = asked.client.post("/v1/predict", files=form(png(), b"PK\3\4"))
    assert [str(one.path) for one in asked.service.seen] == ["picture 0", "picture 1"]
    assert "JANE" not in answer.text
    assert "JANE" not in str(asked.records)


def test_a_picture_that_cannot_be_read_stops_no_other(asked):
    answer = asked.client.post("/v1/predict", files=form(b"PK\3\4", png()))
    assert answer.status_code == 200
    assert answer.json()["predictions"] == [
        {"image": 0, "error": NOT_A_PICTURE},
        {"image": 1, "class": "malignant", "probabilities": {"benign": 0.0, "malignant": 1.0}},
    ]


def test_where_no_picture_can_be_read_the_request_is_refused(asked):
    one = asked.client.post("/v1/predict", files=form(b"PK\3\4"))
    assert (one.status_code, one.json()) == (
        422,
        {"error": NOT_A_PICTURE, "predictions": [{"image": 0, "error": NOT_A_PICTURE}]},
    )
    two = asked.client.post("/v1/predict", files=form(b"PK\3\4", b""))
    assert two.status_code == 422
    assert two.json()["error"] == "none of the 2 pictures can be read; `predictions` has the reason for each"
    assert [sorted(entry) for entry in two.json()["predictions"]] == [["error", "image"]] * 2


def test_boxes_reach_a_run_that_crops_to_them(serving):
    crops = replace(CARD, preprocess=(("crop_to_box", {}), ("stretch", {})))
    asked = serving(Redness(card=crops))
    images = [{"b64": b64(png()), "box": [1, 1.5, 2, 2]}, {"b64": b64(png())}]
    answer = asked.client.post("/v1/predict", json={"images": images}).json()
    assert [one.box for one in asked.service.seen] == [(1, 1.5, 2, 2), None]
    assert answer["remarks"] == ["The run crops to boxes; 1 of 2 pictures have none."]


def test_boxes_for_another_run_are_refused(asked):
    answer = asked.client.post("/v1/predict", json={"images": [{"b64": b64(png()), "box": [0, 0, 2, 2]}]})
    assert answer.status_code == 422
    assert answer.json() == {"error": "the run does not crop to boxes, so `box` has no use; leave it out"}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b'{"images": [', 400, "the body must be JSON, but it cannot be read as such; check it, and its encoding"),
        (b"\xff\xfe", 400, "the body must be JSON, but it cannot be read as such; check it, and its encoding"),
        (b"[" * 100_000, 400, "the body must be JSON, but it cannot be read as such; check it, and its encoding"),
        (b"", 400, "the body must be JSON, but it cannot be read as such; check it, and its encoding"),
        (b"[]", 422, "the body: should be an object"),
        (b"{}", 422, "images: Field required"),
        (b'{"images": []}', 422, "images: there must be at least one; got none"),
        (b'{"images": [{"b64": "%%%"}]}', 422, "images.0.b64: must be text in base64"),
        (b'{"images": [{"b64": 7}]}', 422, "images.0.b64: must be text in base64"),
        (
            b'{"images": [{"url": "http://example.org/a.png"}]}',
            422,
            "images.0.b64: Field required; images.0.url: Extra inputs are not permitted",
        ),
        (
            b'{"images": [{"path": "/etc/passwd"}]}',
            422,
            "images.0.b64: Field required; images.0.path: Extra inputs are not permitted",
        ),
        (b'{"images": [{"b64": "", "box": [0, 0, 0, 1]}]}', 422, "images.0.box.2: should be greater than 0"),
        (b'{"images": [{"b64": "", "box": [NaN, 0, 1, 1]}]}', 422, "images.0.box.0: should be a finite number"),
    ],
)
def test_other_json_is_refused_in_a_sentence(asked, body, status, error):
    answer = asked.client.post("/v1/predict", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert asked.service.seen == []


@pytest.mark.parametrize("count", [0, 4])
def test_a_wrong_number_of_pictures_is_refused(asked, count):
    by_json = asked.client.post("/v1/predict", json={"images": [{"b64": b64(png())}] * count})
    assert by_json.status_code == 422
    if count:
        assert by_json.json() == {"error": "a request must have 1 to 3 pictures; got 4"}
        by_form = asked.client.post("/v1/predict", files=form(*[png()] * count))
        assert (by_form.status_code, by_form.json()) == (
            422,
            {"error": "a request must have 1 to 3 pictures; got more"},
        )
    assert asked.service.seen == []


def test_an_empty_form_is_refused(asked):
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = asked.client.post("/v1/predict", content=b"--B--\r\n", headers=headers)
    assert (answer.status_code, answer.json()) == (422, {"error": "a request must have 1 to 3 pictures; got 0"})


@pytest.mark.parametrize("field", ["file", "image"])
def test_the_name_of_a_file_in_place_of_its_bytes_is_refused(asked, field):
    files = [(field, (None, "/etc/passwd"))]
    answer = asked.client.post("/v1/predict", files=files)
    assert answer.status_code == 422
    assert answer.json() == {"error": 'a form must have files named "image" and nothing else'}


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("image/png", 415, "the body must be multipart/form-data or application/json; say which in Content-Type"),
        (
            "application/x-www-form-urlencoded",
            415,
            "the body must be multipart/form-data or application/json; say which in Content-Type",
        ),
        (
            "multipart/form-data",
            400,
            "the form cannot be read; send multipart/form-data with a file for each picture",
        ),
        (
            "multipart/form-data; boundary=other",
            400,
            "the form cannot be read; send multipart/form-data with a file for each picture",
        ),
    ],
)
def test_other_bodies_are_refused(asked, kind, status, error):
    answer = asked.client.post("/v1/predict", content=b"file=/etc/passwd", headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_a_full_queue_is_429_with_the_time_to_wait(serving):
    answer = serving(Redness(error=BusyError())).client.post("/v1/predict", files=form(png()))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    assert answer.json() == {"error": "too many pictures wait already; try again in a moment"}


def test_what_goes_wrong_inside_is_not_told(serving):
    asked = serving(Redness(error=ValueError("/secret/path JANE-DOE.png")))
    answer = asked.client.post("/v1/predict", files=form(png()))
    assert answer.status_code == 500
    assert answer.json() == {
        "error": "this request failed for a reason of the service's own; tell who runs it its number"
    }
    [record] = asked.records
    assert record.failed.startswith("ValueError < clients.py:")
    assert "JANE" not in str(record)
    assert answer.headers["x-request-id"] == record.id
    assert asked.client.get("/healthz").status_code == 200


def test_names_of_classes_stay_text(serving):
    named = replace(CARD, classes=("<script>alert(1)</script>", "\u202eb"), note="<b>phantoms</b>")
    answer = serving(Redness(card=named)).client.post("/v1/predict", files=form(png(0)))
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["predictions"][0]["class"] == "<script>alert(1)</script>"
    assert answer.json()["note"] == "<b>phantoms</b>"


def test_infinite_thresholds_are_null(serving):
    import numpy as np

    from cervinet.inference.predicting import Prediction
    from cervinet.inference.verdict import Call, Verdict

    class Never(Redness):
        def _answer(self, picture):
            call = Call("specificity", ("malignant",), float("inf"), 0.5, called=False)
            verdict = Verdict("benign", "", (), ("benign",), (call,))
            return Prediction(picture.path, np.array([0.5, 0.5]), np.zeros(2), verdict=verdict)

    answer = serving(Never()).client.post("/v1/predict", files=form(png()))
    [point] = answer.json()["predictions"][0]["operating_points"]
    assert point["threshold"] is None
    json.loads(answer.text, parse_constant=pytest.fail)
