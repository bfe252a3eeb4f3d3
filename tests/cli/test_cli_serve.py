"""`cervinet serve` refuses what must not be served, before anything is loaded."""

import json
import socket

import pytest

from cervinet import cli_serve
from cervinet.run import Run
from world import World, cervinet

PUBLIC = (
    "Error: --host {} opens the service to others, so it needs a token: set CERVINET_TOKEN or --token-file "
    "(make one with: openssl rand -hex 32), or say --insecure\n"
)
GUESSED = (
    "Error: the token must be at least 16 printable ASCII characters without spaces; make one with: "
    "openssl rand -hex 32\n"
)


@pytest.fixture(autouse=True)
def _no_token(monkeypatch):
    monkeypatch.delenv("CERVINET_TOKEN", raising=False)


@pytest.fixture
def started(monkeypatch):
    """What would have been served, in place of serving it."""
    found = []
    monkeypatch.setattr("cervinet.serve.running.run_until_told", lambda app, claim: found.append((app, claim)))
    return found


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "clinic.example"])
def test_a_network_is_not_served_without_a_token(host):
    result = cervinet("serve", "nowhere", "--host", host)
    assert (result.exit_code, result.stderr) == (2, PUBLIC.format(host))


def test_a_token_that_can_be_guessed_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("CERVINET_TOKEN", "secret")
    assert cervinet("serve", "nowhere").stderr == GUESSED
    (tmp_path / "token").write_text("\n")
    assert cervinet("serve", "nowhere", "--token-file", tmp_path / "token").stderr == GUESSED
    missing = cervinet("serve", "nowhere", "--token-file", tmp_path / "none")
    assert missing.exit_code == 2
    assert missing.stderr == (
        f"Error: --token-file {tmp_path / 'none'} cannot be read: No such file or directory; check the path\n"
    )


def test_missing_packages_are_named_with_how_to_install_them(monkeypatch):
    monkeypatch.setattr(cli_serve, "find_spec", lambda name: None if name in ("fastapi", "uvicorn") else name)
    result = cervinet("serve", "nowhere")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: serving needs fastapi, uvicorn; install it: pip install 'cervinet[serve]'\n",
    )


def test_a_run_that_is_not_there(tmp_path):
    result = cervinet("serve", tmp_path / "nowhere")
    assert (result.exit_code, result.stderr) == (2, f"Error: there is no run directory {tmp_path / 'nowhere'}\n")


def test_a_port_that_is_taken(world: World):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = cervinet("serve", world.run, "--port", port)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: http://127.0.0.1:{port} cannot be served: Address already in use; choose another --port or --host\n",
    )


def test_a_queue_that_a_request_would_not_fit_in():
    result = cervinet("serve", "nowhere", "--queue", "1")
    assert result.exit_code == 2
    assert "Invalid value for '--queue': 1 is not in the range x>=64." in result.stderr


@pytest.mark.slow
def test_a_run_that_is_not_for_new_pictures(world: World, tmp_path):
    run = Run(tmp_path)
    values = json.loads(Run(world.run).card.read_text())
    run.card.write_text(json.dumps(values | {"not_deployable": "it needs masks that experts drew"}))
    result = cervinet("serve", run.path, "--port", 0)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Loading the network …\nError: {run.path} cannot be served, for it is not for use on new pictures: "
        "it needs masks that experts drew\n",
    )


@pytest.mark.slow
def test_the_newest_run_is_served_and_said_where(world: World, tmp_path, started):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "one").symlink_to(world.run)
    result = cervinet("serve", "--port", 0, "--no-page")
    assert result.exit_code == 0
    [(app, _)] = started
    url = result.stdout.strip()
    assert url.startswith("http://127.0.0.1:")
    assert result.stderr == (
        "Run: runs/one (the newest finished one)\n"
        "Loading the network …\n"
        "Serving tiny, run run.\n"
        f"  {url}/docs  how programs ask\n"
        "Research software: not a medical device, and its answers are not a diagnosis. Ctrl-C ends it.\n"
        "Stopped; nothing that was sent is kept.\n"
    )
    assert "/v1/predict" in app.openapi()["paths"]


@pytest.mark.slow
def test_a_token_opens_the_network(world: World, started, monkeypatch):
    monkeypatch.setenv("CERVINET_TOKEN", "correct-horse-battery")
    result = cervinet("serve", world.run, "--host", "0.0.0.0", "--port", 0, "--no-page")
    assert result.exit_code == 0
    assert "how programs ask, with the token\n" in result.stderr
    assert "correct-horse" not in result.output
    [(app, _)] = started
    assert app.openapi()["security"] == [{"token": []}]


@pytest.mark.slow
def test_the_page_is_left_out_where_gradio_is_not_installed(world: World, started, monkeypatch):
    monkeypatch.setattr(cli_serve, "find_spec", lambda name: None if name == "gradio" else name)
    result = cervinet("serve", world.run, "--port", 0)
    assert result.exit_code == 0
    assert "The page is left out, for it needs gradio; install it: pip install 'cervinet[ui]'\n" in result.stderr
    assert len(started) == 1
