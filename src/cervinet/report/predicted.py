"""The prediction of a single picture as JSON."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cervinet.inference.predicting import Prediction
    from cervinet.model_card import ModelCard


def as_object(prediction: "Prediction", card: "ModelCard") -> dict[str, Any]:
    """What JSON says of a picture, on the command line and over HTTP.

    `{"image", "class", "probabilities"}` and, where the run has them, "subclasses", "set" (the classes of the
    prediction set), "operating_points" (a list of "rule", "positive", "threshold", "probability", "called") and
    "flags"; `class` is null where the run does not answer, and then "why" says it: "not assessed" or "unsure". A
    picture that cannot be read is `{"image", "error"}`.
    """
    if prediction.probabilities is None:
        return {"image": str(prediction.image), "error": prediction.error}
    assert prediction.verdict is not None
    verdict = prediction.verdict
    values = dict(zip(card.classes, prediction.probabilities.tolist(), strict=True))
    found: dict[str, Any] = {"image": str(prediction.image), "class": verdict.label}
    if verdict.why:
        found["why"] = verdict.why
    found["probabilities"] = values
    if prediction.subclasses is not None:
        names = [name for name, _ in card.subclasses]
        found["subclasses"] = dict(zip(names, prediction.subclasses.tolist(), strict=True))
    if verdict.set is not None:
        found["set"] = list(verdict.set)
    if verdict.calls:
        found["operating_points"] = [vars(call) | {"positive": list(call.positive)} for call in verdict.calls]
    if card.gate:
        found["flags"] = list(verdict.flags)
    return found
