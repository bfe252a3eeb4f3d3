"""Pictures → what a run says of them."""

from collections.abc import Iterator, Sequence
from cervinet.data.picture import Picture
from cervinet.inference.predicting import Prediction
from cervinet.model_card import ModelCard
from cervinet.progress import Progress
from cervinet.run import Run


def answers(
    run: Run, pictures: Sequence[Picture], progress: Progress, views: int | None = None
) -> tuple[ModelCard, Iterator["Prediction"]]:
    """Every picture's probabilities, in order, as they are ready."""
    from cervinet.inference.predictor import Predictor

    predictor = Predictor.load(run, views)
    return predictor.card, progress.track(predictor.pictures(pictures), len(pictures), "Predicting")
