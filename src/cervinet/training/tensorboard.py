"""The history once more, as TensorBoard reads it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

_NOT_DRAWN = ("epoch", "phase")


class TensorBoard:
    """Writes the rows of a history as scalars, by epoch.

    history.csv stays the truth: the folder is made anew by each process, so that a run that goes on from an earlier
    epoch leaves no second curve of the epochs it repeats. TensorFlow writes the file; the package of TensorBoard, which
    shows it, is not needed.

    Args:
        folder: for the event file; event files that are there already are removed.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("events.out.tfevents.*"):
            old.unlink()
        self._writer = tf.summary.create_file_writer(str(folder))
        self._written = 0

    def write(self, history: Sequence[Mapping[str, float]]) -> None:
        """Add the rows that were not there at the last call.

        Args:
            history: a row an epoch from the first on, each with its `epoch`.
        """
        scalars = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars"),
            data_class=1,  # DATA_CLASS_SCALAR of tensorboard/compat/proto/summary.proto
        )
        with self._writer.as_default():
            for row in history[self._written :]:
                for name in (name for name in row if name not in _NOT_DRAWN):
                    value = tf.constant(row[name], tf.float32)
                    tf.summary.write(name, value, step=int(row["epoch"]), metadata=scalars)
        self._writer.flush()
        self._written = len(history)
