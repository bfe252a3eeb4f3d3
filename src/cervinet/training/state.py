"""Where a training run stands, in plain values: with the variables, all that a resumed run needs."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from cervinet.training.learner import Sums

Row = dict[str, float]


@dataclass
class Tracker:
    """Which epoch was best so far, and whether to go on.

    Attributes:
        monitor: a column of the history; "…loss" is better when lower, all others when higher.
        patience: epochs without improvement after which to stop; None never stops.
        min_delta: the smallest change that patience counts as an improvement; the best epoch is the best by any change.
        start_epoch: epochs up to this one are not waited for.
        best: value of the best epoch, negative for a loss.
        mark: value that an epoch must exceed by min_delta to be waited for no longer.
        waited: epochs since then.
    """

    monitor: str
    patience: int | None = None
    min_delta: float = 0.0
    start_epoch: int = 0
    best: float = -math.inf
    best_epoch: int = 0
    mark: float = -math.inf
    waited: int = 0

    def score(self, row: Row) -> float:
        """The monitored value, higher for better."""
        return row[self.monitor] * (-1 if self.monitor.endswith("loss") else 1)

    def update(self, row: Row) -> bool:
        """Take in an epoch; True if it is the best yet. A value that is not finite never is."""
        value = self.score(row)
        better = math.isfinite(value) and value > self.best
        if better:
            self.best, self.best_epoch = value, int(row["epoch"])
        if better and value > self.mark + self.min_delta:
            self.mark, self.waited = value, 0
        elif row["epoch"] > self.start_epoch:
            self.waited += 1
        return better

    @property
    def stop(self) -> bool:
        return self.patience is not None and self.waited >= self.patience


@dataclass
class State:
    """The place in a run between two steps.

    Attributes:
        phase: number of the phase, from 0.
        began: epochs that were done before it.
        epoch: epochs that are done.
        step: steps taken of the epoch under way.
        steps: steps taken in the whole run.
        updates: updates of the weights in this phase.
        sums: of the epoch under way.
        seconds: that the epoch under way has taken.
        tracker: best epoch and patience.
        history: a row for each epoch that is done.
    """

    tracker: Tracker
    phase: int = 0
    began: int = 0
    epoch: int = 0
    step: int = 0
    steps: int = 0
    updates: int = 0
    sums: Sums = field(default_factory=Sums)
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "State":
        whole = values | {"tracker": Tracker(**values["tracker"]), "sums": Sums(**values["sums"])}
        return cls(**whole)

    def next_phase(self) -> None:
        """Go on to the next phase: patience begins anew, the best epoch stays."""
        self.phase, self.began, self.updates = self.phase + 1, self.epoch, 0
        self.tracker.waited = 0
