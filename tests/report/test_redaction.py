"""A copy to hand on holds no name, no path and no picture, wherever they stood."""

import re
from dataclasses import replace

import pytest
import yaml
from materials import CLASSES, CONFIG, ROOT, group_name, image_name, material
from pages import read_page

from cervinet.escape import for_terminal
from cervinet.evaluation.shift import Shift
from cervinet.report.model_card_page import model_card
from cervinet.report.page import write_report
from cervinet.report.redaction import REMOVED, redacted


@pytest.fixture(scope="module")
def told():
    """Material that tells names in every free text."""
    secret = f"{image_name(3)} of {group_name(3)} under {ROOT}"
    given = material(title=f"Report {secret}", note=f"pictures, {secret}", remarks=(secret,))
    known = replace(given.assessment, no_choices=f"no validation, {secret}")
    said = (f"the gap of {secret}",)
    located = replace(known.localisation, sentence=secret)
    metrics = known.evaluation.metrics
    prevalence = dict.fromkeys(CLASSES, (metrics["accuracy"], metrics["accuracy"]))
    parted = Shift(metrics, metrics, prevalence, {}, said)
    known = replace(known, subgroups=(replace(known.subgroups[0], gaps=said),), localisation=located, shift=parted)
    flow = replace(given.flow, groups_from=f"the column of {ROOT}/list.csv")
    flow = replace(flow, characteristics=((secret, {"train": secret}),))
    return replace(given, assessment=known, flow=flow, card=replace(given.card, note=secret, not_deployable=secret))


@pytest.fixture(scope="module")
def page(told, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, redacted(told))
    return path.read_text("utf-8") + model_card(redacted(told))


SECRETS = [
    *(image_name(number) for number in (0, 3, 4, 59)),
    *(group_name(number) for number in (0, 3, 59)),
    *("ward-7/broken.jpg", "broken.jpg", ROOT, "hospital-of-x", "jdoe", "ws-12", "division.csv", "list.csv"),
    *("outlines", "own_start", "doubles"),
]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_name_and_no_path_is_anywhere(page, secret):
    for written in (secret, for_terminal(secret), for_terminal(secret).replace("_", r"\_")):
        assert written not in page


def test_the_secrets_are_told_where_nothing_is_redacted(told, tmp_path):
    """Otherwise the test above could not fail."""
    write_report(tmp_path / "report.html", told)
    page = (tmp_path / "report.html").read_text("utf-8")
    told_there = [secret for secret in SECRETS if for_terminal(secret) in page]
    assert {image_name(3), group_name(3), ROOT, "jdoe", "ws-12", "division.csv", "own_start"} <= set(told_there)
    assert "data:image/jpeg" in page


def test_no_picture_is_shown(page):
    assert "data:image/jpeg" not in page
    assert len(re.findall("<img", page)) == len(re.findall('<img class="plot"', page)) > 0


def test_figures_classes_and_findings_stay(told, page):
    assert for_terminal(CLASSES[1]) in page
    accuracy = told.assessment.evaluation.metrics["accuracy"]
    assert f"{accuracy.lower:.3f} – {accuracy.upper:.3f}" in page
    assert "0123abc" in page
    assert "A copy to hand on" in page


def test_errors_are_a_table_of_codes(tmp_path):
    copy = redacted(material(), salt=b"salt")
    write_report(tmp_path / "report.html", copy)
    (section,) = (s for s in read_page(tmp_path / "report.html").all("section") if s.attributes["id"] == "errors")
    rows = section.one("table").rows()
    assert rows[0] == ["picture", "is", "taken for", "probability"]
    assert [row[0] for row in rows[1:]] == [f"{case.image} wrong and sure" for case in copy.worst]
    assert rows[1][3] == "0.932"


def test_codes_are_stable_within_a_copy_and_differ_between_copies():
    given = material()
    first, second = redacted(given), redacted(given)
    for copy in (first, second):
        codes = copy.assessment.predictions.images
        assert len(set(codes)) == 60
        assert all(re.fullmatch("[0-9a-f]{10}", code) for code in codes)
        assert copy.worst[0].image == codes[3]
        assert copy.assessment.predictions.groups[6] == copy.assessment.predictions.groups[7]
    assert set(first.assessment.predictions.images).isdisjoint(second.assessment.predictions.images)
    third, fourth = (redacted(given, salt=b"a").assessment.predictions for _ in range(2))
    assert (third.images, third.groups) == (fourth.images, fourth.groups)


def test_the_config_keeps_what_is_no_path():
    assert yaml.safe_load(redacted(material()).config) == {
        "name": "small",
        "data": {
            "root": REMOVED,
            "reader": "table",
            "split": {"file": REMOVED},
            "preprocess": [{"crop": {"masks": REMOVED}}],
        },
        "model": {"weights": REMOVED},
        "training": {"epochs": 3},
    }
    assert yaml.safe_load(CONFIG)["training"] == {"epochs": 3}


@pytest.mark.parametrize("config", ["", "a: [", "- a list"])
def test_a_config_that_is_none_is_left_out(config):
    assert redacted(material(config=config)).config == ""


def test_the_environment_keeps_numbers_and_known_texts():
    given = material(
        environment={
            "versions": {"keras": "3.15.1"},
            "device": "GPU /physical_device:GPU:0",
            "seconds": {"data": 1.5},
            "hostname": "ws-12",
            "cwd": "/home/jdoe",
            "resumed": [{"versions": {"keras": "4"}, "user": "jdoe", "seed": 1}],
            "git_commit": None,
        }
    )
    assert redacted(given).environment == {
        "versions": {"keras": "3.15.1"},
        "device": f"GPU {REMOVED}",
        "seconds": {"data": 1.5},
        "hostname": REMOVED,
        "cwd": REMOVED,
        "resumed": [{"versions": {"keras": "4"}, "user": REMOVED, "seed": 1}],
        "git_commit": None,
    }


def test_remarks_lose_their_names(told):
    (remark,) = redacted(told).remarks
    assert re.fullmatch(rf"[0-9a-f]{{10}} of [0-9a-f]{{10}} under {re.escape(REMOVED)}", remark)


def test_short_names_do_not_strike_ordinary_text():
    given = material(note="7 of 10 pictures")
    judged = replace(given.assessment.predictions, groups=("7",) * 60)
    copy = redacted(replace(given, assessment=replace(given.assessment, predictions=judged)))
    assert copy.note == "7 of 10 pictures"
