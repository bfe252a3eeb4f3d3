"""What is written into a run while its network learns, and the end when one is asked for."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from cervinet import resuming
from cervinet.files import write_atomically
from cervinet.interruption import Interrupted
from cervinet.progress import Progress
from cervinet.run import Run

if TYPE_CHECKING:
    import keras

    from cervinet.learning import Material
    from cervinet.training.checkpoint import Saved
    from cervinet.training.fit import Hooks
    from cervinet.training.learner import Learner
    from cervinet.training.state import State
    from cervinet.training.tensorboard import TensorBoard

_REDRAW_SECONDS = 10


class Keeper:
    """Best weights, history, plot and checkpoints of one run.

    Args:
        material: what is learnt from.
        model: the network.
        run: where all is written.
        progress: shows it.
        state: of the run, kept up to date by `fit`.
        asked: says whether the process was asked to end.
    """

    def __init__(
        self,
        material: "Material",
        model: "keras.Model",
        run: Run,
        progress: Progress,
        state: "State",
        asked: Callable[[], bool],
    ) -> None:
        from cervinet.training.checkpoint import Checkpoints

        self._material, self._model, self._run, self._progress = material, model, run, progress
        self._state, self._asked = state, asked
        self._checkpoints = Checkpoints(run.checkpoints, run.best)
        self._facts = resuming.facts(material.config, material.manifest, run, material.device)
        self._alone = not material.device.cluster.workers
        self._judged = len(material.manifest.part("val"))
        self._board: TensorBoard | None = None
        self._best: list[Any] | None = None
        self.steps = 0
        self._drawn = time.perf_counter()
        self._note_saved()

    def begin(self, saved: "Saved | None") -> None:
        """Make the run's files those of the state that is gone on from."""
        self._checkpoints.go_back_to(saved)
        self._write_history() if self._state.history else self._run.history.unlink(missing_ok=True)
        if self._material.config.training.tensorboard:
            from cervinet.training.tensorboard import TensorBoard

            self._board = TensorBoard(self._run.tensorboard)
            self._board.write(self._state.history)

    def turn_to(self, learner: "Learner") -> None:
        """From here on the variables are those of this learner."""
        self._learner = learner

    def hooks(self) -> "Hooks":
        from cervinet.training.fit import Hooks

        images = self._material.manifest.table["image"]
        return Hooks(
            self._progress,
            self._asked,
            lambda state, stop: self._between_steps(stop),
            self._on_epoch,
            lambda state: self._between_steps(),
            self.end_if_asked,
            lambda rows: images.iloc[rows].tolist(),
        )

    def save(self, keep: int = 2) -> None:
        """Write a checkpoint; of several processes, only the first does."""
        from cervinet.training.checkpoint import saving

        if not self._material.device.cluster.chief:
            return
        self.write_best()
        with saving(f"epoch {self._state.epoch + 1}, step {self._state.step}", self._run.path):
            self._checkpoints.save(self._state, self._learner.variables(), self._facts, keep=keep)
        self._note_saved()

    def write_best(self) -> None:
        """Write the weights of the best epoch, if they are in memory alone.

        An epoch of a frozen backbone can take less time than writing the network, and the next may be better: so they
        wait for what needs them, which is a checkpoint or the end.
        """
        from cervinet.training.checkpoint import save_weights, saving

        if self._best is None:
            return
        now = [variable.numpy() for variable in self._model.variables]
        try:
            _assign(self._model, self._best)
            with saving(f"the best weights of epoch {self._state.tracker.best_epoch}", self._run.path):
                save_weights(self._model, self._run.best)
        finally:
            _assign(self._model, now)
        self._best = None

    def end(self) -> None:
        """Keep the last state alone: a longer run would go on from it."""
        from cervinet.report.overfitting import CAVEAT, overfitting

        self.save(keep=1)
        self._draw()
        best = self._state.history[self._state.tracker.best_epoch - 1]
        self._progress.say(f"{overfitting(best, self._judged)} {CAVEAT}")
        self.end_if_asked("the evaluation")

    def end_if_asked(self, where: str = "") -> None:
        """Of several processes that train together, none may end by itself: they agree on it at a step."""
        if self._alone and self._asked():
            self._end(where)

    def _between_steps(self, stop: bool = False) -> None:
        if self._due():
            self.save()
        if stop:
            self._end()
        self.end_if_asked()

    def _end(self, where: str = "") -> None:
        from cervinet.training.faults import place

        where = where or place(self._state, self.steps)
        raise Interrupted(self._run.path, f"Interrupted before {where}; all until then is saved.")

    def _due(self) -> bool:
        number, unit = self._material.config.training.checkpoint.due()
        steps, epoch, clock = self._saved
        since = {
            "step": self._state.steps - steps,
            "epoch": self._state.epoch - epoch,
            "minute": (time.perf_counter() - clock) / 60,
        }
        return since[unit] >= number

    def _note_saved(self) -> None:
        self._saved = self._state.steps, self._state.epoch, time.perf_counter()

    def _on_epoch(self, state: "State", best: bool) -> None:
        from cervinet.training.checkpoint import saving

        if best:
            self._best = [variable.numpy() for variable in self._model.variables]
        with saving(f"epoch {state.epoch + 1}", self._run.path):
            self._write_history()
            if self._board:
                self._board.write(state.history)
            # Drawing takes a tenth of a second: after every epoch where epochs are long, less often where not.
            if time.perf_counter() - self._drawn > _REDRAW_SECONDS:
                self._draw()

    def _draw(self) -> None:
        from cervinet.report.write import write_progress

        monitor, note = self._material.config.training.monitor, self._material.manifest.note
        write_progress(self._state.history, monitor, self._run.progress_plot, note, judged=self._judged)
        self._drawn = time.perf_counter()

    def _write_history(self) -> None:
        write_atomically(self._run.history, pd.DataFrame(self._state.history).to_csv(index=False).encode())


def _assign(model: "keras.Model", values: list[Any]) -> None:
    for variable, value in zip(model.variables, values, strict=True):
        variable.assign(value)
