"""The weights of the best epoch on the disk, whole or not at all."""

import errno
from pathlib import Path

import keras

from cervinet.errors import TrainingError
from cervinet.files import replacing


def save_weights(model: keras.Model, path: Path) -> None:
    """Write the weights of a network, whole or not at all, without the optimizer's two to three times as many."""
    # Keras truncates its target in place: a full disk would destroy the best weights so far.
    with replacing(path) as temporary:
        model.save_weights(temporary, overwrite=True)


def load_weights(model: keras.Model, path: Path) -> None:
    """Put weights that `save_weights` wrote back into a network."""
    model.load_weights(path)


def not_saved(error: OSError, epoch: int, folder: Path) -> TrainingError:
    """What is said where an epoch cannot be written."""
    what = "the disk is full" if error.errno == errno.ENOSPC else str(error.strerror or error)
    return TrainingError(
        f"epoch {epoch} could not be saved under {folder}: {what}; the checkpoints before it are whole: make room and "
        "train again"
    )
