"""What every answer has, what is counted, what is written down, and the page about it all."""

import io
import json
import re
from dataclasses import replace

import pytest
from clients import CARD, Redness, form, png

from cervinet.serve.access_log import Record, as_json, as_text

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/docs", "/openapi.json", "/v1/models/tiny", "/nowhere"])
def test_every_answer_is_kept_out_of_caches_frames_and_other_sites(asked, path):
    headers = asked.client.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_a_page_may_use_what_comes_from_here_and_the_service_still_may_not(serving):
    def page(app):
        @app.get("/")
        async def home():
            return {}

    client = serving(page=page).client
    assert client.get("/").headers["content-security-policy"].startswith("default-src 'self' data: blob:")
    assert client.get("/docs").headers["content-security-policy"] == POLICY


def test_what_is_nowhere(asked):
    answer = asked.client.get("/JANE-DOE.png?name=JANE")
    assert (answer.status_code, answer.json()) == (404, {"error": "there is nothing at this address; see /docs"})
    answer = asked.client.get("/v1/predict")
    assert (answer.status_code, answer.json()) == (405, {"error": "this address does not take this method; see /docs"})
    assert answer.headers["allow"] == "POST"
    assert [(one.route, one.status) for one in asked.records] == [("none", 404), ("/v1/predict", 405)]


def test_a_record_says_what_was_asked_and_nothing_of_whom(asked):
    headers = {"X-Request-ID": "JANE-DOE", "User-Agent": "JANE-DOE", "Cookie": "JANE=DOE"}
    answer = asked.client.post("/v1/predict?patient=JANE-DOE", files=form(png(), b"JANE"), headers=headers)
    [record] = asked.records
    assert (record.method, record.route, record.status, record.pictures) == ("POST", "/v1/predict", 200, 2)
    assert answer.headers["x-request-id"] == record.id
    line = as_json(record)
    assert sorted(json.loads(line)) == ["id", "method", "ms", "pictures", "route", "status", "time"]
    assert "JANE" not in line + as_text(record)


def test_a_method_of_ones_own_is_noted_as_another(asked):
    asked.client.request("JANE", "/")
    assert [one.method for one in asked.records] == ["other"]


def test_lines_for_people():
    record = Record("2026-11-21T09:00:00.000+00:00", "0123456789abcdef", "POST", "/v1/predict", 200, 12.5, 2)
    assert as_text(record) == (
        "2026-11-21T09:00:00.000+00:00 0123456789abcdef POST /v1/predict                  200     12.5 ms   2 pictures"
    )
    assert as_text(replace(record, failed="ValueError < a.py:1")).endswith("  2 pictures  ValueError < a.py:1")
    assert json.loads(as_json(replace(record, failed="ValueError < a.py:1")))["failed"] == "ValueError < a.py:1"


def test_what_is_counted(serving):
    from prometheus_client.parser import text_fd_to_metric_families

    asked = serving()
    asked.client.post("/v1/predict", files=form(png()))
    asked.client.post("/v1/predict", files=form(b""))
    asked.client.get("/JANE-DOE")
    asked.metrics.batch(5)
    asked.metrics.waiting(3)
    answer = asked.client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_fd_to_metric_families(io.StringIO(answer.text))
    found = {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}
    assert found["cervinet_requests_total", "POST", "/v1/predict", "200"] == 1
    assert found["cervinet_requests_total", "POST", "/v1/predict", "422"] == 1
    assert found["cervinet_requests_total", "GET", "none", "404"] == 1
    assert found["cervinet_request_seconds_count", "/v1/predict"] == 2
    assert (found["cervinet_batch_pictures_count",], found["cervinet_batch_pictures_sum",]) == (1, 5)
    assert found["cervinet_queue_pictures",] == 3
    assert "JANE" not in answer.text
    assert not any(name.endswith("_created") for name, *_ in found)


def test_outcomes_are_counted_apart():
    import numpy as np

    from cervinet.inference.predicting import Prediction
    from cervinet.inference.verdict import Verdict
    from cervinet.serve.metrics import Metrics

    metrics = Metrics()
    half = np.array([0.5, 0.5])
    metrics.said(Prediction("a", half, half, verdict=Verdict("benign", "", ("dark",), None, ())))
    metrics.said(Prediction("b", half, half, verdict=Verdict(None, "not assessed", ("dark", "small"), None, ())))
    metrics.said(Prediction("c", half, half, verdict=Verdict(None, "unsure", (), None, ())))
    metrics.said(Prediction("d", error="is damaged"))
    counted = dict(re.findall(r'_pictures_total{\w+="(\w+)"} (.+)', metrics.text().decode()))
    assert counted == {
        "class": "1.0",
        "unsure": "1.0",
        "not_assessed": "1.0",
        "unreadable": "1.0",
        "dark": "2.0",
        "small": "1.0",
    }


def test_the_docs_hold_every_address_and_an_example_that_fits(asked):
    page = asked.client.get("/docs").text
    for path in asked.client.get("/openapi.json").json()["paths"]:
        assert f"{path}</code></h2>" in page
    assert "curl -F image=@one.jpg -F image=@two.jpg http://testserver/v1/predict" in page
    assert "http://testserver/v1/models/tiny:predict" in page
    assert "A request may have 0.0954 MiB and 3 pictures of 10,000 pixels" in page
    assert "Research software: not a medical device, and its answers are not a diagnosis." in page


def test_the_docs_ask_nobody_for_anything(asked):
    page = asked.client.get("/docs").text
    assert "<script" not in page
    assert set(re.findall(r'(?:src|href|action)="([^"#]*)', page)) <= {""}
    assert "url(" not in page


def test_the_docs_show_names_as_text(serving):
    named = Redness(name="<img src=x>", run="\u202erun", card=replace(CARD, note="<b>phantoms</b>"))
    page = serving(named).client.get("/docs", headers={"Host": "<script>"}).text
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page
    assert "&lt;b&gt;phantoms" in page
    assert "\u202e" not in page
    assert "<script" not in page


def test_the_docs_look_right_in_a_browser(asked, browser, tmp_path):
    (tmp_path / "docs.html").write_text(asked.client.get("/docs").text, encoding="utf-8")
    for window in ({"width": 1280, "height": 900}, {"width": 390, "height": 844}):
        with browser.open(tmp_path / "docs.html", window) as opened:
            assert (opened.fetched, opened.complaints) == ([], [])
            assert opened.too_wide <= 0, opened.sticking_out()
            assert opened.pressed_cells() == []
