"""The epoch loop: one Keras `fit` an epoch, with the bookkeeping in plain values.

Keras's own EarlyStopping and ModelCheckpoint keep their state in callbacks that every `fit` resets, take a not-a-number
loss for the best, and accept a misspelt metric. Here the state is a small dataclass.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import tensorflow as tf

from cervinet.data.augment import Augmentation
from cervinet.data.pipeline import Batches
from cervinet.errors import TrainingError
from cervinet.progress import Progress, Steps

Row = dict[str, float]


@dataclass
class Tracker:
    """Which epoch was best so far, and whether to go on.

    Attributes:
        monitor: a column of the history; "…loss" is better when lower, all others when higher.
        patience: epochs without improvement after which to stop; None never stops.
        min_delta: the smallest change that patience counts as an improvement; the best epoch is the best by any change.
        best: value of the best epoch, negative for a loss.
        mark: value that an epoch must exceed by min_delta to be waited for no longer.
        waited: epochs since then.
    """

    monitor: str
    patience: int | None = None
    min_delta: float = 0.0
    best: float = -math.inf
    best_epoch: int = 0
    mark: float = -math.inf
    waited: int = 0

    def update(self, row: Row) -> bool:
        """Take in an epoch; True if it is the best yet. A value that is not finite never is."""
        value = row[self.monitor] * (-1 if self.monitor.endswith("loss") else 1)
        better = math.isfinite(value) and value > self.best
        if better:
            self.best, self.best_epoch = value, int(row["epoch"])
        if better and value > self.mark + self.min_delta:
            self.mark, self.waited = value, 0
        else:
            self.waited += 1
        return better

    @property
    def stop(self) -> bool:
        return self.patience is not None and self.waited >= self.patience


@dataclass
class Fit:
    """What training gave: a row an epoch, and the best epoch (counted from 1)."""

    history: list[Row] = field(default_factory=list)
    best_epoch: int = 0


def fit(
    model: keras.Model,
    train: Batches,
    val: Batches,
    *,
    epochs: int,
    seed: int,
    augmentation: Augmentation,
    tracker: Tracker,
    progress: Progress,
    on_epoch: Callable[[list[Row], bool], None],
) -> Fit:
    """Train a compiled model.

    Args:
        model: compiled with the metric `accuracy`.
        train: shuffled and augmented by (seed, epoch).
        val: looked at after each epoch.
        epochs: at most so many.
        seed: of order and augmentation.
        augmentation: random changes of the training pictures.
        tracker: chooses the best epoch and when to stop.
        progress: shows steps and epochs.
        on_epoch: called with the history so far and whether the last epoch is the best yet.

    Raises:
        TrainingError: the loss is no number, or the memory of the device ran out.
    """
    result = Fit()
    guard = _Steps(progress, epochs)
    for epoch in range(epochs):
        start = time.perf_counter()
        try:
            fitted = model.fit(
                train.training(seed, epoch, augmentation),
                validation_data=val.in_order(),
                initial_epoch=epoch,
                epochs=epoch + 1,
                callbacks=[guard],
                shuffle=False,
                verbose=0,
            )
        except tf.errors.ResourceExhaustedError:
            raise TrainingError(
                f"the memory of the device ran out in epoch {epoch + 1}; try a smaller training.batch_size or "
                "data.image_size"
            ) from None
        finally:
            guard.close()  # an interrupted bar would leave the terminal without its cursor
        logs = {name: float(values[0]) for name, values in fitted.history.items()}
        row = {
            "epoch": epoch + 1,
            **{name: logs[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")},
            "learning_rate": float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)),
            "seconds": round(time.perf_counter() - start, 3),
        }
        if not math.isfinite(row["val_loss"]):
            raise TrainingError(_not_a_number("validation loss", row["val_loss"], f"epoch {epoch + 1}"))
        best = tracker.update(row)
        result.history.append(row)
        result.best_epoch = tracker.best_epoch
        on_epoch(result.history, best)
        progress.epoch(row, epochs, best)
        if tracker.stop:
            progress.say(f"Stopped early: no better {tracker.monitor} for {tracker.waited} epochs.")
            break
    return result


class _Steps(keras.callbacks.Callback):
    """Shows each step, and stops at the first loss that is no number."""

    def __init__(self, progress: Progress, epochs: int) -> None:
        super().__init__()
        self._progress, self._epochs = progress, epochs
        self._bar: Steps | None = None

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._epoch = epoch
        self._bar = self._progress.steps(self.params["steps"], f"epoch {epoch + 1}/{self._epochs}")

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            where = f"epoch {self._epoch + 1}, step {batch + 1}"
            raise TrainingError(_not_a_number("training loss", loss, where))
        if self._bar:
            self._bar.advance(f"loss {loss:.4f}")

    def close(self) -> None:
        if self._bar:
            self._bar.close()


def _not_a_number(what: str, value: float, where: str) -> str:
    return (
        f"the {what} became {value} at {where}; training stopped and the best weights so far are kept: try a "
        "smaller training.learning_rate, or training.precision=float32"
    )
