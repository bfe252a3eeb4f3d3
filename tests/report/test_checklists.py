"""The reporting checklists: every item once, and every section that is said to cover one exists."""

import pytest
from materials import bare, material
from pages import read_page

from cervinet.report.contents import PARTS
from cervinet.report.html import write_page
from cervinet.report.page import write_report
from cervinet.report.sections.checklist import NAMES, checklist, checklist_section

PLACES = {part.place: part.title for part in PARTS}
# 27 items with 52 sub-items: Collins et al., BMJ 2024;385:e078378, table 2.
TRIPOD = {3: "abc", 5: "ab", 6: "abc", 8: "abc", 9: "abc", 12: "abcdefg", 18: "abcdef", 20: "abc", 23: "ab", 27: "abc"}


def tables(page):
    (section,) = (one for one in page.all("section") if one.attributes["id"] == "checklist")
    return section.all("table")


def test_numbers_are_complete():
    expected = [f"{item}{letter}" for item in range(1, 28) for letter in TRIPOD.get(item, " ")]
    assert [one.item for one in checklist("tripod_ai").items] == [number.strip() for number in expected]
    assert len(expected) == 52
    assert [one.item for one in checklist("claim").items] == [str(number) for number in range(1, 45)]


@pytest.mark.parametrize("name", NAMES)
def test_what_covers_an_item_is_a_section_and_what_does_not_is_to_be_written(name):
    for one in checklist(name).items:
        assert set(one.here) <= set(PLACES), one.item
        assert len(set(one.here)) == len(one.here), one.item
        assert one.asks
        assert one.here or one.yours, one.item


@pytest.mark.parametrize("name", NAMES)
def test_every_list_names_its_authority(name):
    assert checklist(name).reference.count("2024;") == 1


def test_an_absent_section_covers_nothing(tmp_path):
    write_page(tmp_path / "page.html", "x", [checklist_section(PLACES, {"metrics", "curves"})])
    page = read_page(tmp_path / "page.html")
    assert {link.attributes["href"] for link in page.all("a")} == {"#metrics", "#curves"}
    rows = {row[0]: row for row in tables(page)[0].rows()}
    assert rows["23a"] == ["23a", "Performance with intervals", "Metrics , ROC and precision–recall", "–"]
    assert rows["12g"] == ["12g", "How predictions were computed", "", "☐ This report has nothing on it."]
    assert rows["18a"] == ["18a", "Funding", "", "☐ Who paid, and what part they had."]
    assert rows["5a"][3] == (
        "☐ This report has nothing on it. The sources of the training and of the test pictures, why these, and whom "
        "they stand for."
    )


@pytest.mark.parametrize("given", [bare, material])
def test_the_captions_count_what_is_covered_and_name_the_authority(tmp_path, given):
    write_report(tmp_path / "report.html", given())
    page = read_page(tmp_path / "report.html")
    for table, name in zip(tables(page), NAMES, strict=True):
        covered = sum(bool(row[2]) for row in table.rows()[1:])
        one = checklist(name)
        assert table.one("caption").text == (
            f"{one.name}: {one.about}. {covered} of {len(one.items)} items are covered here, wholly or in part. "
            f"Authority: {one.reference}"
        )
        boxes = table.all("div", "todo")
        assert len(boxes) == sum(row[3] != "–" for row in table.rows()[1:])
        assert all(box.text.startswith("☐ ") for box in boxes)
