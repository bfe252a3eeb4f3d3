"""Loss and accuracy over the epochs."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cervinet.report.overfitting import CAVEAT, overfitting
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, STYLES, counted, literal, page, plain, shown

_GAP = "#DDDDDD"  # light enough for the lines on it, dark enough to be printed
_CAPTION_WIDTH = 128  # letters on a line


def training_progress(
    history: pd.DataFrame,
    *,
    monitor: str = "val_loss",
    images: int | None = None,
    judged: int | None = None,
    note: str | None = None,
    captioned: bool = True,
) -> Figure:
    """Loss and accuracy over the epochs, for training and validation, the gap between them, and the best epoch.

    Args:
        history: a row an epoch, one at least; columns epoch, loss, accuracy, and if there val_loss,
            val_accuracy, seconds, phase (counted from 1).
        monitor: the column that decides which epoch is best; lowest for a loss, highest otherwise.
        images: how many the network is trained on.
        judged: how many it is validated on.
        note: what a reader must know of the data, such as "synthetic phantoms".
        captioned: say below whether it over-fits.
    """
    best = best_row(history, monitor)
    epochs = "1 epoch" if len(history) == 1 else f"{len(history)} epochs"
    figure = page(
        8.6,
        3.9,
        f"Training, {epochs}" + (f" in {duration(history['seconds'].sum())}" if "seconds" in history else ""),
        None if images is None else f"trained on {counted(images, None)}",
        None if best is None else f"best epoch {history['epoch'].iloc[best]} by {monitor}",
        note and shown(note, 60),
    )
    loss, accuracy = figure.subplots(1, 2)
    _panel(loss, history, "loss", best)
    _panel(accuracy, history, "accuracy", best)
    _cut_peaks(loss)
    if captioned and best is not None and "val_accuracy" in history:
        said = f"{overfitting(_row(history, best), judged)} {CAVEAT}"
        caption = "\n".join(textwrap.wrap(said, _CAPTION_WIDTH))
        figure.supxlabel(caption, x=0.01, ha="left", fontsize=8.5, color=INK, linespacing=1.4)
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
    _shade_gap(axes, history, name, best)
    _part_phases(axes, history)
    axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("Epoch", color=INK)
    axes.set_ylabel(name.capitalize(), color=INK)
    axes.margins(y=0.08)
    axes.legend(fontsize=8.5, edgecolor="none", framealpha=0.9)


def _shade_gap(axes: Axes, history: pd.DataFrame, name: str, best: int | None) -> None:
    if best is None or f"val_{name}" not in history:
        return
    train, val = (history[column].to_numpy(dtype=np.float64) for column in (name, f"val_{name}"))
    label = f"gap: {abs(train[best] - val[best]):.3f} at the best epoch"
    axes.fill_between(history["epoch"].to_numpy(), train, val, color=_GAP, linewidth=0, zorder=0, label=label)


def _part_phases(axes: Axes, history: pd.DataFrame) -> None:
    """A thin line before the first epoch of each phase but the first, with its number."""
    if "phase" not in history:
        return
    firsts = history.groupby("phase")["epoch"].min()
    for phase, epoch in list(firsts.items())[1:]:
        axes.axvline(epoch - 0.5, color=INK, linewidth=0.7, linestyle=(0, (2, 2)), zorder=1)
        place = axes.get_xaxis_transform()
        axes.text(epoch - 0.5, 1.01, f"phase {phase}", transform=place, fontsize=7.5, color=INK, va="bottom")


def _cut_peaks(axes: Axes) -> None:
    """Keep a few wild losses, common in a first epoch, from flattening the others; say that they are cut."""
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.lines[:2]])
    values = values[np.isfinite(values)]
    limit = 3 * np.median(values) if len(values) else 0
    if limit > 0 and values.max() > limit:
        axes.set_ylim(0, limit)
        above = 14 if axes.texts else 6  # above the names of phases
        axes.set_title(f"cut off above {limit:.2g}; highest {values.max():.3g}", fontsize=8.5, color=FAINT, pad=above)


def best_row(history: pd.DataFrame, monitor: str) -> int | None:
    """The row of the best epoch, or None if the column is missing or empty."""
    if monitor not in history or history[monitor].isna().all():
        return None
    values = history[monitor].to_numpy(dtype=np.float64)
    return int(np.nanargmin(values) if "loss" in monitor else np.nanargmax(values))


def _row(history: pd.DataFrame, number: int) -> dict[str, float]:
    return {str(name): float(value) for name, value in history.iloc[number].items()}


def duration(seconds: float) -> str:
    """`2 h 5 min`, `3 min 20 s` or `12 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.0f} s"
