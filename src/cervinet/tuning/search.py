"""The trials of a search in a database, so that a search can be stopped and go on.

Each trial's random numbers come from the seed and the number of trials before it, not from a running generator: a
search that was stopped, or killed in the middle of a trial, tries what an undisturbed one would have tried.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cervinet.config_tune import Tune, Values
from cervinet.errors import ConfigError, TrainingError, UsageError
from cervinet.tuning.space import written

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as OptunaTrial

Row = Mapping[str, float]
Report = Callable[[Sequence[Row]], None]
"""Takes the history so far, after each epoch; raises `Hopeless` where the trial is to end."""
Objective = Callable[[int, dict[str, Any], Report], float]
"""(number of the trial from 1, values, report) → best monitored value."""

# Below, the best half of the trials that the importances are drawn from is too few to say anything.
FEWEST_FOR_IMPORTANCE = 10
_PARTS_BEFORE_STOPPING = 5  # a trial runs for a fifth of its epochs at least


class Hopeless(Exception):  # noqa: N818 - a signal, no mistake
    """A trial that is worse than half of those before it at the same epoch."""


@dataclass(frozen=True)
class Tried:
    """A trial that is over.

    Attributes:
        number: from 1.
        state: finished, stopped as hopeless, or failed.
        value: best monitored value; of a stopped trial so far, of a failed one None.
        epochs: that it took.
        seconds: that it took.
        values: of the settings searched.
        reason: why it failed, else empty.
    """

    number: int
    state: str
    value: float | None
    epochs: int
    seconds: float
    values: dict[str, Any]
    reason: str


class Search:
    """A search in a database.

    Args:
        study: of Optuna.
        tune: the search.
        monitor: what is best; a loss is better when lower.
        seed: of all trials.
        epochs: of a trial, at most.
    """

    def __init__(self, study: "Study", tune: Tune, monitor: str, seed: int, epochs: int) -> None:
        self._study, self._tune, self._monitor, self._seed = study, tune, monitor, seed
        self._first_stop = max(1, epochs // _PARTS_BEFORE_STOPPING)

    def run(self, wanted: int, objective: Objective, on_trial: Callable[[Tried], None]) -> None:
        """Try until so many trials are over, those of earlier runs included.

        Any exception but Hopeless, TrainingError and ConfigError ends the search; its trial is then tried anew.
        """
        from optuna.trial import TrialState

        while (over := len(self._over())) < wanted:
            self._study.sampler = self._sampler(over)
            trial = self._study.ask()
            values = {key: _drawn(trial, key, one) for key, one in self._tune.space.items()}
            trial.set_user_attr("values", values)
            try:
                value = objective(over + 1, values, self._reporter(trial))
                self._study.tell(trial, value)
            except Hopeless:
                self._study.tell(trial, state=TrialState.PRUNED)
            except (TrainingError, ConfigError) as error:
                # Told as stopped with nothing to show for it: what was not even tried would be tried again.
                trial.set_user_attr("reason", str(error))
                self._study.tell(trial, state=TrialState.PRUNED)
            except BaseException:
                self._study.tell(trial, state=TrialState.FAIL)
                raise
            on_trial(self.tried()[-1])

    def tried(self) -> list[Tried]:
        """The trials that are over, in order."""
        return [self._tried(number, one) for number, one in enumerate(self._over(), start=1)]

    def best(self) -> Tried | None:
        finished = [one for one in self.tried() if one.state == "finished"]
        return min(finished, key=lambda one: self._sign * (one.value or 0.0), default=None)

    def importances(self) -> dict[str, float]:
        """Share of each setting in what parts the better half of the trials from all of the space, largest first.

        PED-ANOVA, Watanabe et al. 2023, arXiv:2304.10255. Rough: small shares are noise, and a choice of two cannot
        come to much. Empty where fewer trials than FEWEST_FOR_IMPORTANCE finished.
        """
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
        from optuna.trial import TrialState

        if len(self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))) < FEWEST_FOR_IMPORTANCE:
            return {}
        evaluator = PedAnovaImportanceEvaluator(target_quantile=0.5, evaluate_on_local=False)
        found = get_param_importances(self._study, evaluator=evaluator)
        return found if math.isfinite(sum(found.values())) else {}

    def _over(self) -> "list[FrozenTrial]":
        from optuna.trial import TrialState

        return self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))

    def _sampler(self, over: int) -> Any:
        from optuna.samplers import TPESampler

        (seed,) = np.random.SeedSequence([self._seed, over]).generate_state(1)
        return TPESampler(n_startup_trials=self._tune.startup, seed=int(seed))

    def _reporter(self, trial: "OptunaTrial") -> Report:
        def report(history: Sequence[Row]) -> None:
            row = history[-1]
            trial.report(row[self._monitor], int(row["epoch"]))
            if len(history) > self._first_stop and trial.should_prune():
                raise Hopeless

        return report

    def _tried(self, number: int, one: "FrozenTrial") -> Tried:
        reason = one.user_attrs.get("reason", "")
        state = "failed" if reason else "finished" if one.state.name == "COMPLETE" else "stopped"
        reported = one.intermediate_values
        value = one.value if state == "finished" else None
        if state == "stopped" and reported:
            value = self._sign * min(self._sign * each for each in reported.values())
        seconds = one.duration.total_seconds() if one.duration else 0.0
        return Tried(number, state, value, max(reported, default=0), seconds, one.user_attrs["values"], reason)

    @property
    def _sign(self) -> int:
        return 1 if self._monitor.endswith("loss") else -1


@contextmanager
def opened(path: Path, tune: Tune, *, monitor: str, seed: int, epochs: int, made_of: str) -> Iterator[Search]:
    """The search in a database, a new one or one to go on with.

    Args:
        path: of the SQLite file.
        tune: the search.
        monitor: what is best.
        seed: of all trials.
        epochs: of a trial, at most.
        made_of: the config; a search does not go on with another.

    Raises:
        UsageError: the file is no database of a search, or it is one of another config.
    """
    optuna = find_optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
        study = optuna.create_study(
            study_name="cervinet",
            storage=storage,
            direction="minimize" if monitor.endswith("loss") else "maximize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=tune.startup),
            load_if_exists=True,
        )
    except Exception as error:  # of SQLAlchemy, which is no package of ours
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"{path} cannot be used as the database of a search: {reason}; name another --run-dir"
        ) from None
    try:
        if study.user_attrs.get("made_of", made_of) != made_of:
            raise UsageError(
                f"{path.parent} holds a search with another config or other KEY=VALUE; go on with those, or name "
                "another --run-dir"
            )
        study.set_user_attr("made_of", made_of)
        for one in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            study.tell(one.number, state=optuna.trial.TrialState.FAIL)
        yield Search(study, tune, monitor, seed, epochs)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def find_optuna() -> Any:
    """The package. Raises UsageError where it is not installed."""
    try:
        import optuna
    except ImportError:
        raise UsageError("the search is Optuna's, which is not installed: pip install 'cervinet[hpo]'") from None
    return optuna


def _drawn(trial: "OptunaTrial", key: str, values: Values) -> Any:
    """A value for a setting, numbers with four digits, as people write them."""
    if values.choices is not None:
        # As text: Optuna keeps no lists or mappings.
        texts = {written(one): one for one in values.choices}
        return texts[trial.suggest_categorical(key, list(texts))]
    low, high = values.ends
    log = values.log is not None
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(key, low, high, log=log)
    return min(max(float(f"{trial.suggest_float(key, low, high, log=log):.4g}"), low), high)
