"""What goes wrong while a network learns is one sentence: what, where, which pictures, and what to do."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from small import SIZE, Training, batches, pictures, silent

from cervinet.data.picture import Picture
from cervinet.data.store import Decoder, Store
from cervinet.errors import TrainingError
from cervinet.training.faults import listed
from cervinet.training.learner import Learner
from cervinet.training.state import State

NAMES = [f"{number:02d}.png" for number in range(30)]


def named(**more) -> object:
    return silent(named=lambda rows: [NAMES[row] for row in rows], **more)


def message(training: Training, hooks=None, learner: Learner | None = None) -> str:
    with pytest.raises(TrainingError) as error:
        training.run(hooks or named(), learner)
    assert error.value.exit_code == 6
    return str(error.value)


def pictures_of(training: Training, epoch: int, step: int) -> str:
    """As the loop of Keras would give them: found by their pixels."""
    order = np.random.default_rng((training.seed, epoch)).permutation(22)
    return ", ".join(NAMES[row] for row in order[4 * step : 4 * step + 4])


def poisoned(when: int, gradient_alone: bool = False) -> Training:
    """A loss that is no number from a step on, or its gradient alone."""
    training = Training(optimizer=keras.optimizers.SGD)
    learner = training.learner()
    honest, steps = learner._per_picture, tf.Variable(0)

    def per_picture(targets: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        bad = steps.assign_add(1) > when
        losses = honest(targets, scores)
        if gradient_alone:
            # The derivative of the square root at 0 is infinite, and infinite times 0 is no number.
            return losses + tf.where(bad, tf.sqrt(0 * losses), 0 * losses)
        return tf.where(bad, np.nan, losses)

    learner._per_picture = per_picture
    training.made = learner
    return training


@pytest.mark.parametrize(("what", "alone"), [("training loss", False), ("gradient", True)])
def test_a_loss_or_gradient_that_is_no_number_names_step_and_pictures(what: str, alone: bool) -> None:
    training = poisoned(9, alone)  # six batches and two of validation, then one
    assert message(training, learner=training.made) == (
        f"the {what} became nan at epoch 2, step 2, with the pictures {pictures_of(training, 1, 1)}; training stopped "
        "and the best weights so far are kept: look at the pictures, try a smaller training.learning_rate, or "
        "training.precision=float32"
    )


def test_many_pictures_are_counted() -> None:
    assert listed(NAMES[:5]) == "00.png, 01.png, 02.png, 03.png, 04.png"
    assert listed(NAMES) == "00.png, 01.png, 02.png, 03.png, 04.png and 25 more"


def test_a_validation_loss_that_is_no_number() -> None:
    training = Training(optimizer=keras.optimizers.SGD)
    learner = training.learner()

    def spoil(state: State, stop: bool) -> None:
        if state.step == training.train.steps:
            training.model.trainable_variables[-1].assign([np.nan, np.nan])

    said = message(training, named(on_step=spoil), learner)
    assert said.startswith("the validation loss became nan at epoch 1; training stopped and the best weights")


def test_a_scale_of_half_precision_that_collapses_is_told() -> None:
    training = Training(precision="mixed_float16", epochs=4)
    learner = training.learner()
    honest = learner._per_picture
    learner._per_picture = lambda targets, scores: honest(targets, scores) + tf.sqrt(0 * honest(targets, scores))
    # 2**15 halved 16 times is below 1: the 16th step is the 4th of epoch 3.
    assert message(training, learner=learner) == (
        "the gradients in mixed_float16 were no numbers in so many updates that none was made up to epoch 3, step 4; "
        f"the last had the pictures {pictures_of(training, 2, 3)}; training stopped and the best weights so far are "
        "kept: set training.precision=float32, or try a smaller training.learning_rate"
    )


class Broken:
    """Pictures one batch of which cannot be had."""

    def __init__(self, error: Exception) -> None:
        self._error, self._images = error, Store(pictures(), None, False)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        if 13 in rows:
            raise self._error
        return self._images[rows]


def step_of_13(training: Training) -> int:
    order = np.random.default_rng((training.seed, 0)).permutation(22)
    return int(np.flatnonzero(order == 13)[0]) // 4 + 1


OUT_OF_MEMORY: list[Callable[[], Exception]] = [
    MemoryError,
    lambda: RuntimeError("std::bad_alloc"),
    lambda: tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[32,64]"),
    lambda: tf.errors.InternalError(None, None, "CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_memory_that_runs_out_tells_the_batch_size_to_try(error: Callable[[], Exception]) -> None:
    training = Training(accumulate=3, train=batches(np.arange(22), images=Broken(error())))
    assert message(training) == (
        f"the memory ran out at epoch 1, step {step_of_13(training)} of 6, with batches of 4; the best weights so far "
        "are kept: try training.batch_size=2 with training.accumulate=6, which keeps the pictures of an update as "
        "many, or a smaller data.image_size"
    )


def test_memory_that_runs_out_in_validation_or_with_single_pictures() -> None:
    training = Training(val=batches(np.array([13, 14]), images=Broken(MemoryError())), train=batches(np.arange(3), 1))
    assert message(training) == (
        "the memory ran out at the validation of epoch 1, with batches of 1; the best weights so far are kept: try a "
        "smaller data.image_size"
    )


def test_a_picture_that_can_no_longer_be_read_is_told_in_its_own_words(tmp_path) -> None:
    import cv2

    for name, pixels in zip(NAMES, pictures(), strict=True):
        cv2.imwrite(str(tmp_path / name), pixels)
    (tmp_path / NAMES[13]).write_bytes(b"")
    decoder = Decoder([Picture(tmp_path / name) for name in NAMES], SIZE, (("letterbox", {}),))
    training = Training(train=batches(np.arange(22), images=decoder))
    said = message(training)
    assert said.startswith(f"at epoch 1, step {step_of_13(training)} of 6: '{tmp_path / NAMES[13]}' is empty: ")
    assert said.endswith("; the best weights so far are kept")
    assert "Traceback" not in said
    assert "\n" not in said


def test_another_error_stays_what_it_is() -> None:
    training = Training(train=batches(np.arange(22), images=Broken(ZeroDivisionError("ours"))))
    with pytest.raises(tf.errors.OpError, match="ours"):
        training.run()
