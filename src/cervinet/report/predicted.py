"""Predictions of single pictures as a table, JSON or CSV."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cervinet.csv_table import escape, write_table

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
        found["operating_points"] = [asdict(call) | {"positive": list(call.positive)} for call in verdict.calls]
    if card.gate:
        found["flags"] = list(verdict.flags)
    return found


def rows(predictions: Iterable["Prediction"], classes: Sequence[str]) -> list[list[str]]:
    """Picture, class and each probability with three decimals; a picture without them says so."""
    found = []
    for prediction in predictions:
        if prediction.probabilities is None:
            found.append([str(prediction.image), "not read", *("–" for _ in classes)])
            continue
        best = classes[int(prediction.probabilities.argmax())]
        found.append([str(prediction.image), best, *(f"{p:.3f}" for p in prediction.probabilities)])
    return found


def write_csv(
    predictions: Iterable["Prediction"],
    classes: Sequence[str],
    path: Path,
    subclasses: Sequence[tuple[str, str]] = (),
) -> None:
    """Columns image, class, p_<class>…, psub_<sub-class>…, error."""
    columns = [*(f"p_{name}" for name in classes), *(f"psub_{name}" for name, _ in subclasses)]
    table: list[list[str | float]] = [["image", "class", *map(escape, columns), "error"]]
    for prediction in predictions:
        image = escape(str(prediction.image))
        if prediction.probabilities is None:
            table.append([image, "", *("" for _ in columns), escape(prediction.error)])
            continue
        best = classes[int(prediction.probabilities.argmax())]
        finer = [] if prediction.subclasses is None else prediction.subclasses.tolist()
        table.append([image, escape(best), *prediction.probabilities.tolist(), *finer, ""])
    write_table(path, table)
