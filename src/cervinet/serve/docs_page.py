"""`/docs`: the OpenAPI document as a page for people, which needs no script and nothing from elsewhere."""

from collections.abc import Iterator, Mapping
from typing import Any

from cervinet.report.html import (
    Html,
    anchor,
    block,
    bullets,
    code,
    faint,
    joined,
    link,
    listing,
    navigation,
    page,
    paragraph,
    section,
    table,
    text,
)

Schema = Mapping[str, Any]


def docs_page(document: Mapping[str, Any], url: str, model: str) -> str:
    """
    Args:
        document: OpenAPI 3.1, as `openapi.document` makes it.
        url: of the service, as the reader reached it, for the examples.
        model: its name, for the examples.
    """
    return "".join(page(document["info"]["title"], _body(document, url, model)))


def _body(document: Mapping[str, Any], url: str, model: str) -> Iterator[Html]:
    routes = [
        (f"{verb.upper()} {path}", one) for path, verbs in document["paths"].items() for verb, one in verbs.items()
    ]
    schemas = document["components"]["schemas"]
    yield block("header", block("h1", text(document["info"]["title"])))
    yield paragraph(text(document["info"]["description"]), style="note")
    if document.get("security"):
        said = "Every address but /healthz needs a token, as Authorization: Bearer TOKEN."
        yield paragraph(text(said), style="note")
    entries = [link(f"route-{n}", code(name)) for n, (name, _) in enumerate(routes)]
    entries.append(link("schemas", text("What requests and answers hold")))
    contents = navigation("Contents", paragraph(text("Addresses"), style="faint"), bullets(entries))
    pieces = [_route(f"route-{n}", name, one, url, model) for n, (name, one) in enumerate(routes)]
    tables = [_schema(name, one) for name, one in schemas.items() if one.get("properties")]
    machines = paragraph(text("For programs, the same is in /openapi.json, as OpenAPI 3.1."))
    pieces.append(section("schemas", text("What requests and answers hold"), machines, *tables))
    yield block("div", contents, block("div", *pieces, style="parts"), style="beside")


def _route(place: str, name: str, one: Mapping[str, Any], url: str, model: str) -> Html:
    pieces = [paragraph(block("strong", text(one["summary"])))]
    pieces += [paragraph(_prose(part)) for part in one.get("description", "").split("\n\n") if part]
    if body := one.get("requestBody"):
        kinds = joined(
            *(joined(code(kind), _shape(what["schema"])) for kind, what in body["content"].items()), between=", or "
        )
        pieces.append(paragraph(text("Takes"), kinds))
    if curl := one.get("x-curl"):
        pieces.append(listing(curl.format(url=url, model=model)))
    rows = [[code(status), _prose(what["description"]), _answer(what)] for status, what in one["responses"].items()]
    rows.sort(key=lambda row: row[0])
    pieces.append(table(text("Answers"), [text("status"), text("meaning"), text("body")], rows, style="words"))
    return section(place, code(name), *pieces)


def _answer(what: Mapping[str, Any]) -> Html:
    return joined(*(_shape(one["schema"]) or code(kind) for kind, one in what.get("content", {}).items()), between=", ")


def _shape(schema: Schema) -> Html:
    """The type of a value in words."""
    if "$ref" in schema:
        return link("schema-" + _name(schema), text(_name(schema)))
    if options := schema.get("anyOf"):
        return joined(*map(_shape, options), between=" or ")
    if schema.get("type") == "array":
        items = schema.get("items", {})
        if items.get("format") == "binary":
            return text("files")
        return joined(text("list of"), _shape(items)) if items else text("list")
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return joined(text("names to"), _shape(schema["additionalProperties"]))
    if schema.get("type") == "object" and schema.get("properties"):
        fields = schema["properties"].items()
        return joined(*(joined(text("with"), code(name), text("as"), _shape(one)) for name, one in fields))
    return text(
        {"base64": "base64"}.get(schema.get("contentEncoding", ""), schema.get("format") or schema.get("type", "any"))
    )


def _prose(words: str) -> Html:
    """A paragraph in which `…` is code."""
    parts = " ".join(words.split()).split("`")
    return joined(*(code(part) if number % 2 else text(part) for number, part in enumerate(parts)), between="")


def _name(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _schema(name: str, one: Schema) -> Html:
    required = one.get("required", [])
    rows = [
        [
            joined(code(field), faint("" if field in required else "may be left out")),
            _shape(what),
            _prose(what.get("description", "")),
        ]
        for field, what in one["properties"].items()
    ]
    about = one.get("description", "")
    heads = [text("name"), text("type"), text("meaning")]
    caption = joined(block("strong", text(name)), _prose(about))
    return anchor("schema-" + name, table(caption, heads, rows, style="words"))
