"""The pages in a real browser: nothing is fetched or complained of, a phone need not scroll sideways, print works."""

from dataclasses import replace

import numpy as np
import pytest
from test_data_page import ALL_KINDS, Measured
from test_robustness_section import found as robustness_found  # noqa: F401

from browser import DESKTOP, PHONE
from cervinet.data.audit.findings import Finding
from cervinet.data.manifest import Manifest, table_of
from cervinet.progress import Silent
from cervinet.report.data_page import write_data_page
from cervinet.report.html import write_page
from cervinet.report.sections.robustness import robustness_section

LONG = "a-very-long-file-name-that-no-camera-would-give-a-picture-but-an-archive-does" * 2


@pytest.fixture
def data_page(pictures, tmp_path):
    """Every kind of finding, large and tall thumbnails, class and file names of all kinds."""
    names = [f"a/{LONG}.png", "a/1.png", "b/عنق.png", "b/<b>.png", *(f"b/{n}.png" for n in range(8))]
    root = pictures(names, size=(40, 250))
    rows = [{"image": name, "label": name[0] * 40, "group": f"patient-{n}"} for n, name in enumerate(names)]
    splits = ["train", "val", "test"] * 4
    manifest = Manifest(table_of(rows).assign(split=splits), root, ("a" * 40, "b" * 40), groups_from=("column",))
    n = len(names)
    measured = Measured(
        np.full(n, 40), np.arange(n) + 240, np.full((n, 3), 120.0), np.linspace(20, 200, n), np.linspace(1, 90, n)
    )
    findings = [*ALL_KINDS, Finding("unreadable", "error", (0,), f"'{LONG}' is damaged; remove it")]
    findings += [Finding("duplicates", "exclude", tuple(range(12)), "equal pixels")]
    path = tmp_path / "data_report.html"
    write_data_page(
        path, replace(manifest, note="synthetic"), findings, measured=measured, progress=Silent(), config="lesions"
    )
    return path


@pytest.fixture
def robustness_page(robustness_found, tmp_path):  # noqa: F811
    path = tmp_path / "robustness.html"
    write_page(path, "robustness", [robustness_section(robustness_found, note="synthetic phantoms")])
    return path


@pytest.mark.parametrize("which", ["data_page", "robustness_page"])
def test_a_page_is_whole_by_itself_fits_a_phone_and_prints(which, request, browser, tmp_path):
    path = request.getfixturevalue(which)
    for window in (DESKTOP, PHONE):
        with browser.open(path, window) as opened:
            opened.page.screenshot(path=tmp_path / f"{which}-{window['width']}.png", full_page=True)
            assert (opened.fetched, opened.complaints) == ([], [])
            assert opened.sticking_out() == []
            assert opened.pressed_cells() == []
            assert opened.too_wide <= 0
            assert opened.page.locator("h2").count() > 0
            drawn = "[...document.images].every(one => one.complete && one.naturalWidth > 0)"
            assert opened.page.evaluate(drawn)
    with browser.open(path) as opened:
        assert opened.pdf(tmp_path / f"{which}.pdf") >= 1
        assert (opened.fetched, opened.complaints) == ([], [])
