"""What can go wrong while a network learns, in words: where, with which pictures, and what to do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cervinet.data.pipeline import Batches
from cervinet.errors import CervinetError, TrainingError
from cervinet.training.state import State

Named = Callable[[NDArray[np.int64]], Sequence[str]]
"""Row numbers → names of the pictures."""
_NAMES = 5
_NO_MEMORY = ("bad_alloc", "out of memory", "OOM when allocating")


def place(state: State, steps: int) -> str:
    """Where a run stands, for people."""
    if state.step < steps:
        return f"epoch {state.epoch + 1}, step {state.step + 1} of {steps}"
    return f"the validation of epoch {state.epoch + 1}"


def not_a_number(what: str, value: float, where: str, pictures: Sequence[str] = ()) -> TrainingError:
    """For a loss or a gradient that is no finite number."""
    of, look = (f", with the pictures {listed(pictures)}", "look at the pictures, ") if pictures else ("", "")
    return TrainingError(
        f"the {what} became {value} at {where}{of}; training stopped and the best weights so far are kept: {look}try a "
        "smaller training.learning_rate, or training.precision=float32"
    )


def scale_collapsed(where: str, pictures: Sequence[str]) -> TrainingError:
    """For mixed_float16, whose optimizer skips what is not finite and halves the scale of the loss each time."""
    of = f"; the last had the pictures {listed(pictures)}" if pictures else ""
    return TrainingError(
        f"the gradients in mixed_float16 were no numbers in so many updates that none was made up to {where}{of}; "
        "training stopped and the best weights so far are kept: set training.precision=float32, or try a smaller "
        "training.learning_rate"
    )


def listed(pictures: Sequence[str]) -> str:
    """The first few of them, and how many more there are."""
    more = len(pictures) - _NAMES
    return ", ".join(pictures[:_NAMES]) + (f" and {more} more" if more > 0 else "")


@contextmanager
def in_words(state: State, train: Batches, val: Batches, accumulate: int) -> Iterator[None]:
    """Give what TensorFlow raises in an epoch a sentence.

    Raises:
        TrainingError: memory ran out, or a picture could not be read.
    """
    try:
        yield
    except (MemoryError, tf.errors.OpError) as error:
        where = place(state, train.steps)
        # TensorFlow wraps what its own threads raised, and cuts it.
        cause = next(iter(train.raised + val.raised), error)
        if isinstance(cause, CervinetError):
            raise TrainingError(f"at {where}: {cause}; the best weights so far are kept") from None
        if _memory_ran_out(cause) or _memory_ran_out(error):
            raise TrainingError(_smaller(where, train.bounds[1] - train.bounds[0], accumulate)) from None
        raise


def _memory_ran_out(error: BaseException) -> bool:
    known = isinstance(error, MemoryError | tf.errors.ResourceExhaustedError)
    return known or any(words in str(error) for words in _NO_MEMORY)


def _smaller(where: str, batch: int, accumulate: int) -> str:
    """With the batch size to try, and what keeps the pictures of an update as many as they are."""
    said = f"the memory ran out at {where}, with batches of {batch}; the best weights so far are kept: try "
    smaller = next((size for size in range(batch // 2, 0, -1) if batch % size == 0), None)
    if smaller is None:
        return said + "a smaller data.image_size"
    return said + (
        f"training.batch_size={smaller} with training.accumulate={accumulate * batch // smaller}, which keeps the "
        "pictures of an update as many, or a smaller data.image_size"
    )
