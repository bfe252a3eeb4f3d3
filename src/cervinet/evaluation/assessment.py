"""All that is said of a set of predictions: what `metrics.json` holds and `report.html` shows."""

from dataclasses import dataclass

from cervinet.evaluation.choices import Choices
from cervinet.evaluation.conformal import Coverage
from cervinet.evaluation.decision import CostCurve, DecisionCurve
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.localisation import Localisation
from cervinet.evaluation.operating import AtPoint
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question
from cervinet.evaluation.reliability import Calibrated
from cervinet.evaluation.robustness import Robustness
from cervinet.evaluation.selective import Selective
from cervinet.evaluation.shift import Shift
from cervinet.evaluation.subgroups import Subgroups


@dataclass(frozen=True, eq=False)
class Assessment:
    """Everything that was found, for the unit of the config unless said otherwise.

    Attributes:
        predictions: one row a unit.
        unit: "image" or "group".
        evaluation: metrics.
        other: metrics of the other unit; None where every image is its own group.
        questions: what was asked of operating points and decision curves.
        choices: settled on validation predictions; None where there were none, and `no_choices` says why.
        no_choices: why there are none.
        calibrated: before and after calibration; None where no logits are known.
        points: operating points on these predictions.
        sets: prediction sets on these predictions.
        selective: risk and coverage.
        decisions: net benefit, a curve a question that has both answers.
        costs: cost curves, likewise.
        subgroups: by each column.
        robustness: under damage to the pictures, if it was asked for.
        localisation: of the explanations, where masks or boxes are known.
        shift: to another site, if these are its pictures.
    """

    predictions: Predictions
    unit: str
    evaluation: Evaluation
    other: Evaluation | None
    questions: tuple[Question, ...]
    choices: Choices | None
    no_choices: str
    calibrated: Calibrated | None
    points: tuple[AtPoint, ...]
    sets: tuple[Coverage, ...]
    selective: Selective
    decisions: tuple[DecisionCurve, ...]
    costs: tuple[CostCurve, ...]
    subgroups: tuple[Subgroups, ...]
    robustness: Robustness | None = None
    localisation: Localisation | None = None
    shift: Shift | None = None
