"""The weights of the last and of the best epoch, and the history, on the disk after every epoch."""

import errno
import shutil
from dataclasses import dataclass
from pathlib import Path

import keras
import pandas as pd

from cervinet.errors import TrainingError
from cervinet.files import replacing, write_atomically


@dataclass(frozen=True)
class EpochPaths:
    """Where an epoch is written."""

    best: Path
    last: Path
    history: Path


def save_epoch(model: keras.Model, history: list[dict[str, float]], best: bool, paths: EpochPaths) -> None:
    """Write the history, the last weights and, if this epoch is the best yet, the best ones.

    Raises:
        TrainingError: the disk is full or cannot be written; what was there before is still whole.
    """
    try:
        save_weights(model, paths.last)
        if best:
            with replacing(paths.best) as temporary:
                shutil.copyfile(paths.last, temporary)
        write_atomically(paths.history, pd.DataFrame(history).to_csv(index=False).encode())
    except OSError as error:
        what = "the disk is full" if error.errno == errno.ENOSPC else str(error.strerror or error)
        raise TrainingError(
            f"epoch {len(history)} could not be saved under {paths.last.parent}: {what}; the checkpoints before it "
            "are whole: make room and train again"
        ) from None


def save_weights(model: keras.Model, path: Path) -> None:
    """Write the weights of a network, whole or not at all, without the optimizer's two to three times as many."""
    uncompiled = keras.Model(model.inputs, model.outputs)
    # Keras truncates its target in place: a full disk would destroy the best weights so far.
    with replacing(path) as temporary:
        uncompiled.save_weights(temporary, overwrite=True)


def load_weights(model: keras.Model, path: Path) -> None:
    """Put weights that `save_weights` wrote back into a network."""
    keras.Model(model.inputs, model.outputs).load_weights(path)
