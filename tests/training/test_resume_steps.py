"""A training that is stopped and goes on in a new network, at every step and in every validation, is the same."""

import math
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
from small import Training, batches, same, silent, timeless, values

from cervinet.amount import Amount
from cervinet.data.augment import Augmentation
from cervinet.data.imbalance import oversample
from cervinet.interruption import Interrupted
from cervinet.training.checkpoint import Checkpoints
from cervinet.training.fit import fit
from cervinet.training.state import State, Tracker

pytestmark = pytest.mark.slow


def cosine(start: float, position: float, epochs: int, scores: object) -> float:
    """Down to nothing at the end."""
    return start * (1 + math.cos(math.pi * position / epochs)) / 2


def kept_best(start: float, position: float, epochs: int, scores: list[float]) -> float:
    """Half the rate for every epoch that was no better than the one before it."""
    return start / 2 ** sum(after <= before for before, after in pairwise(scores))


ROWS = np.array([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 1, 3, 5])
EVERYTHING = {
    "schedule": cosine,
    "accumulate": 3,
    "ema": 0.9,
    "augmentation": Augmentation(horizontal_flip=0.5, rotation=Amount(20), mixup=Amount(0.4)),
    "optimizer": lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.01),
}
KINDS = {
    "everything": EVERYTHING,
    "momentum": {"optimizer": lambda rate: keras.optimizers.SGD(rate, momentum=0.9), "schedule": kept_best},
    "early stopping": {"tracker": Tracker("val_accuracy", patience=1, min_delta=1), "epochs": 4},
    "mixed_float16": {"precision": "mixed_float16", "accumulate": 2},
    "mixed_bfloat16": {"precision": "mixed_bfloat16", "ema": 0.5},
}


def stopped_everywhere(training: Training, folder: Path) -> tuple[list[np.ndarray], State, int]:
    """Train with a new network after each step; also how often that was."""
    folder.mkdir()
    best = folder / "best.weights.h5"
    stops, seen = 0, set[tuple[int, int, bool]]()
    while True:
        learner = training.learner()
        checkpoints = Checkpoints(folder, best)
        saved = checkpoints.newest(pytest.fail)
        checkpoints.go_back_to(saved)
        state = saved.state if saved else training.first()
        if saved:
            saved.put_into(learner.variables())

        def end(judging: bool, state: State = state) -> None:
            if (state.epoch, state.step, judging) not in seen:
                seen.add((state.epoch, state.step, judging))
                raise Interrupted(folder, "")

        hooks = silent(
            on_step=lambda state, stop, end=end: end(False),
            on_epoch=lambda _, better: best.write_bytes(b"weights") if better else None,
            on_epoch_done=lambda _, end=end: end(False),
            check=lambda end=end: end(True),
        )
        try:
            fit(learner, training.train, training.val, state, training.course(), hooks)
            return values(learner), state, stops
        except Interrupted:
            stops += 1
            checkpoints.save(state, learner.variables(), {})


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_at_every_step_it_ends_as_in_one_piece(tmp_path: Path, kind: str) -> None:
    training = Training(**KINDS[kind])
    if kind == "everything":
        emphasis = oversample({"0": 11, "1": 3})
        training.train = batches(ROWS, 4, emphasis)
        assert training.train.steps == 6  # 22 pictures: the last batch has two, the last update three steps
    else:
        training.train = batches(np.arange(10))  # the last batch has two
    learner = training.learner()
    whole = training.run(learner=learner)
    weights = values(learner)
    split, state, stops = stopped_everywhere(training, tmp_path / "checkpoints")
    assert timeless(state) == timeless(whole)
    assert same(split, weights)
    epochs = len(whole.history)
    assert stops == epochs * (training.train.steps + 2)  # after each step, in each validation, after each epoch
    assert epochs == 2  # of four, where it stops early


def test_a_stop_within_an_update_keeps_its_gradients() -> None:
    """A witness of the test above: without the gradients that were added up so far, the weights would be others."""
    training = Training(accumulate=3)
    learner = training.learner()
    whole = training.run(learner=learner)
    again = training.learner()

    def forget(state: State, stop: bool) -> None:
        if state.steps == 1:
            for gradient in again._gradients:
                gradient.assign(np.zeros(gradient.shape, np.float32))

    other = training.run(silent(on_step=forget), again)
    assert not same(values(learner), values(again))
    assert timeless(other) != timeless(whole)


def test_a_longer_training_goes_on_from_the_end_of_a_shorter_one(tmp_path: Path) -> None:
    short, whole = Training(epochs=1, ema=0.9), Training(epochs=3, ema=0.9)
    learner = short.learner()
    state = short.run(learner=learner)
    (tmp_path / "best.weights.h5").touch()
    Checkpoints(tmp_path, tmp_path / "best.weights.h5").save(state, learner.variables(), {})
    saved = Checkpoints(tmp_path, tmp_path / "best.weights.h5").newest(pytest.fail)
    learner = whole.learner()
    saved.put_into(learner.variables())
    fit(learner, whole.train, whole.val, saved.state, whole.course(), silent())
    reference = whole.learner()
    assert timeless(saved.state) == timeless(whole.run(learner=reference))
    assert same(values(learner), values(reference))
