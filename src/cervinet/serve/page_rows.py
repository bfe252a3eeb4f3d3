"""Several pictures as a table on the page, and as a CSV file to take away."""

from collections.abc import Sequence

from cervinet.csv_table import as_text, escape
from cervinet.inference.predicting import Prediction
from cervinet.model_card import ModelCard
from cervinet.report.html import Html, element, joined, name, text
from cervinet.serve.page_answer import percent_of
from cervinet.serve.page_words import flags_of

COLUMNS = ("Picture", "Class", "Probability", "Prediction set", "Flags")


def empty_table() -> Html:
    """Its heads alone; the page puts the rows in."""
    heads = [element("th", text(column), scope="col") for column in COLUMNS]
    return element(
        "table",
        element("caption", text("Choose a picture's name to see its whole answer.")),
        element("thead", element("tr", *heads)),
        element("tbody"),
        class_="batch",
    )


def row(prediction: Prediction, card: ModelCard) -> Html:
    """The cells of a picture, without the row around them."""
    file = element("button", name(prediction.image), type="button", class_="show")
    first = element("th", file, scope="row")
    verdict = prediction.verdict
    if prediction.probabilities is None or verdict is None:
        return joined(
            first, element("td", text(f"not read: {prediction.error}"), colspan="4", class_="bad"), between=""
        )
    assessed = verdict.why != "not assessed"
    found = [
        name(verdict.label) if verdict.label is not None else text(verdict.why),
        text(percent_of(float(prediction.probabilities.max())) if assessed else "–"),
        joined(*map(name, verdict.set), between=", ") if verdict.set else text("–"),
        text(", ".join(flags_of(verdict)) or "–"),
    ]
    cells = [element("td", cell, data_head=head) for head, cell in zip(COLUMNS[1:], found, strict=True)]
    return joined(first, *cells, between="")


def csv_head(card: ModelCard) -> str:
    """The first line of the file."""
    values = [f"p_{name}" for name in card.classes] + [f"psub_{name}" for name, _ in card.subclasses]
    return as_text([["image", "class", "why", *map(escape, values), "set", "flags", "error"]])


def csv_row(prediction: Prediction, card: ModelCard) -> str:
    """The line of a picture; the classes of the set, and the flags, are apart by `;`."""
    numbers = len(card.classes) + len(card.subclasses)
    image, verdict = escape(str(prediction.image)), prediction.verdict
    if prediction.probabilities is None or verdict is None:
        return as_text([[image, "", "", *[""] * numbers, "", "", escape(prediction.error)]])
    finer: Sequence[float] = [] if prediction.subclasses is None else prediction.subclasses.tolist()
    values = [*prediction.probabilities.tolist(), *finer]
    judged = [escape(verdict.label or ""), verdict.why]
    said = [escape(";".join(verdict.set or ())), ";".join(verdict.flags)]
    return as_text([[image, *judged, *values, *said, ""]])
