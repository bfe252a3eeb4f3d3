"""What a network answers → what its run says: probabilities after the calibration of its card."""

from dataclasses import replace

from cervinet.evaluation.calibration import Calibration
from cervinet.evaluation.choices import finer_corrected
from cervinet.inference.answers import Answers
from cervinet.model_card import ModelCard


def calibrated(answers: Answers, card: ModelCard) -> Answers:
    """The answers with calibrated probabilities; the logits stay those of the network."""
    if not card.calibration:
        return answers
    probabilities = Calibration.from_json(card.calibration).apply(answers.logits)
    finer = answers.subclasses
    if finer is not None:
        parents = [card.classes.index(label) for _, label in card.subclasses]
        finer = finer_corrected(finer, answers.probabilities, probabilities, parents)
    return replace(answers, probabilities=probabilities, subclasses=finer)
