"""What is reachable of Gradio over HTTP: the page and its two calls; no file, no upload, no address elsewhere."""

import base64
import json
import os
import re
import socket
import stat
import tempfile
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from small_service import SmallService, phantom

from cervinet.serve.page import mount_page

LARGEST = 30_000
CALL = "/gradio_api/component_server/"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A page whose temporary files, if it wrote any, would lie in a folder of its own."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("TMPDIR", str(folder))
        app = mount_page(FastAPI(), SmallService(), largest=LARGEST, most=3)
        with TestClient(app, raise_server_exceptions=False) as found:
            found.folder = folder
            yield found


@pytest.fixture(autouse=True)
def asked_elsewhere(monkeypatch):
    """Addresses on the internet that something tried to reach; none may be."""
    found = []

    def refuse(self, address):
        found.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *place, **more: refuse(None, place))
    yield found
    assert found == []


def component(client):
    """The number of the desk, as a browser learns it."""
    config = json.loads(re.search(r"window\.gradio_config = (\{.*?\});</script>", client.get("/").text)[1])
    (desk,) = [one["id"] for one in config["components"] if one["props"].get("server_fns")]
    return desk


def call(client, data, name="answer", **more):
    return {"component_id": component(client), "fn_name": name, "session_hash": "visit", "data": data, **more}


def picture(content=None, name="a.jpg"):
    return {"name": name, "data": base64.b64encode(content or phantom()).decode()}


def test_the_page_is_served_and_may_reach_nothing_else(client):
    page = client.get("/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    styles = client.get("/theme.css").text
    assert {place[:5] for place in re.findall(r"url\(['\"]?([^)]*)", styles)} <= {"data:"}
    assert "@import" not in styles


def test_a_call_is_answered(client):
    answer = client.post(CALL, json=call(client, picture()))
    assert answer.status_code == 200
    assert answer.json()["label"] == "Type_1"
    figure = client.post(CALL, json=call(client, picture() | {"label": "Type_2"}, "heat"))
    assert "<figure" in figure.json()["figure"]


FORBIDDEN = [
    ("GET", "/gradio_api/file=/etc/passwd"),
    ("GET", "/gradio_api/file/etc/passwd"),
    ("GET", "/file=/etc/passwd"),
    ("GET", "/gradio_api/file=http://169.254.169.254/latest/meta-data"),
    ("GET", "/gradio_api/proxy=http://169.254.169.254/"),
    ("HEAD", "/gradio_api/file=/etc/passwd"),
    ("POST", "/gradio_api/upload"),
    ("GET", "/gradio_api/upload_progress?upload_id=1"),
    ("POST", "/gradio_api/queue/join"),
    ("GET", "/gradio_api/queue/data?session_hash=visit"),
    ("POST", "/gradio_api/run/predict"),
    ("POST", "/gradio_api/call/answer"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/openapi.json"),
    ("GET", "/gradio_api/runs"),
    ("GET", "/gradio_api/stream/1/2/3/playlist.m3u8"),
    ("GET", "/gradio_api/custom_component/1/client/component/a.js"),
    ("POST", "/gradio_api/process_recording"),
    ("GET", "/config"),
    ("GET", "/monitoring"),
    ("POST", "/login"),
    ("GET", "/docs/of/nothing"),
    ("GET", "/assets/../../../../../../../../etc/passwd"),
    ("GET", "/static/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd"),
    ("GET", "/assets//etc/passwd"),
    ("DELETE", "/"),
]


@pytest.mark.parametrize(("method", "path"), FORBIDDEN)
def test_everything_else_is_refused(client, method, path):
    answer = client.request(method, path)
    assert answer.status_code in (403, 404, 405)
    assert "root:" not in answer.text


def test_a_saved_state_cannot_be_asked_for(client):
    assert client.get("/?deep_link=../../etc").text == client.get("/").text


FILE = {"meta": {"_type": "gradio.FileData"}, "path": "/etc/passwd", "url": "http://169.254.169.254/"}


@pytest.mark.parametrize(
    "changed",
    [
        {"data": FILE},
        {"data": [picture()]},
        {"data": {"name": "a", "data": FILE}},
        {"data": "text"},
        {"component_id": 999},
        {"component_id": True},
        {"component_id": "0"},
        {"component_id": None},
        {"fn_name": "__init__"},
        {"fn_name": "preprocess"},
        {"fn_name": ["answer"]},
        {"session_hash": "v" * 65},
        {"session_hash": None},
    ],
)
def test_a_call_of_anything_else_is_refused(client, changed):
    answer = client.post(CALL, json=call(client, picture()) | changed)
    assert answer.status_code == 400
    assert answer.json() == {"error": "the body must be a call that this page makes"}


@pytest.mark.parametrize("path", ["/etc/passwd", "http://169.254.169.254/latest", "file:///etc/passwd"])
def test_a_path_or_an_address_in_a_call_is_never_read(client, path):
    sent = {"name": path, "data": "", "path": path, "url": path}
    answer = client.post(CALL, json=call(client, sent))
    assert answer.status_code == 200
    assert "root:" not in answer.text
    assert answer.json()["unread"] != ""


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000])
def test_a_body_that_is_no_call_is_refused(client, body):
    answer = client.post(CALL, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400


def test_a_form_is_refused(client):
    answer = client.post(CALL, files={"file": b"x"})
    assert (answer.status_code, answer.json()["error"]) == (
        415,
        "the body must be application/json; say so in Content-Type",
    )


def test_too_much_is_refused_whether_or_not_it_was_announced(client):
    def endless():
        for _ in range(100):
            yield b" " * 10_000

    said = {"error": "the body must have at most 50,000 bytes; send a smaller picture"}
    kind = {"content-type": "application/json"}
    announced = client.post(CALL, content=b" " * 60_000, headers=kind)
    streamed = client.post(CALL, content=endless(), headers=kind)
    assert [(one.status_code, one.json()) for one in (announced, streamed)] == [(413, said)] * 2


def test_a_heartbeat_is_ended_at_once(client):
    assert client.get("/gradio_api/heartbeat/visit").status_code == 204


def test_nothing_is_written_and_nothing_of_a_visit_is_kept(client):
    # The last test of the file: whatever the others did would show too.
    client.post(CALL, json=call(client, picture()))
    client.post(CALL, json=call(client, picture(b"no picture", "x.jpg")))
    folders = [client.folder, Path(os.environ["GRADIO_TEMP_DIR"])]
    assert stat.S_IMODE(folders[1].stat().st_mode) == 0o700
    assert [path for folder in folders for path in folder.rglob("*") if not path.is_dir()] == []
    mounted = client.app.routes[-1].app
    visit = mounted.state_holder.session_data["visit"]
    assert visit.state_data == {}
    first = mounted.get_blocks().config["components"]
    assert {one["id"]: one["props"].get("value") for one in visit.components} == {
        one["id"]: one["props"].get("value") for one in first
    }
    assert mounted.get_blocks().upload_file_set == set()
