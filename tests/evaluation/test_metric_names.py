"""Every metric has a name that people know, and a new one is shown as it is written."""

import pytest

from cervinet.evaluation.metric_names import HEADLINE, MetricName, metric_name, metric_title
from cervinet.evaluation.metrics import OVERALL, PER_CLASS


@pytest.mark.parametrize("name", [*OVERALL, *PER_CLASS, *(f"{name}_macro" for name in PER_CLASS)])
def test_every_metric_is_explained(name):
    found = metric_name(name)
    assert found.meaning.endswith(".")
    assert found.better in ("higher", "lower")


def test_a_macro_mean_says_what_it_is_a_mean_of():
    assert metric_name("f1_macro") == MetricName(
        "F1, macro", "Mean over the classes. Harmonic mean of precision and sensitivity.", "higher"
    )


def test_other_means_are_told_apart():
    assert metric_name("auroc_weighted").meaning.startswith("Mean over the classes by their shares. How often")
    assert metric_name("auroc_micro").title == "AUROC, micro"
    assert metric_name("kappa_linear").title == "Kappa, linear weights"


def test_an_unknown_metric_is_shown_as_it_is_written():
    assert metric_name("new_thing") == MetricName("New thing", "", "neither")
    assert metric_name("new_thing_macro") == MetricName("New thing, macro", "Mean over the classes.", "neither")


def test_the_headline_is_of_metrics_that_there_are():
    assert set(HEADLINE) <= {*OVERALL, *(f"{name}_macro" for name in PER_CLASS)}


@pytest.mark.parametrize(
    ("key", "title"),
    [
        ("log_loss", "log loss"),
        ("brier", "Brier score"),
        ("auroc_macro", "macro AUROC"),
        ("auroc:Type_1", "AUROC Type_1"),
        ("sensitivity_macro", "macro sensitivity"),
        ("average_precision_weighted", "weighted average precision"),
        ("auroc_hand_till", "AUROC, Hand & Till"),
        ("f1", "F1"),
        ("ece", "calibration error (ECE)"),
        ("new_thing_macro", "macro new thing"),
        ("kappa", "Cohen's kappa"),
    ],
)
def test_titles_within_a_sentence(key, title):
    assert metric_title(key) == title
