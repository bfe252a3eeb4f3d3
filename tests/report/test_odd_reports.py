"""A report can be written of predictions of any kind, and says pictures or groups as it was asked."""

import pytest
from pages import read_page

from cervinet.evaluation.assessment import assess
from cervinet.evaluation.choices import choose
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.units import by_group
from cervinet.report.material import Material
from cervinet.report.page import write_report
from odd_data import ODD, made

HOW = Resampling(6, 0.9, 1)
RULES = [("sensitivity", {"at_least": 0.9}), ("youden", {})]


def material(test, validation, unit="image", columns=(("site", None),)):
    validation = by_group(validation)[0] if unit == "group" else validation
    found = assess(
        test,
        how=HOW,
        unit=unit,
        positive=None,
        prevalence=None,
        choices=choose(validation, unit=unit, positive=None, rules=RULES, coverage=0.8, most_errors=0.2),
        no_choices="",
        calibration="none" if test.logits is None else "temperature",
        divided_by=columns if any(test.attributes["site"]) and len(test.images) > 1 else (),
    )
    return Material("odd", found, how=HOW)


def page_of(given, folder):
    write_report(folder / "report.html", given)
    return read_page(folder / "report.html")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(ODD)[::3])  # a page takes two seconds; test_assessment takes them all
def test_a_report_is_written_and_no_table_is_empty(name, tmp_path):
    page = page_of(material(ODD[name](2), ODD[name](1)), tmp_path)
    assert {"headline", "metrics", "uncertainty"} <= {one.attributes["id"] for one in page.all("section")}
    tables = page.all("table")
    assert all(len(one.rows()) > 1 and len({len(row) for row in one.rows()}) == 1 for one in tables)
    assert "nan" not in page.text.lower().split()
    assert not [word for word in page.text.split() if word.endswith("_macro") or "equal_mass" in word]


LABELS = [0, 0, 1, 1, 2, 2] * 8


def section_of(page, place):
    (found,) = (one for one in page.all("section") if one.attributes["id"] == place)
    return found


def own_words(section):
    """Without the reasons that stand in lists, which are those of metrics.json."""
    pieces = [one for tag in ("p", "caption", "th") for one in section.all(tag)]
    return set(" ".join(one.text for one in pieces).replace(".", " ").replace(",", " ").split())


def test_by_group_it_says_groups(tmp_path):
    given = material(made(2, labels=LABELS), made(1, labels=LABELS), "group")
    page = page_of(given, tmp_path)
    for place in ("operating", "subgroups", "calibration"):
        words = own_words(section_of(page, place))
        assert "groups" in words
        assert not {"image", "images", "picture", "pictures"} & words, place
    assert "validation groups: chance alone" in section_of(page, "uncertainty").text
    assert section_of(page, "subgroups").one("table").rows()[0][:2] == ["site", "groups"]


def test_by_picture_it_says_pictures(tmp_path):
    page = page_of(material(made(2), made(1)), tmp_path)
    for place in ("operating", "subgroups", "calibration", "uncertainty", "decision", "metrics"):
        words = own_words(section_of(page, place))
        assert {"picture", "pictures"} & words, place
        assert not {"image", "images"} & words, place


def test_a_column_that_differs_within_every_group_says_so(tmp_path):
    given = material(made(2, labels=LABELS), made(1, labels=LABELS), "group", [("width", None)])
    found = section_of(page_of(given, tmp_path), "subgroups")
    assert found.all("p")[-1].text == (
        "Not known: the images of each group differ in width, so that no group has one value of it."
    )
    assert not found.all("table")
