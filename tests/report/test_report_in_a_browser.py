"""A whole report, made by the same functions as that of a run, in a real browser: desktop, phone and print."""

from dataclasses import replace

import numpy as np
import pytest
from materials import card, case, flow, history, jpeg

from browser import DESKTOP, PHONE
from cervinet.evaluation.assessment import assess
from cervinet.evaluation.calibration import softmax
from cervinet.evaluation.choices import choose
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.sanity import sanity
from cervinet.evaluation.shift import shift
from cervinet.report.contents import PARTS
from cervinet.report.material import Material
from cervinet.report.page import CHECKLIST, MISSING, write_report

HOW = Resampling(draws=60, confidence=0.95, seed=0)
CLASSES = ("normal", "low grade, of a name that is long", "high grade <b>")


def drawn(seed, split, images=120):
    random = np.random.default_rng(seed)
    labels = np.arange(images) % 3
    logits = random.normal(size=(images, 3)) + 1.5 * np.eye(3)[labels]
    return Predictions(
        images=tuple(f"{split}/a name that is rather long for a picture-{n:04d}.jpg" for n in range(images)),
        groups=tuple(f"{split}-{n // 6}-{n % 3}" for n in range(images)),
        labels=labels,
        probabilities=softmax(logits / 1.4),
        classes=CLASSES,
        split=split,
        logits=logits,
        spread=random.random(images),
        attributes={"site": tuple("abc"[n % 7 % 3] for n in range(images))},
    )


@pytest.fixture
def report(tmp_path):
    validation, test = drawn(1, "val"), drawn(2, "test")
    rules = [("sensitivity", {"at_least": 0.9}), ("youden", {})]
    choices = choose(validation, unit="image", positive=None, rules=rules, coverage=0.9, most_errors=0.1)
    found = assess(
        test,
        how=HOW,
        unit="image",
        positive=None,
        prevalence=0.02,
        choices=choices,
        no_choices="",
        calibration="temperature",
        divided_by=[("site", None)],
    )
    found = replace(
        found, shift=shift(drawn(3, "own"), test, None, HOW), sanity=sanity(np.array([0.1, 0.2]), ["a", "b"], HOW)
    )
    picture = jpeg(160, 120)
    material = Material(
        title="A report",
        assessment=found,
        note="synthetic numbers",
        flow=flow(),
        history=history(),
        config="name: small\n",
        environment={"versions": {"numpy": np.__version__}, "device": "CPU"},
        card=replace(card(), calibration={"method": "temperature", "values": {"temperature": 1.4}, "n": 120}),
        hashes={"model.keras": "0" * 64},
        explained=tuple(case(n, picture=picture, overlay=picture) for n in range(5)),
        worst=tuple(case(n, picture=picture, overlay=picture) for n in range(3)),
        how=HOW,
        heat="grad_cam",
    )
    path = tmp_path / "report.html"
    write_report(path, material)
    return path


def test_a_report_is_whole_by_itself_fits_a_phone_and_prints(report, browser, tmp_path):
    for window in (DESKTOP, PHONE):
        with browser.open(report, window) as opened:
            opened.page.screenshot(path=tmp_path / f"report-{window['width']}.png", full_page=True)
            assert (opened.fetched, opened.complaints) == ([], [])
            assert opened.sticking_out() == []
            assert opened.pressed_cells() == []
            assert opened.too_wide <= 0
            places = [one.get_attribute("id") for one in opened.page.locator("section").all()]
            everything = [part.place for part in PARTS if part.place not in ("robustness", "gate")]
            assert places == [*everything, MISSING[0], CHECKLIST[0]]
            drawn = "[...document.images].every(one => one.complete && one.naturalWidth > 0)"
            assert opened.page.evaluate(drawn)
    with browser.open(report) as opened:
        assert opened.pdf(tmp_path / "report.pdf") >= 5
        assert (opened.fetched, opened.complaints) == ([], [])
