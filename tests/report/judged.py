"""Results of an evaluation for tests of figures and sections, of classes with hostile names if wanted."""

from dataclasses import replace

import numpy as np
from pages import read_page

from cervinet.evaluation.calibration import fit_calibration
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.report.html import write_page

HOW = Resampling(draws=60, confidence=0.9, seed=1)
HOSTILE = ("<script>alert(1)</script>", "a\nb$x$", "‮evil")


def predicted(seed, classes=("normal", "CIN1", "CIN2+"), labels=None, per_group=1):
    random = np.random.default_rng(seed)
    truth = random.integers(0, len(classes), 120) if labels is None else np.asarray(labels)
    logits = 2.5 * (random.normal(size=(len(truth), len(classes))) + 1.5 * np.eye(len(classes))[truth])
    probabilities = fit_calibration("none", logits, truth).apply(logits)
    names = tuple(str(number) for number in range(len(truth)))
    groups = tuple(str(number // per_group) for number in range(len(truth)))
    return Predictions(names, groups, truth, probabilities, tuple(classes), "test", logits=logits)


def after_temperature(classes=("normal", "CIN1", "CIN2+")):
    """The calibration, and test predictions to which it was applied."""
    validation, test = predicted(1, classes), predicted(2, classes)
    fitted = fit_calibration("temperature", validation.logits, validation.labels)
    return fitted, replace(test, probabilities=fitted.apply(test.logits)), test.probabilities


def rendered(section, folder):
    """The section as a browser reads it, from a page that holds it alone."""
    write_page(folder / "page.html", "title", [section])
    return read_page(folder / "page.html").one("section")
