"""How the network learnt: losses and accuracies over the epochs, and whether it learnt by heart."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cervinet.report import plots
from cervinet.report.html import Html, paragraph, plot, section, text
from cervinet.report.overfitting import CAVEAT, overfitting
from cervinet.report.plots.progress import best_row


def training_section(
    history: Sequence[Mapping[str, float]], monitor: str, trained: int | None, judged: int | None, note: str
) -> Html:
    """Curves over the epochs.

    Args:
        history: a row an epoch, one at least.
        monitor: the column that chose the epoch.
        trained: pictures in training; None where that is not known.
        judged: pictures in validation, likewise.
        note: what must be said with every number.
    """
    meaning = (
        "The network saw every training picture once an epoch. Where the curve of the validation pictures, which it "
        "never learns from, turns away from that of training, it begins to learn pictures by heart; the best epoch on "
        "validation is the one that is used."
    )
    table = pd.DataFrame(list(history))
    figure = plots.training_progress(
        table, monitor=monitor, images=trained, judged=judged, note=note or None, captioned=False
    )
    alt = f"loss and accuracy of training and validation over {len(table)} epochs"
    return section(
        "training",
        text("Training"),
        paragraph(text(meaning)),
        plot(figure, alt),
        *([paragraph(text(said), style="note")] if (said := verdict(history, monitor, judged)) else []),
        paragraph(text(CAVEAT), style="faint"),
    )


def verdict(history: Sequence[Mapping[str, float]], monitor: str, judged: int | None) -> str:
    """Whether the best epoch is over-fitted, in a sentence; empty where the history cannot tell."""
    table = pd.DataFrame(list(history))
    best = best_row(table, monitor)
    if best is None or not {"accuracy", "val_accuracy"} <= set(table):
        return ""
    row = {str(column): float(value) for column, value in table.iloc[best].items()}
    return "" if any(row[key] != row[key] for key in ("accuracy", "val_accuracy")) else overfitting(row, judged)
