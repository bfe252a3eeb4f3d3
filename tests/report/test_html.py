"""HTML pieces: escaped whatever they hold, and whole pages that ask for nothing."""

import pytest
from pages import read_page

from cervinet.report import html
from cervinet.report.html import Html, text


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("plain (1).png", "plain (1).png"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\"a\" & 'b'", "&quot;a&quot; &amp; &#x27;b&#x27;"),
        ("a\nb\u202ec\udcff", r"a\nb\u202ec\udcff"),
        ("&amp;", "&amp;amp;"),
        ("عنق 子宮", "عنق 子宮"),
    ],
)
def test_text_says_what_it_says(given, written):
    assert text(given) == written


def test_a_name_does_not_turn_what_is_around_it():
    assert html.name("عنق<b>") == "<bdi>عنق&lt;b&gt;</bdi>"


def test_every_piece_escapes_its_attributes(tmp_path):
    evil = '"><script>x</script>'
    pieces = [
        html.image(b"\xff", evil, 3, 4),
        html.drawing(3, 4, evil),
        html.section(evil, text(evil)),
        html.link(evil, text(evil)),
        html.mark(evil, evil),
        html.table(text(evil), [text(evil)], [[text(evil)]], style=evil),
        html.paragraph(text(evil), style=evil),
    ]
    html.write_page(tmp_path / "page.html", evil, pieces)
    page = read_page(tmp_path / "page.html")
    assert page.all("script") == []
    assert page.one("img").attributes == {
        "src": "data:image/jpeg;base64,/w==",
        "alt": evil,
        "width": "3",
        "height": "4",
    }
    assert page.one("svg").attributes["aria-label"] == evil
    assert page.one("title").text == evil


def test_a_table_heads_its_rows_and_columns(tmp_path):
    rows = [[text("a"), text("1")], [text("all"), text("2")]]
    table = html.table(text("Counts"), [text("class"), text("n")], iter(rows), ruled=1)
    html.write_page(tmp_path / "page.html", "x", [table])
    found = read_page(tmp_path / "page.html").one("table")
    assert found.rows() == [["class", "n"], ["a", "1"], ["all", "2"]]
    assert [head.attributes["scope"] for head in found.all("th")] == ["col", "col", "row", "row"]
    assert [row.attributes.get("class") for row in found.all("tr")] == [None, None, "ruled"]
    assert found.one("caption").text == "Counts"


def test_a_page_forbids_itself_scripts_and_the_network(tmp_path):
    html.write_page(tmp_path / "page.html", "x", [])
    policy = next(m for m in read_page(tmp_path / "page.html").all("meta") if "http-equiv" in m.attributes)
    assert policy.attributes == {
        "http-equiv": "Content-Security-Policy",
        "content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    }


def test_a_page_that_fails_half_way_leaves_the_old_one(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")

    def body():
        yield Html("<p>new</p>")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        html.write_page(path, "x", body())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
