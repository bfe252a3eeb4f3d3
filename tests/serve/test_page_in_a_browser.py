"""The page as people use it, in a real browser: desktop and phone."""

import threading
from contextlib import contextmanager

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from small_service import SIZE, SmallService, heat_of, phantom

from browser import DESKTOP, PHONE
from cervinet.csv_table import read_table
from cervinet.evaluation.localisation import of_one
from cervinet.serve.page import mount_page

BAD = "<b>no picture\u202egpj.jpg"


@contextmanager
def served(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def service():
    return SmallService()


@pytest.fixture(scope="module")
def address(service):
    with served(mount_page(FastAPI(), service, largest=200_000, most=6)) as found:
        yield found


@pytest.fixture
def files(tmp_path):
    good = [tmp_path / f"picture {number}.jpg" for number in range(3)]
    for path in good:
        path.write_bytes(phantom())
    (tmp_path / BAD).write_bytes(b"no picture")
    return [*good, tmp_path / BAD]


def boxed(page):
    """The box that stands on the picture, in pixels of the network's picture, as a region."""
    left, top, right, bottom = map(int, page.locator(".share").get_attribute("data-box").split())
    region = np.zeros(SIZE, bool)
    region[top:bottom, left:right] = True
    return region


@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pictures_are_judged_and_looked_into(browser, address, service, files, window, tmp_path):
    with browser.visit(address, window, touch=window is PHONE) as opened:
        page = opened.page
        page.wait_for_selector(".desk")
        assert page.locator(".notice").is_visible()
        assert page.locator(".camera").is_visible() == (window is PHONE)

        page.locator("input[multiple]").set_input_files(files[0])
        page.wait_for_selector("figure.heat")
        (found,) = service.predictor.predict([files[0]])
        assert page.locator(".verdict").inner_text() == found.verdict.label
        shown = [float(text.removesuffix(" %")) for text in page.locator(".bars td:last-child").all_inner_texts()]
        assert shown == [round(100 * p, 1) for p in found.probabilities.tolist()]

        page.locator(".opacity").fill("25")
        assert page.locator(".layer").evaluate("one => getComputedStyle(one).opacity") == "0.25"

        page.locator(".measure").click()
        page.locator(".layers").scroll_into_view_if_needed()
        frame = page.locator(".layers").bounding_box()
        for move, part in (("move", 0.2), ("down", 0), ("move", 0.6), ("up", 0)):
            place = [frame["x"] + part * frame["width"], frame["y"] + part * frame["height"]] if part else []
            getattr(page.mouse, move)(*place)
        told = page.locator(".share").inner_text()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+ArrowDown")
        for said in (told, page.locator(".share").inner_text()):
            assert "% of the heat lies in the box, which is" in said
        parts = of_one(heat_of("Type_1"), boxed(page))
        inside, area = (f"{100 * parts[part]:.1f} %" for part in ("mass", "mass_chance"))
        assert said == f"{inside} of the heat lies in the box, which is {area} of the picture."
        assert said != told

        page.locator(".asked").select_option("Type_3")
        page.wait_for_selector("img[alt='Heat map of what speaks for Type_3']")
        assert opened.too_wide <= 0
        page.screenshot(path=tmp_path / f"one-{window['width']}.png", full_page=True)

        page.locator("input[multiple]").set_input_files(files)
        page.wait_for_function("document.querySelector('.state').textContent.endsWith('.')")
        assert page.locator(".state").inner_text() == "4 pictures: 3 judged, 1 could not be read."
        assert page.locator("tbody .show").all_inner_texts() == [
            *(path.name for path in files[:3]),
            BAD.replace("\u202e", r"\u202e"),
        ]
        page.locator(".batch .show").last.click()
        assert page.locator(".one .verdict").inner_text() == "Not read"
        with page.expect_download() as download:
            page.locator(".take").click()
        download.value.save_as(tmp_path / "taken.csv")
        table = read_table(tmp_path / "taken.csv")
        assert table.text("image") == [path.name for path in files]
        judged = table.where([not error for error in table.text("error")])
        assert len(judged.rows) == 3
        numbers = judged.numbers([f"p_{name}" for name in service.card.classes])
        assert numbers.tolist() == [found.probabilities.tolist()] * 3
        assert opened.too_wide <= 0
        page.screenshot(path=tmp_path / f"several-{window['width']}.png", full_page=True)

        page.locator(".clear").click()
        assert page.locator(".state").inner_text().startswith("No picture yet.")
        assert (opened.fetched, opened.complaints) == ([], [])


def test_limits_and_a_busy_service_are_told_and_examples_need_no_file(browser, address, service, files, tmp_path):
    with browser.visit(address) as opened:
        page = opened.page
        page.wait_for_selector(".desk")
        page.locator("input[multiple]").set_input_files(files[:1] * 7)
        assert page.locator(".state").inner_text() == "7 files were given; up to 6 at a time are taken. Give fewer."
        large = tmp_path / "large.jpg"
        large.write_bytes(b"x" * 1_100_000)
        page.locator("input[multiple]").set_input_files(large)
        page.wait_for_selector(".verdict")
        assert page.locator(".verdict").inner_text() == "This file has 1.0 MiB; the service takes up to 0 MiB."
        service.busy = 1
        page.locator(".example").nth(1).click()
        page.wait_for_selector("figure.heat")
        assert page.locator(".file").inner_text() == "phantom-Type_2.jpg"
        assert service.busy == 0
        assert (opened.fetched, opened.complaints) == ([], [])
