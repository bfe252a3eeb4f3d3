"""What TensorBoard reads is the history, whatever was stopped and resumed."""

import pytest
import tensorflow as tf

from cervinet.training.tensorboard import TensorBoard


def row(epoch, **values):
    base = {"epoch": epoch, "phase": 1, "loss": 1 / epoch, "accuracy": 0.5, "val_loss": 2 / epoch, "val_accuracy": 0.25}
    return base | {"learning_rate": 1e-3, "seconds": 2.5} | values


def scalars(folder):
    """{(name, epoch): value} of every event file; a name and an epoch that stand twice fail."""
    found = {}
    for path in sorted(folder.glob("events*")):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                assert (value.tag, event.step) not in found
                found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    return found


def expected(history):
    return {
        (name, one["epoch"]): pytest.approx(value)
        for one in history
        for name, value in one.items()
        if name not in ("epoch", "phase")
    }


def test_every_value_of_each_epoch_is_written_once(tmp_path):
    board, history = TensorBoard(tmp_path / "tensorboard"), []
    for epoch in (1, 2, 3):
        history.append(row(epoch))
        board.write(history)
        assert scalars(tmp_path / "tensorboard") == expected(history)


def test_a_resumed_run_leaves_no_second_curve(tmp_path):
    history = [row(epoch) for epoch in (1, 2, 3)]
    TensorBoard(tmp_path).write(history)
    again = [*history[:1], row(2, loss=0.125)]
    TensorBoard(tmp_path).write(again)
    assert scalars(tmp_path) == expected(again)
    assert len(list(tmp_path.iterdir())) == 1
