"""The loop over epochs and steps."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from cervinet.data.augment import Augmentation
from cervinet.data.pipeline import Batches
from cervinet.errors import TrainingError
from cervinet.progress import Progress
from cervinet.training.learner import Learner, Sums
from cervinet.training.schedules import Schedule
from cervinet.training.state import State


@dataclass(frozen=True)
class Course:
    """What a phase of training is.

    Attributes:
        epochs: at most so many.
        learning_rate: at its beginning.
        schedule: how it goes on.
        accumulate: steps for one update.
        seed: of order and augmentation.
        augmentation: random changes of the training pictures.
        total: epochs of all phases, for showing.
    """

    epochs: int
    learning_rate: float
    schedule: Schedule
    accumulate: int
    seed: int
    augmentation: Augmentation
    total: int


@dataclass(frozen=True)
class Hooks:
    """Who is told.

    Attributes:
        progress: shows steps and epochs.
        stop_asked: whether this process was asked to stop.
        on_step: called after each step, with whether any process of the run was asked to stop, which all learn at the
            same step; it may save, and it raises what is to end the run.
        on_epoch: called after each epoch, with its averaged weights in place, and whether it is the best yet.
        on_epoch_done: called after that, with the state ready for the next epoch.
    """

    progress: Progress
    stop_asked: Callable[[], bool]
    on_step: Callable[[State, bool], None]
    on_epoch: Callable[[State, bool], None]
    on_epoch_done: Callable[[State], None]


def fit(learner: Learner, train: Batches, val: Batches, state: State, course: Course, hooks: Hooks) -> None:
    """Train through a phase, from where `state` stands; `state` is kept up to date in place.

    Raises:
        TrainingError: the loss or a gradient is no number, or the memory of the device ran out.
    """
    end = state.began + course.epochs
    while state.epoch < end and not state.tracker.stop:
        started = time.perf_counter() - state.seconds
        try:
            _steps(learner, train, state, course, hooks, started)
            with learner.averaged():
                rate = learner.learning_rate
                row = _row(state, learner.judge(val.in_order()), rate, time.perf_counter() - started)
                best = state.tracker.update(row)
                state.history.append(row)
                hooks.on_epoch(state, best)
        except tf.errors.ResourceExhaustedError:
            raise TrainingError(
                f"the memory of the device ran out in epoch {state.epoch + 1}; try a smaller training.batch_size or "
                "data.image_size"
            ) from None
        state.epoch, state.step, state.sums, state.seconds = state.epoch + 1, 0, Sums(), 0.0
        hooks.progress.epoch(row, course.total, best)
        hooks.on_epoch_done(state)
    if state.tracker.stop:
        tracker = state.tracker
        hooks.progress.say(f"Stopped early: no better {tracker.monitor} for {tracker.waited} epochs.")


def _steps(learner: Learner, train: Batches, state: State, course: Course, hooks: Hooks, started: float) -> None:
    """The steps of an epoch that are still to be taken."""
    scores = [state.tracker.score(row) for row in state.history[state.began :]]
    done = state.epoch - state.began
    batches = learner.distributed(train.training(course.seed, state.epoch, course.augmentation, state.step))
    bar = hooks.progress.steps(train.steps, f"epoch {state.epoch + 1}/{course.total}")
    try:
        for batch in batches:
            # An update takes `accumulate` steps, and fewer at the end of the epoch.
            first = state.step - state.step % course.accumulate
            after = min(first + course.accumulate, train.steps)
            position = done + first / train.steps
            learner.set_learning_rate(course.schedule(course.learning_rate, position, course.epochs, scores))
            pictures, last = train.bounds[after] - train.bounds[first], state.step + 1 == after
            sums, finite, stop = learner.step(
                batch, share=1 / pictures, last=last, updates=state.updates, stop=hooks.stop_asked()
            )
            where = f"epoch {state.epoch + 1}, step {state.step + 1}"
            if not math.isfinite(sums.loss):
                raise TrainingError(_not_a_number("training loss", sums.loss, where))
            if not finite:
                raise TrainingError(_not_a_number("gradient", math.nan, where))
            state.step, state.steps, state.updates = state.step + 1, state.steps + 1, state.updates + last
            state.sums, state.seconds = state.sums + sums, time.perf_counter() - started
            bar.advance(f"loss {sums.loss / sums.pictures:.4f}")
            hooks.on_step(state, stop)
    finally:
        bar.close()  # an interrupted bar would leave the terminal without its cursor


def _row(state: State, judged: Sums, rate: float, seconds: float) -> dict[str, float]:
    loss, accuracy = state.sums.means
    val_loss, val_accuracy = judged.means
    if not math.isfinite(val_loss):
        raise TrainingError(_not_a_number("validation loss", val_loss, f"epoch {state.epoch + 1}"))
    return {
        "epoch": state.epoch + 1,
        "phase": state.phase + 1,
        "loss": loss,
        "accuracy": accuracy,
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
        "learning_rate": rate,
        "seconds": round(seconds, 3),
    }


def _not_a_number(what: str, value: float, where: str) -> str:
    return (
        f"the {what} became {value} at {where}; training stopped and the best weights so far are kept: try a "
        "smaller training.learning_rate, or training.precision=float32"
    )
