"""The section on the input gate, read as a browser would."""

from dataclasses import replace

import pytest
from materials import assessment, card, estimate, material
from pages import read_page

from cervinet.report.html import write_page
from cervinet.report.page import write_report
from cervinet.report.sections.gate import gate_section

NAMES = ("dark", "bright", "blurred", "small", "unlike", "any", "refused")
FLAGGED = {name: estimate((number + 1) / 10) for number, name in enumerate(NAMES)}
GATE = {"n": 1000, "share": 0.01, "refuse": ["unlike"]}


def shown(folder, gate):
    write_page(folder / "page.html", "page", [gate_section(FLAGGED, gate)])
    return read_page(folder / "page.html")


def cells(page):
    return [[cell.text.split() for cell in row.all("td")] for row in page.all("tr")[1:]]


def test_a_row_for_each_flag_and_one_for_any(tmp_path):
    found = cells(shown(tmp_path, GATE))
    assert [row[0][0] for row in found] == ["0.100", "0.200", "0.300", "0.400", "0.500", "0.600"]
    assert [" ".join(row[1]) for row in found] == ["no", "no", "no", "no", "yes", "0.700 0.650 – 0.740"]


def test_where_nothing_is_refused(tmp_path):
    page = shown(tmp_path, GATE | {"refuse": []})
    assert {len(row) for row in cells(page)} == {1}
    assert "A flag is shown beside the class and changes nothing;" in page.all("section")[0].text


@pytest.mark.parametrize("gated", [True, False])
def test_the_report_has_it_where_there_is_a_gate(tmp_path, gated):
    given = material(
        assessment=replace(assessment(), flagged=FLAGGED if gated else {}),
        card=replace(card(), gate=GATE if gated else {}),
    )
    write_report(tmp_path / "report.html", given)
    page = read_page(tmp_path / "report.html")
    (missing,) = (one for one in page.all("section") if one.attributes["id"] == "missing")
    said = any("The run has no input gate, or it was not asked." in item.text for item in missing.all("li"))
    there = "gate" in [one.attributes["id"] for one in page.all("section")]
    assert (there, said) == (gated, not gated)
