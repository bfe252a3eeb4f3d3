"""Predictions of single pictures as a table, JSON or CSV."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cervinet.csv_table import escape, write_table

if TYPE_CHECKING:
    from cervinet.inference.predictor import Prediction


def as_object(
    prediction: "Prediction", classes: Sequence[str], subclasses: Sequence[tuple[str, str]] = ()
) -> dict[str, Any]:
    """`{"image", "class", "probabilities"}`, with "subclasses" if the network has them, or `{"image", "error"}`."""
    if prediction.probabilities is None:
        return {"image": str(prediction.image), "error": prediction.error}
    values = prediction.probabilities.tolist()
    best = classes[int(prediction.probabilities.argmax())]
    found = {
        "image": str(prediction.image),
        "class": best,
        "probabilities": dict(zip(classes, values, strict=True)),
    }
    if prediction.subclasses is not None:
        names = [name for name, _ in subclasses]
        found["subclasses"] = dict(zip(names, prediction.subclasses.tolist(), strict=True))
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
