"""The loop over epochs and steps."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from cervinet.data.augment import Augmentation
from cervinet.data.pipeline import Batches
from cervinet.errors import TrainingError
from cervinet.progress import Progress
from cervinet.training.faults import Named, in_words, not_a_number, scale_collapsed
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
        check: called between the batches of validation; it raises what is to end the run.
        named: the names of pictures by their row numbers.
    """

    progress: Progress
    stop_asked: Callable[[], bool]
    on_step: Callable[[State, bool], None]
    on_epoch: Callable[[State, bool], None]
    on_epoch_done: Callable[[State], None]
    check: Callable[[], None] = lambda: None
    named: Named = lambda rows: ()


def fit(learner: Learner, train: Batches, val: Batches, state: State, course: Course, hooks: Hooks) -> None:
    """Train through a phase, from where `state` stands; `state` is kept up to date in place.

    Whatever a hook other than `on_epoch` raises, `state` and the variables of the learner are then those between two
    steps, or between the last step of an epoch and its validation.

    Raises:
        TrainingError: the loss or a gradient is no number, memory ran out, or a picture could not be read.
    """
    end = state.began + course.epochs
    while state.epoch < end and not state.tracker.stop:
        started = time.perf_counter() - state.seconds
        with in_words(state, train, val, course.accumulate):
            _steps(learner, train, state, course, hooks, started)
            with learner.averaged():
                rate = learner.learning_rate
                judged = learner.judge(val.in_order(), hooks.check)
                row = _row(state, judged, rate, time.perf_counter() - started)
                best = state.tracker.update(row)
                state.history.append(row)
                hooks.on_epoch(state, best)
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
    bar = hooks.progress.steps(train.steps, f"epoch {state.epoch + 1}/{course.total}", state.step)
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
            if not (math.isfinite(sums.loss) and finite and learner.scale_holds()):
                raise _fault(sums, finite, state, train, course, hooks)
            state.step, state.steps, state.updates = state.step + 1, state.steps + 1, state.updates + last
            state.sums, state.seconds = state.sums + sums, time.perf_counter() - started
            bar.advance(f"loss {sums.loss / sums.pictures:.4f}")
            hooks.on_step(state, stop)
    finally:
        bar.close()  # an interrupted bar would leave the terminal without its cursor


def _fault(sums: Sums, finite: bool, state: State, train: Batches, course: Course, hooks: Hooks) -> TrainingError:
    """What the step that was just tried went wrong by."""
    where = f"epoch {state.epoch + 1}, step {state.step + 1}"
    pictures = hooks.named(train.rows_of(course.seed, state.epoch, state.step))
    if not math.isfinite(sums.loss):
        return not_a_number("training loss", sums.loss, where, pictures)
    return scale_collapsed(where, pictures) if finite else not_a_number("gradient", math.nan, where, pictures)


def _row(state: State, judged: Sums, rate: float, seconds: float) -> dict[str, float]:
    loss, accuracy = state.sums.means
    val_loss, val_accuracy = judged.means
    if not math.isfinite(val_loss):
        raise not_a_number("validation loss", val_loss, f"epoch {state.epoch + 1}")
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
