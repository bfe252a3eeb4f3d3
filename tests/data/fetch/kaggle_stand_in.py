"""A server on this machine that answers the calls of the Kaggle client's download, as Kaggle does.

A download is answered by a redirect to a signed address, from where the archive comes with ETag and ranges.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

USER, KEY, TOKEN, SIGNATURE = "someone", "c0ffee-secret-key", "KGAT_secret_token", "SiGnAtUrE"
SERVICE = "/v1/competitions.CompetitionApiService/"


class StandIn:
    """What the server has, how it misbehaves, and what it was asked."""

    def __init__(self) -> None:
        self.address = ""
        self.files: dict[str, int] = {}
        self.archive = b""
        self.status: dict[str, int] = {}  # by the last part of the path: refuse with this status
        self.hidden_status: dict[str, int] = {}  # the same, in an answer that calls itself a success
        self.body_limit: int | None = None  # cut the connection after so many bytes of the archive
        self.dead_after: int | None = None  # how many times it answers before it hangs up without a word
        self.valid_for: int | None = None  # how many times the signed address may be asked
        self.calls: list[tuple[str, dict[str, str], Any]] = []

    def asked(self, name: str) -> list[tuple[str, dict[str, str], Any]]:
        return [call for call in self.calls if call[0].split("?")[0].endswith(name)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: StandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self._note(json.loads(body or b"{}"))
        if name == "IntrospectToken":
            active = json.loads(body)["token"] == TOKEN
            return self._json({"active": active, "username": USER if active else ""})
        basic = "Basic " + base64.b64encode(f"{USER}:{KEY}".encode()).decode()
        if self.headers.get("Authorization") not in (basic, f"Bearer {TOKEN}"):
            return self._json({"code": 401, "message": "Unauthenticated"}, 401)
        if name in self.stand_in.status:
            return self._json({"message": "no"}, self.stand_in.status[name])
        if name in self.stand_in.hidden_status:
            return self._json({"code": self.stand_in.hidden_status[name], "message": f"no {KEY}"})
        if name == "ListDataFiles":
            return self._list(json.loads(body))
        self.send_response(302)
        self.send_header("Location", f"{self.stand_in.address}/bundle/archive.zip?Signature={SIGNATURE}")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def do_GET(self) -> None:
        self._note(None)
        data, start, asked = self.stand_in.archive, 0, len(self.stand_in.asked("archive.zip"))
        if self.stand_in.dead_after is not None and asked > self.stand_in.dead_after:
            self.close_connection = True
            return None
        if self.stand_in.valid_for is not None and asked > self.stand_in.valid_for:
            return self._json({"message": "expired"}, 403)
        if "Range" in self.headers:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("ETag", '"version-1"')
        self.send_header("Last-Modified", formatdate(1_500_000_000, usegmt=True))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", "application/zip")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        limit = self.stand_in.body_limit
        self.wfile.write(data[start:] if limit is None else data[start : start + limit])
        self.close_connection = True
        return None

    def _note(self, body: Any) -> str:
        self.stand_in.calls.append((self.path, dict(self.headers), body))
        return self.path.rpartition("/")[2]

    def _list(self, request: dict[str, Any]) -> None:
        """Two files a page, so that every listing has several pages."""
        start = int(request.get("pageToken") or 0)
        names = list(self.stand_in.files)[start : start + 2]
        files = [{"ref": n, "name": n, "totalBytes": self.stand_in.files[n]} for n in names]
        more = start + 2 < len(self.stand_in.files)
        self._json({"files": files, "nextPageToken": str(start + 2) if more else ""})

    def _json(self, answer: dict[str, Any], status: int = 200) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[StandIn]:
    stand_in = StandIn()
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        stand_in.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield stand_in
        finally:
            server.shutdown()
            thread.join()
