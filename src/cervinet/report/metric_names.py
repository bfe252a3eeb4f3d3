"""What the metrics are called in a report, what they mean in a line, and which way is better."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "nearer to 0", "nearer to 1", "neither"]

_MACRO = "_macro"


@dataclass(frozen=True)
class MetricName:
    """How a metric is shown.

    Attributes:
        title: with a capital.
        meaning: one sentence for a clinician; empty for a metric that is not in the table.
        better: which values are.
    """

    title: str
    meaning: str
    better: Better


_NAMES = {
    "accuracy": MetricName("Accuracy", "Share of all that get the right class; large classes dominate it.", "higher"),
    "balanced_accuracy": MetricName(
        "Balanced accuracy", "Mean of the sensitivities of the classes; each class counts the same.", "higher"
    ),
    "log_loss": MetricName("Log loss", "Punishes probabilities that were sure and wrong; 0 is perfect.", "lower"),
    "auroc": MetricName(
        "AUROC", "How often one of the class gets a higher probability than one of the others; 0.5 is chance.", "higher"
    ),
    "auprc": MetricName("AUPRC", "Mean precision over all sensitivities; chance is the share of the class.", "higher"),
    "average_precision": MetricName(
        "Average precision", "Mean precision over all sensitivities; chance is the share of the class.", "higher"
    ),
    "precision": MetricName("Precision", "Share of those called the class that are of it.", "higher"),
    "ppv": MetricName("PPV", "Positive predictive value: share of those called positive that are.", "higher"),
    "npv": MetricName("NPV", "Negative predictive value: share of those called negative that are.", "higher"),
    "sensitivity": MetricName("Sensitivity", "Share of the class that is found (recall).", "higher"),
    "specificity": MetricName("Specificity", "Share of the others that is rightly not called the class.", "higher"),
    "f1": MetricName("F1", "Harmonic mean of precision and sensitivity.", "higher"),
    "brier": MetricName("Brier score", "Mean squared error of the probabilities; 0 is perfect.", "lower"),
    "ece": MetricName(
        "Calibration error (ECE)", "How far the probability of the answer is from how often it is right.", "lower"
    ),
    "mcc": MetricName("Matthews correlation", "Agreement of answer and truth; 0 is chance, 1 perfect.", "higher"),
    "kappa": MetricName("Cohen's kappa", "Agreement beyond what chance gives; 0 is chance, 1 perfect.", "higher"),
    "cohen_kappa": MetricName("Cohen's kappa", "Agreement beyond what chance gives; 0 is chance, 1 perfect.", "higher"),
    "quadratic_kappa": MetricName(
        "Quadratic weighted kappa", "Agreement in which a far miss counts more than a near one.", "higher"
    ),
    "youden": MetricName("Youden's index", "Sensitivity plus specificity minus 1; 0 is chance.", "higher"),
    "intercept": MetricName(
        "Calibration intercept", "Above 0: risks are called too low; below 0: too high.", "nearer to 0"
    ),
    "slope": MetricName(
        "Calibration slope", "Below 1: probabilities are too extreme; above 1: too timid.", "nearer to 1"
    ),
    "in_the_large": MetricName(
        "Calibration in the large", "Mean share that came true, against the mean probability.", "nearer to 0"
    ),
}

HEADLINE = ("auroc_macro", "balanced_accuracy", "accuracy", "log_loss")
"""What a reader wants first, in this order."""


def metric_name(name: str) -> MetricName:
    """Of a key of `metrics.json`; one that is not in the table is shown as it is written, with spaces."""
    plain = name.removesuffix(_MACRO)
    known = _NAMES.get(plain)
    if name.endswith(_MACRO):
        title = known.title if known else _spelt(plain)
        meaning = f"Mean over the classes. {known.meaning}" if known else "Mean over the classes."
        return MetricName(f"{title}, macro", meaning, known.better if known else "neither")
    return known or MetricName(_spelt(name), "", "neither")


def _spelt(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
