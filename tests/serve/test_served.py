"""The real command in a process of its own, under what the world sends to it."""

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from clients import form

ODD = Path(os.environ.get("CERVINET_REAL_DATA", Path(__file__).parents[2] / "../shared/data")) / "odd-images"
SOURCE = Path(__file__).parents[2] / "src"
COMMAND = "from cervinet.cli import main; main()"
WATCHED = (
    """
import sys, atexit
atexit.register(lambda: print("tensorflow" if "tensorflow" in sys.modules else "no tensorflow", file=sys.stderr))
"""
    + COMMAND
)
pytestmark = pytest.mark.slow


class Served:
    """A process that serves."""

    COMMAND = sys.executable, "-c", WATCHED

    def __init__(self, run, log, *options, page=False):
        self.log = log
        environment = {name: value for name, value in os.environ.items() if name != "CERVINET_TOKEN"}
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [*self.COMMAND, "serve", str(run), "--port", "0", *([] if page else ["--no-page"]), *options],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment | {"PYTHONPATH": str(SOURCE)},
                cwd=log.parent,
            )
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), log.read_text()

    def memory(self):
        """Anonymous, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status).group(1)) / 1024

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(40)
        self.process.stdout.close()
        return code

    def records(self):
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def served(world, tmp_path_factory):
    one = Served(world.run, tmp_path_factory.mktemp("served") / "log", "--max-upload", "8")
    yield one
    one.end()


@pytest.fixture
def good(world):
    return world.some(1)[0].read_bytes()


def test_what_is_served_is_what_predict_says(world, served):
    from cervinet import Predictor

    pictures = world.some(5)
    answer = httpx.post(f"{served.url}/v1/predict", files=form(*(one.read_bytes() for one in pictures)))
    assert answer.status_code == 200
    for one, entry in zip(Predictor.load(world.run).predict(pictures), answer.json()["predictions"], strict=True):
        assert list(entry["probabilities"].values()) == pytest.approx(one.probabilities.tolist(), abs=1e-6)
        assert entry["class"] == one.verdict.label


def test_its_page_shows_what_predict_says_with_a_map_and_without_tensorflow(world, browser, tmp_path):
    from cervinet import Predictor

    [picture] = world.some(1)
    [found] = Predictor.load(world.run).predict([picture])
    served = Served(world.run, tmp_path / "log", page=True)
    try:
        with browser.visit(served.url) as opened:
            opened.page.locator("input[multiple]").set_input_files(picture)
            opened.page.wait_for_selector("figure.heat")
            assert opened.page.locator(".verdict").inner_text() == found.verdict.label
            shown = opened.page.locator(".bars td:last-child").all_inner_texts()
            assert shown == [f"{100 * p:.1f} %" for p in found.probabilities.tolist()]
    finally:
        assert served.end() == 0
    assert served.log.read_text().endswith("no tensorflow\n")


def test_fifty_requests_at_once(served, good):
    with ThreadPoolExecutor(50) as pool:
        answers = list(
            pool.map(lambda _: httpx.post(f"{served.url}/v1/predict", files=form(good), timeout=60), range(50))
        )
    assert {one.status_code for one in answers} == {200}
    assert len({one.text for one in answers}) == 1
    assert len({one.headers["x-request-id"] for one in answers}) == 50


def test_five_hundred_megabytes_without_a_length_are_refused_and_not_kept(served, good):
    taken = 0

    def pieces():
        nonlocal taken
        yield b'--B\r\nContent-Disposition: form-data; name="image"; filename="JANE-DOE.png"\r\n\r\n'
        for _ in range(500):
            taken += 1
            yield bytes(1 << 20)

    before = served.memory()
    answer = httpx.post(
        f"{served.url}/v1/predict",
        content=pieces(),
        headers={"Content-Type": "multipart/form-data; boundary=B"},
        timeout=60,
    )
    assert answer.status_code == 413
    assert answer.json() == {
        "error": "the body of a request must have at most 8,388,608 bytes; send fewer or smaller pictures"
    }
    assert served.memory() - before < 64
    assert httpx.post(f"{served.url}/v1/predict", files=form(good)).status_code == 200


def test_a_client_that_leaves_harms_nobody(served, good):
    host, port = served.url.removeprefix("http://").split(":")
    head = f"POST /v1/predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=B\r\n"
    for body, length in ((b"--B\r\n", 10_000), (b'{"images": []}', 14)):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + body)
    assert httpx.post(f"{served.url}/v1/predict", files=form(good)).status_code == 200


@pytest.mark.real
@pytest.mark.skipif(not ODD.is_dir(), reason=f"no real pictures at {ODD}: set CERVINET_REAL_DATA")
def test_every_odd_picture_gets_the_outcome_of_the_index_and_the_next_good_one_is_answered(served, good):
    with (ODD / "INDEX.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) > 80
    wrong = []
    with httpx.Client(base_url=served.url, timeout=60) as client:
        for row in rows:
            files = [("image", (row["name"], (ODD / row["name"]).read_bytes()))]
            answer = client.post("/v1/predict", files=files)
            expected = {"decode": {200}, "reject": {422}, "either": {200, 422}}[row["outcome"].split()[0]]
            body = answer.json()
            told = body["error"] if answer.status_code == 422 else "'picture 0' "
            if answer.status_code not in expected or "\n" in told or not told.startswith("'picture 0' "):
                wrong.append((row["name"], answer.status_code, body))
            if client.post("/v1/predict", files=form(good)).status_code != 200:
                wrong.append((row["name"], "the next one fails"))
    assert wrong == []
    log = served.log.read_text()
    assert [row["name"] for row in rows if row["name"] in log] == []
    assert "CANARY" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_end_finishes_what_was_taken_and_is_no_failure(world, tmp_path, good, number):
    one = Served(world.run, tmp_path / "log")
    host, port = one.url.removeprefix("http://").split(":")
    body = (
        b'--B\r\nContent-Disposition: form-data; name="image"; filename="JANE-DOE.png"\r\n\r\n'
        + good
        + b"\r\n--B--\r\n"
    )
    head = f"POST /v1/predict HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=B\r\n\r\n".encode() + body[:-10])
        assert httpx.get(f"{one.url}/healthz").json() == {"status": "ready"}  # by now the other is taken too
        ended = threading.Thread(target=lambda: codes.append(one.end(number)))
        codes = []
        ended.start()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection((host, int(port))).close()
            except ConnectionRefusedError:
                break
        else:
            pytest.fail("new connections are still taken")
        connection.sendall(body[-10:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    ended.join()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"probabilities"' in answer
    assert codes == [0]
    lines = one.log.read_text().splitlines()
    assert lines[-2:] == ["Stopped; nothing that was sent is kept.", "no tensorflow"]
    assert [record["status"] for record in one.records()] == [200, 200]
    assert "JANE" not in one.log.read_text()


def test_a_token_from_the_environment_is_needed(world, tmp_path, monkeypatch):
    (tmp_path / "token").write_text("correct-horse-battery\n")
    one = Served(world.run, tmp_path / "log", "--token-file", str(tmp_path / "token"))
    try:
        assert httpx.get(f"{one.url}/metrics").status_code == 401
        headers = {"Authorization": "Bearer correct-horse-battery"}
        found = httpx.get(f"{one.url}/metrics", headers=headers)
        assert found.status_code == 200
        assert 'cervinet_requests_total{method="GET",route="none",status="401"} 1.0' in found.text
    finally:
        assert one.end() == 0
    assert "correct-horse" not in one.log.read_text()


def test_nothing_but_the_python_package_is_asked_for(served):
    page = urllib.request.urlopen(f"{served.url}/docs").read().decode()
    assert re.findall(r'(?:src|href|action)="(?!#)[^"]*"', page) == []
