"""Loss and accuracy over the epochs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cervinet.report.plots.canvas import COLOURS, FAINT, INK, STYLES, counted, literal, page, plain, shown


def training_progress(
    history: pd.DataFrame, *, monitor: str = "val_loss", images: int | None = None, note: str | None = None
) -> Figure:
    """Loss and accuracy over the epochs, for training and validation, with the best epoch marked.

    Args:
        history: a row an epoch, one at least; columns epoch, loss, accuracy, and if there val_loss,
            val_accuracy, seconds.
        monitor: the column that decides which epoch is best; lowest for a loss, highest otherwise.
        images: how many the network is trained on.
        note: what a reader must know of the data, such as "synthetic phantoms".
    """
    best = _best(history, monitor)
    epochs = "1 epoch" if len(history) == 1 else f"{len(history)} epochs"
    figure = page(
        8.6,
        3.9,
        f"Training, {epochs}" + (f" in {_duration(history['seconds'].sum())}" if "seconds" in history else ""),
        None if images is None else f"trained on {counted(images, None)}",
        None if best is None else f"best epoch {history['epoch'].iloc[best]} by {monitor}",
        note and shown(note, 60),
    )
    loss, accuracy = figure.subplots(1, 2)
    _panel(loss, history, "loss", best)
    _panel(accuracy, history, "accuracy", best)
    _cut_peaks(loss)
    return literal(figure)


def _panel(axes: Axes, history: pd.DataFrame, name: str, best: int | None) -> None:
    plain(axes)
    epochs = history["epoch"].to_numpy()
    marker = "o" if len(epochs) <= 30 else ""
    for column, label, colour, style in (
        (name, "training", COLOURS[0], STYLES[1]),
        (f"val_{name}", "validation", COLOURS[1], STYLES[0]),
    ):
        if column not in history or history[column].isna().all():
            continue
        values = history[column].to_numpy(dtype=np.float64)
        axes.plot(epochs, values, color=colour, linestyle=style, marker=marker, markersize=3.5, label=label)
        if best is not None and column.startswith("val_"):
            label = f"best epoch {epochs[best]}: {values[best]:.3f}"
            axes.plot(
                epochs[best],
                values[best],
                "D",
                color=colour,
                markersize=7,
                markeredgecolor="white",
                label=label,
            )
            axes.axvline(epochs[best], color=FAINT, linewidth=0.8, zorder=0)
    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("Epoch", color=INK)
    axes.set_ylabel(name.capitalize(), color=INK)
    axes.margins(y=0.08)
    axes.legend(fontsize=8.5, edgecolor="none", framealpha=0.9)


def _cut_peaks(axes: Axes) -> None:
    """Keep a few wild losses, common in a first epoch, from flattening the others; say that they are cut."""
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.lines[:2]])
    values = values[np.isfinite(values)]
    limit = 3 * np.median(values) if len(values) else 0
    if limit > 0 and values.max() > limit:
        axes.set_ylim(0, limit)
        axes.set_title(f"cut off above {limit:.2g}; highest {values.max():.3g}", fontsize=8.5, color=FAINT)


def _best(history: pd.DataFrame, monitor: str) -> int | None:
    """The row of the best epoch, or None if the column is missing or empty."""
    if monitor not in history or history[monitor].isna().all():
        return None
    values = history[monitor].to_numpy(dtype=np.float64)
    return int(np.nanargmin(values) if "loss" in monitor else np.nanargmax(values))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.0f} s"
