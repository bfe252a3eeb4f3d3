"""The section on explanations, as a browser sees it."""

from dataclasses import replace

import numpy as np
import pytest
from pages import everything, read_page

from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.localisation import localisation, of_one
from cervinet.evaluation.sanity import sanity
from cervinet.report.html import write_page
from cervinet.report.material import Case
from cervinet.report.overlay import jpeg
from cervinet.report.sections.explanations import explanations_section

HOW = Resampling(draws=100, confidence=0.95, seed=0)
NAMES = ("benign", "<b>bad</b>")
FILE = jpeg(np.full((40, 60, 3), 90, np.uint8))
CASE = Case("p/1.jpg", "wrong and sure", NAMES[0], NAMES[1], 0.913, FILE, FILE)
SANE = sanity(np.array([0.1, 0.2, 0.0]), ["x", "y", "z"], HOW)


def located(empty=0):
    random, region = np.random.default_rng(0), np.zeros((8, 8), bool)
    region[2:5, 2:5] = True
    heats = [random.random((8, 8)) + 2 * region for _ in range(12)] + [np.zeros((8, 8))] * empty
    number = len(heats)
    return localisation(
        [of_one(heat, region) for heat in heats],
        np.arange(number) % 2,
        [f"g{n}" for n in range(number)],
        NAMES,
        region="masks",
        how=HOW,
        without=4,
    )


@pytest.fixture
def shown(tmp_path):
    def write(*arguments, **options):
        path = tmp_path / "page.html"
        write_page(path, "t", [explanations_section(*arguments, **options)])
        (found,) = read_page(path).all("section")
        return found

    return write


def test_pictures_stand_beside_their_heat(shown):
    found = shown([CASE, replace(CASE, kind="right", image="p/2.jpg")], located(), SANE, "grad_cam")
    first, second = found.all("div", "finding")
    assert [image.attributes["alt"] for image in first.all("img")] == [
        "picture labelled benign",
        "heat for <b>bad</b>",
    ]
    assert {(i.attributes["width"], i.attributes["height"]) for i in first.all("img")} == {("160", "107")}
    assert first.text == (
        "wrong and sure probability 0.91 labelled benign · predicted <b>bad</b> picture heat for <b>bad</b> p/1.jpg"
    )
    assert second.all("span", "mark")[0].text == "right"


def test_a_map_without_heat_is_called_so(shown):
    (card,) = shown([replace(CASE, blank=True)], located(), SANE, "grad_cam").all("div", "finding")
    assert [image.attributes["alt"] for image in card.all("img")] == [
        *("picture labelled benign", "no heat for <b>bad</b>")
    ]
    assert card.text.endswith("picture no heat for <b>bad</b> p/1.jpg")


def test_the_table_has_values_intervals_and_chance(shown):
    given = located(empty=1)
    table = shown([CASE], given, SANE, "grad_cam").one("table")
    head, all_of_them, benign, bad = table.rows()
    assert head == ["class", "pictures", "share of the heat inside", "hottest point inside", "overlap"]
    mass = given.overall.mass
    assert all_of_them[:3] == [
        "all",
        "13 1 without heat",
        f"{mass.value:.2f} ({mass.lower:.2f} – {mass.upper:.2f}) chance 0.14",
    ]
    assert all_of_them[3] == "1.00 (no interval) chance 0.14"
    assert (benign[0], bad[0]) == NAMES
    assert table.one("caption").text == (
        "Heat of the predicted class against masks, by true class: value, interval, chance. 4 more pictures have none "
        "in sight."
    )


def test_the_sentences_and_the_caution_are_there(shown):
    text = shown([CASE], located(), SANE, "grad_cam_plus_plus").text
    assert located().sentence in text
    assert SANE.sentence in text
    assert "Method: Grad-CAM++, for the predicted class, of the upright picture." in text
    assert "no proof of a right reason" in text


def test_without_regions_it_is_said(shown):
    found = shown([CASE], None, None, "grad_cam")
    assert (
        "Whether the heat lies on the lesion was not measured: the pictures have no masks or boxes that the network "
        "sees." in found.text
    )
    assert not found.all("table")


def test_redacted_it_has_no_picture_and_no_name_of_a_file(shown):
    found = shown([CASE], located(), SANE, "grad_cam", redacted=True, remarks=["'secret.png' is broken"])
    assert not found.all("img")
    assert "p/1.jpg" not in found.text
    assert "secret" not in found.text
    assert "No pictures are shown: this page is redacted." in found.text
    assert "Of 1 picture the file or the region could not be used." in found.text
    assert located().sentence in found.text


def test_remarks(shown):
    found = shown([], None, SANE, "grad_cam", remarks=[f"'{n}.png' is broken" for n in range(12)])
    assert "Of 12 pictures the file or the region could not be used: '0.png' is broken" in found.text
    assert "'9.png' is broken and 2 more." in found.text
    assert "No pictures are shown: there are none to show." in found.text


def test_names_do_not_become_markup(shown):
    found = shown([replace(CASE, image="<script>\n\u202e.jpg")], located(), SANE, "grad_cam")
    assert not {"script", "b"} & {element.tag for element in everything(found)}
    assert r"<script>\n\u202e.jpg" in found.text
