"""The report, read as a browser would."""

import re
from dataclasses import replace

import numpy as np
import pytest
from materials import CLASSES, assessment, bare, flow, history, judged, material
from pages import Element, everything, read_page

from cervinet.evaluation.question import Question
from cervinet.report.contents import PARTS
from cervinet.report.page import write_report
from cervinet.report.sections.flow import flow_section
from cervinet.report.sections.headline import cautions

SHOWN = [
    *("headline", "flow", "characteristics", "training", "metrics", "confusion", "curves"),
    *("errors", "reproducibility"),
]
"""Sections that need no result of calibration, thresholds, subgroups, damage, heat maps or another site."""
VISIBLE = ("<script>alert(1)</script>", r"CIN | 2\n", r"cancer\u202e")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Element:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, material())
    return read_page(path)


@pytest.fixture(scope="module")
def little(tmp_path_factory) -> Element:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, bare())
    return read_page(path)


def part(page, place):
    (found,) = (section for section in page.all("section") if section.attributes["id"] == place)
    return found


def places(page):
    return [section.attributes["id"] for section in page.all("section")]


def missing(page):
    return [item.text for item in part(page, "missing").all("li")]


class TestPage:
    def test_asks_for_no_network_no_script_and_no_other_file(self, whole):
        elements = everything(whole)
        assert not {e.tag for e in elements} & {"script", "link", "iframe", "object", "embed", "base", "form", "use"}
        for element in elements:
            assert not [name for name in element.attributes if name.startswith("on") or name in ("srcset", "action")]
            assert re.match(
                r"data:image/(jpeg|svg\+xml);base64,", element.attributes.get("src", "data:image/jpeg;base64,")
            )
            assert element.attributes.get("href", "#").startswith("#")
        style = whole.one("style").text
        assert "url(" not in style
        assert "@import" not in style

    def test_sections_stand_in_order_and_no_id_twice(self, whole, little):
        order = [place.place for place in PARTS] + ["missing", "checklist"]
        for page in (whole, little):
            found = places(page)
            assert found == sorted(found, key=order.index)
            ids = [e.attributes["id"] for e in everything(page) if "id" in e.attributes]
            assert len(ids) == len(set(ids))
        assert [place for place in places(whole) if place in SHOWN] == SHOWN
        few = [place for place in places(little) if place in (*SHOWN, "missing", "checklist")]
        assert few == ["headline", "metrics", "confusion", "curves", "missing", "checklist"]

    def test_every_link_leads_to_a_section(self, whole, little):
        for page in (whole, little):
            contents = [link.attributes["href"].removeprefix("#") for link in page.one("nav").all("a")]
            assert contents == places(page)
            assert {link.attributes["href"].removeprefix("#") for link in page.all("a")} <= set(places(page))

    def test_what_is_there_is_not_called_missing_and_what_lacks_is(self, whole, little):
        titles = {part.place: part.title for part in PARTS}
        for page in (whole, little):
            lacking = [titles[part.place] for part in PARTS if part.place not in places(page)]
            assert [line.partition(" : ")[0].partition(":")[0] for line in missing(page)] == lacking
        assert not {"Training", "Worst errors"} & {line.partition(":")[0] for line in missing(whole)}

    def test_says_why_a_section_is_missing(self, little):
        said = missing(little)
        for line in (
            "Flow of the pictures: How the pictures were found and divided is not recorded.",
            "Characteristics of the splits: Nothing is recorded of the pictures of each split.",
            "Training: There is no history of the epochs.",
            "Operating points: Thresholds are settled on validation predictions: no validation predictions are known.",
            "Worst errors: The pictures themselves were not at hand.",
            "Another site: These are the run's own test pictures, not those of another site.",
            "Reproducibility: Configuration, versions and hashes of the run are not known.",
        ):
            assert line in said

    def test_hostile_names_are_text(self, whole):
        assert not {e.tag for e in everything(whole)} & {"script", "i"}
        assert not {"\u202e"} & set(whole.text)
        for visible in VISIBLE:
            assert visible in part(whole, "metrics").text
            assert visible in whole.one("header").text
        assert r"ward-7/mrs\n-003\u202egpj.jpg" in part(whole, "errors").text

    def test_the_same_material_gives_the_same_bytes(self, tmp_path):
        for name in ("a.html", "b.html"):
            write_report(tmp_path / name, bare())
        assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()

    def test_is_headed_in_order_and_every_picture_is_described(self, whole):
        headings = [e.tag for e in everything(whole) if e.tag in ("h1", "h2", "h3")]
        assert headings[:3] == ["h1", "h2", "h3"]
        assert headings.count("h1") == 1
        assert headings.count("h2") == len(places(whole))
        assert all(image.attributes["alt"] for image in whole.all("img"))
        assert all(drawing.attributes["aria-label"] for drawing in whole.all("svg"))
        for table in whole.all("table"):
            assert table.one("caption").text
            assert len({len(row) for row in table.rows()}) == 1

    def test_the_header_says_what_was_judged_and_that_it_is_synthetic(self, whole):
        assert whole.one("header").text == (
            f"Report of small {VISIBLE[0]} , {VISIBLE[1]} , {VISIBLE[2]} , judged on 60 pictures of the test split. "
            "These are synthetic phantoms."
        )

    def test_every_section_begins_with_a_sentence(self, whole):
        for section in whole.all("section"):
            if section.attributes["id"] in ("headline", "missing"):
                continue
            first = next(child for child in section.children if isinstance(child, Element) and child.tag != "h2")
            assert first.tag == "p", section.attributes["id"]
            assert first.text.endswith(".")


class TestHeadline:
    def test_shows_the_figures_with_their_intervals(self, whole):
        found = assessment().evaluation
        tiles = [tile.text for tile in part(whole, "headline").all("div", "tile")]
        area, balanced = found.metrics["auroc_macro"], found.metrics["balanced_accuracy"]
        assert tiles == [
            "Judged pictures 60 of 30 groups",
            f"AUROC, macro {area.value:.3f} 95 % interval {area.lower:.3f} – {area.upper:.3f}",
            f"Balanced accuracy {balanced.value:.3f} 95 % interval {balanced.lower:.3f} – {balanced.upper:.3f}",
            f"Sensitivity / specificity 0.900 / 0.700 {VISIBLE[2]} at sensitivity at least 0.95, threshold 0.250 "
            "(95 % intervals 0.850 – 0.940 and 0.650 – 0.740)",
            "Looks at the lesion? 42 % of the heat lies in the masks; evenly spread it would be 20 %. "
            "It looks at the lesion more than chance would.",
        ]

    def test_says_what_must_be_known_first(self):
        assert cautions(material()) == [
            "Not judged, for they could not be read: 1 picture.",
            f"Predictive values are for a share of 33.3 % of {CLASSES[2]!r}, as among the judged pictures; where fewer "
            "are ill, more alarms are false. Set evaluation.prevalence to the share where it is to be used.",
            "Over-fitting: at the best epoch accuracy is 0.90 in training and 0.53 in validation, a gap of 0.37; "
            "augmentation, dropout, weight decay or more pictures narrow it.",
            "'ward-7' has a lower sensitivity.",
            "No pictures of another site were judged; results may be worse there.",
        ]

    def test_warns_of_few_groups_of_rare_classes_and_of_chance(self):
        given = material(flow=replace(flow(), groups_from=""))
        known = given.assessment.predictions
        few = replace(known, groups=tuple(str(i % 10) for i in range(60)))
        few = replace(few, labels=np.where(np.arange(60) < 54, np.arange(60) % 2, 2))
        random = replace(few, probabilities=np.random.default_rng(1).dirichlet(np.ones(3), 60))
        said = cautions(replace(given, assessment=replace(given.assessment, evaluation=judged(random, 100))))
        assert said[0] == (
            "No patients are known: pictures of one patient may stand in training and in test, which flatters results."
        )
        assert said[1] == "The results rest on 10 groups; their intervals are too short."
        assert said[2] == f"Few to judge a class by: 6 of {CLASSES[2]!r}."
        assert said[3] == "The interval of the AUROC reaches 0.5: the network may be no better than chance."

    def test_guessed_groups_are_no_patients(self):
        said = cautions(material(flow=replace(flow(), groups_from="near-duplicates", guessed=True)))
        assert said[0] == (
            "No patients are known: pictures of one patient may stand in training and in test, which flatters results."
        )

    def test_groups_that_are_not_judged_are_counted(self):
        given = material()
        said = [
            cautions(replace(given, assessment=replace(given.assessment, mixed_groups=number)))[1] for number in (1, 72)
        ]
        assert said == [
            "1 group has images of several classes, so no single truth, and is not judged by group.",
            "72 groups have images of several classes, so no single truth, and are not judged by group.",
        ]

    def test_a_table_without_patients_and_a_question_that_nobody_asked(self):
        given = material(flow=None)
        asked = tuple(Question((name,), (place,)) for place, name in enumerate(CLASSES))
        said = cautions(replace(given, assessment=replace(given.assessment, other=None, questions=asked)))
        assert said[0] == (
            "Each picture counts as a patient of its own; where patients have several, intervals are too short."
        )
        assert said[2] == (
            "What is looked for is not said, so each class is set against the others; name it by evaluation.positive."
        )

    def test_without_masks_it_is_not_known_where_it_looks(self, little):
        assert part(little, "headline").all("div", "row")[0].text == (
            "Looks at the lesion? – Not known: there are no masks or boxes, or no heat maps."
        )


class TestFlow:
    def test_the_drawing_the_reasons_and_the_classes_agree(self, whole):
        section = part(whole, "flow")
        assert section.one("svg").attributes["aria-label"] == (
            "1,570 pictures found, 10 left out, 1,560 used: 1,200 training, 300 validation, 60 test"
        )
        assert section.one("svg").text == (
            "1,570 pictures found 10 left out 1,560 used 1,200 training 300 validation 60 test"
        )
        left_out, splits = section.all("table")
        assert [row[1] for row in left_out.rows()] == ["pictures", "7", "3"]
        assert splits.rows()[1][1:] == ["400 200 groups", "100 50 groups", "20 10 groups", "520 260 groups"]
        # Of groups with pictures of two classes the sum over classes would count two.
        assert splits.rows()[-1] == ["all", *("1,200 600 groups", "300 150 groups", "60 30 groups", "1,560 780 groups")]

    def test_says_where_numbers_do_not_add_up(self):
        assert "The numbers do not add up: +30 pictures without a reason." in flow_section(replace(flow(), found=1600))
        assert "add up" not in flow_section(flow())

    def test_says_that_no_groups_are_known(self):
        assert "No groups are known: several pictures of one patient" in flow_section(replace(flow(), groups_from=""))
        assert (
            "Patients are not known. Near-duplicates are kept together as groups; otherwise several pictures of one "
            "patient may stand in different splits, which would flatter the results."
        ) in flow_section(replace(flow(), groups_from="near-duplicates", guessed=True))


class TestSections:
    def test_metrics_stand_side_by_side_for_pictures_and_groups(self, whole):
        overall, by_image, by_group = part(whole, "metrics").all("table")
        found = assessment()
        rows = overall.rows()
        assert rows[0] == ["metric", "by picture", "interval", "n", "by group", "interval", "n", "better is"]
        assert len(rows) == 1 + len(found.evaluation.metrics)
        accuracy = found.evaluation.metrics["accuracy"]
        assert rows[1][1:4] == [f"{accuracy.value:.3f}", f"{accuracy.lower:.3f} – {accuracy.upper:.3f}", "60"]
        assert by_image.rows()[1][:2] == [VISIBLE[0], "20"]
        assert by_group.one("caption").text == "Each class against the others, by group"

    def test_a_metric_that_is_not_known_says_why(self, tmp_path):
        given = bare()
        alone = replace(given.assessment.predictions, labels=np.zeros(60, dtype=int))
        known = replace(given.assessment, evaluation=judged(alone), predictions=alone)
        write_report(tmp_path / "report.html", replace(given, assessment=known))
        page = read_page(tmp_path / "report.html")
        notes = [item.text for item in part(page, "metrics").all("li")]
        assert any("Balanced accuracy" in note and "there are images of one class only" in note for note in notes)
        assert [row[1] for row in part(page, "metrics").all("table")[0].rows() if "Balanced" in row[0]] == ["–"]

    def test_training_says_whether_it_over_fits(self, whole):
        assert part(whole, "training").one("p", "note").text == (
            "Over-fitting: at the best epoch accuracy is 0.90 in training and 0.53 in validation, a gap of 0.37; "
            "augmentation, dropout, weight decay or more pictures narrow it."
        )

    def test_a_history_without_validation_is_drawn_without_a_verdict(self, tmp_path):
        rows = [{key: value for key, value in row.items() if "val" not in key} for row in history()]
        write_report(tmp_path / "report.html", replace(bare(), history=rows))
        assert part(read_page(tmp_path / "report.html"), "training").all("p", "note") == []

    def test_errors_are_shown_with_their_heat_maps(self, whole):
        cards = part(whole, "errors").all("div", "finding")
        assert [len(one.all("img")) for one in cards] == [2, 0, 0]
        assert cards[0].one("p").text == f"{VISIBLE[0]} taken for {VISIBLE[2]} with 93.2 % probability"
        assert [(i.attributes["width"], i.attributes["height"]) for i in cards[0].all("img")] == [
            ("160", "120"),
            ("160", "160"),
        ]
        assert [one.one("div", "frame").text for one in cards[1:]] == ["not shown", "not shown"]

    def test_no_errors_are_not_a_fault_of_the_report(self, tmp_path):
        given = bare()
        known = given.assessment.predictions
        right = replace(known, probabilities=np.eye(3)[known.labels])
        known = replace(given.assessment, predictions=right, evaluation=judged(right))
        write_report(tmp_path / "report.html", replace(given, assessment=known))
        assert "Worst errors: Every answer was right." in missing(read_page(tmp_path / "report.html"))

    def test_reproducibility_lists_run_versions_hashes_and_config(self, whole):
        run, versions, hashes = (table.rows() for table in part(whole, "reproducibility").all("table"))
        assert dict(run) == {
            "what": "value",
            "training time": "1 min 30 s",
            "platform": "Linux-6.8",
            "git commit": "0123abc",
            "seed": "7",
            "device": "CPU, 2 cores",
            "host": "ws-12.hospital-of-x.org",
            "user": "jdoe",
            "time, data": "1 min 15 s",
            "time, training": "1 h 0 min",
            "architecture": "cervix_cnn",
            "picture size": "192 × 256 pixels (height × width)",
            "fixed steps": "crop, stretch",
            "views a picture": "1",
            "calibration": "temperature",
            "member 1": "/data/hospital-of-x/pictures/runs/first, weight 1.000",
        }
        assert versions[1:] == [["keras", "3.15.1"], ["python", "3.12.3"]]
        assert [row[1] for row in hashes[1:]] == ["cd" * 32, "ef" * 32, "ab" * 32]
        assert part(whole, "reproducibility").one("pre").text.startswith("name: small data: root: /data")

    def test_a_resumed_run_tells_both_beginnings(self, tmp_path):
        environment = {"device": "CPU", "resumed": [{"device": "GPU", "versions": {"keras": "4"}}]}
        write_report(tmp_path / "report.html", replace(bare(), environment=environment))
        rows = part(read_page(tmp_path / "report.html"), "reproducibility").one("table").rows()
        assert rows == [["what", "value"], ["device", "CPU"], ["resumed, 1: device", "GPU"]]
