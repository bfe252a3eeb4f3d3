"""Calibration intercept and slope: whether probabilities are right on average, and neither too extreme nor too timid.

Reference: Van Calster, McLernon, van Smeden, Wynants & Steyerberg, Calibration: the Achilles heel of predictive
analytics, BMC Medicine 17:230, 2019.
"""

from dataclasses import dataclass

import numpy as np

from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.logistic import calibration_line, outcomes
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question


@dataclass(frozen=True)
class WeakCalibration:
    """Of a question.

    Attributes:
        of: its name.
        intercept: of the logistic regression on the log-odds with slope 1; 0 is ideal, above it risks are too low.
        slope: of the regression with a free intercept; 1 is ideal, below it probabilities are too extreme.
    """

    of: str
    intercept: Estimate
    slope: Estimate


def weak_calibration(question: Question, predictions: Predictions, how: Resampling) -> WeakCalibration:
    """Intercept and slope with intervals; None where no finite ones fit, and a reason.

    Every draw is fitted anew; of more than 2,000 images by one of Newton's steps from what fits all of them, which
    moved the bounds by 7 % of the interval's width at 1,000 images and less the more there are. A draw that no finite
    intercept or slope fits counts as undefined.
    """
    truth, scores = question.truth(predictions.labels), question.scores(predictions.probabilities)
    one_sided = question.one_sided(truth)
    found = outcomes(scores, truth, *predictions.members())
    fitted = estimates(
        calibration_line(found),
        counted=dict.fromkeys(("intercept", "slope"), predictions.count(np.ones_like(truth))),
        undefined={
            "intercept": one_sided,
            "slope": one_sided
            or (
                "a probability divides the positive images from the others: no finite slope fits"
                if np.ptp(found.logits)
                else "all probabilities are equal"
            ),
        },
        groups=found.groups,
        images=len(truth),
        how=how,
    )
    return WeakCalibration(question.name, fitted["intercept"], fitted["slope"])
