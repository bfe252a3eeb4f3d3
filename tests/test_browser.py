"""The eyes that look at pages: each fault that they are there for is found in a page made for it."""

import shutil

import pytest

from browser import DESKTOP, PHONE, demand

PAGE = '<!DOCTYPE html><meta name="viewport" content="width=device-width"><title>t</title><body style="margin:0">{}'


@pytest.fixture
def page(tmp_path):
    def written(body):
        (tmp_path / "page.html").write_text(PAGE.format(body), encoding="utf-8")
        return tmp_path / "page.html"

    return written


def test_without_a_browser_a_test_skips_and_where_it_is_required_fails(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("CERVINET_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="there is no chromium; install it as "):
        demand()
    monkeypatch.setenv("CERVINET_BROWSER", "required")
    with pytest.raises(pytest.fail.Exception, match="CERVINET_BROWSER=required, but there is no chromium"):
        demand()


def test_a_sound_page_has_nothing_to_say(browser, page, tmp_path):
    with browser.open(
        page('<p>words</p><img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">')
    ) as one:
        assert (one.fetched, one.complaints, one.too_wide, one.sticking_out()) == ([], [], 0, [])
        assert one.pdf(tmp_path / "page.pdf") == 1
        assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ('<img alt="" src="https://example.org/a.png">', "https://example.org/a.png"),
        ('<link rel="stylesheet" href="http://example.org/a.css">', "http://example.org/a.css"),
        ('<script>fetch("https://example.org/b").catch(() => 0)</script>', "https://example.org/b"),
        ('<img alt="" src="beside.png">', "beside.png"),
    ],
)
def test_whatever_it_asks_for_is_seen_and_refused(browser, page, body, asked):
    with browser.open(page(body)) as one:
        one.page.wait_for_timeout(100)
        assert [address.endswith(asked) for address in one.fetched] == [True]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<script>console.error("broken")</script>', "error: broken"),
        ('<script>throw new Error("thrown")</script>', "error: thrown"),
    ],
)
def test_what_it_complains_of_is_heard(browser, page, body, complaint):
    with browser.open(page(body)) as one:
        assert one.complaints == [complaint]


def test_what_sticks_out_is_measured_and_named(browser, page):
    wide = page('<div class="broad" style="width:600px">much too wide</div>')
    with browser.open(wide, PHONE) as one:
        assert one.too_wide == 600 - PHONE["width"]
        assert one.sticking_out() == ['<div class="broad"> much too wide']
    with browser.open(wide, DESKTOP) as one:
        assert one.too_wide <= 0
    scrolls = page('<div style="overflow-x:auto"><div style="width:600px">scrolls by itself</div></div>')
    with browser.open(scrolls, PHONE) as one:
        assert (one.too_wide, one.sticking_out()) == (0, [])


def test_cells_pressed_to_a_letter_are_named(browser, page):
    cells = "".join(f"<td>{number}.123456</td>" for number in range(30))
    table = f'<div style="overflow-x:auto"><table style="overflow-wrap:{{}}"><tr>{cells}</tr></table></div>'
    with browser.open(page(table.format("anywhere")), PHONE) as one:
        assert len(one.pressed_cells()) == 30
    with browser.open(page(table.format("break-word")), PHONE) as one:
        assert one.pressed_cells() == []


def test_a_long_page_takes_more_sheets(browser, page, tmp_path):
    with browser.open(page('<div style="height:400cm">x</div>')) as one:
        assert one.pdf(tmp_path / "page.pdf") > 10
