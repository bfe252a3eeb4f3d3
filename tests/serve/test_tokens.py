"""Nobody without the token is told anything but that the service is well."""

import base64

import pytest
from clients import form, png

from cervinet.errors import UsageError
from cervinet.serve.tokens import check_bind, check_token, is_loopback

TOKEN = "correct-horse-battery"
REFUSED = {"error": "this service needs a token; send it as Authorization: Bearer TOKEN"}


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "given", [f"Bearer {TOKEN}", f"bearer  {TOKEN} ", basic(f":{TOKEN}"), basic(f"anyone:{TOKEN}")]
)
def test_who_brings_the_token_is_let_in(serving, given):
    answer = serving(token=TOKEN).client.post("/v1/predict", files=form(png()), headers={"Authorization": given})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Token {TOKEN}",
        "Basic %",
        "Basic é",
        basic(TOKEN),
        basic(f"{TOKEN}:"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/predict", "/", "/docs", "/openapi.json", "/metrics", "/v1/models/tiny", "/x"])
def test_nobody_else_is(serving, given, path):
    asked = serving(token=TOKEN)
    headers = {} if given is None else {"Authorization": given.encode("latin-1")}
    answer = asked.client.get(path, headers=headers)
    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert answer.headers["www-authenticate"] == 'Bearer, Basic realm="cervinet", charset="UTF-8"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert TOKEN not in str(asked.records)


def test_a_token_in_the_query_is_none(serving):
    assert serving(token=TOKEN).client.get(f"/metrics?token={TOKEN}").status_code == 401


def test_health_is_told_to_anyone(serving):
    answer = serving(token=TOKEN).client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_the_document_says_that_a_token_is_needed(serving):
    client = serving(token=TOKEN).client
    document = client.get("/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    assert document["security"] == [{"token": []}]
    assert document["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_needs_no_token(host):
    assert is_loopback(host)
    check_bind(host, None, insecure=False)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "10.0.0.1", "clinic.example", "localhost.example", ""]
)
def test_any_other_address_does(host):
    check_bind(host, TOKEN, insecure=False)
    check_bind(host, None, insecure=True)
    with pytest.raises(UsageError) as refused:
        check_bind(host, None, insecure=False)
    assert str(refused.value) == (
        f"--host {host} opens the service to others, so it needs a token: set CERVINET_TOKEN or --token-file "
        "(make one with: openssl rand -hex 32), or say --insecure"
    )


@pytest.mark.parametrize(
    "token", ["", "short", "fifteen-letters", "with spaces in between", "tökens-of-this-length", "a" * 15]
)
def test_a_token_that_can_be_guessed_or_not_sent_is_refused(token):
    with pytest.raises(UsageError) as refused:
        check_token(token)
    assert str(refused.value) == (
        "the token must be at least 16 printable ASCII characters without spaces; make one with: openssl rand -hex 32"
    )
    check_token("a" * 16)
