"""What a search leaves behind: a table of its trials, a picture of what mattered, the best config."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cervinet.config import Config
from cervinet.config_tune import Tune
from cervinet.csv_table import escape, write_table
from cervinet.escape import for_terminal
from cervinet.files import write_atomically
from cervinet.tuning.search import Search, Tried
from cervinet.tuning.space import written


def write_trials(tried: Sequence[Tried], monitor: str, keys: Sequence[str], path: Path) -> None:
    """A row a trial: trials.csv."""
    rows: list[list[str]] = [["trial", "state", monitor, "epochs", "seconds", *map(escape, keys), "reason"]]
    for one in tried:
        value = "" if one.value is None else repr(one.value)
        cells = [str(one.number), one.state, value, str(one.epochs), f"{one.seconds:.1f}"]
        rows.append([*cells, *(escape(written(one.values[key])) for key in keys), escape(one.reason)])
    write_table(path, rows)


def write_best(config: Config, was: Config, best: Tried, trials: int, made_by: str, path: Path) -> None:
    """The best config, with where it comes from on top: best.yaml.

    Args:
        config: with the values of the best trial.
        was: as it was before the search.
        best: the best trial.
        trials: how many there were.
        made_by: the command.
        path: the YAML file.
    """
    before = was.model_dump(mode="json")
    found = []
    for key, value in best.values.items():
        old = _at(before, key)
        found.append(f"#   {key}: {written(value)}" + ("" if old is None else f"  (was {written(old)})"))
    head = [
        f"cervinet train --config {path}",
        f"The best of {trials} trials, number {best.number}, with {was.training.monitor} {best.value:.4f}, of",
        f"  {made_by}",
        "The best of many trials on the same validation pictures flatters; the test split was not judged. Found:",
    ]
    lines = [*(f"# {for_terminal(line)}" for line in head), *map(for_terminal, found)]
    write_atomically(path, ("\n".join(lines) + "\n" + config.to_yaml()).encode())


def _at(settings: Any, key: str) -> Any:
    """The value at a dotted name, or None where there is none."""
    for part in key.split("."):
        settings = settings.get(part) if isinstance(settings, Mapping) else None
    return settings


def draw(search: Search, tune: Tune, monitor: str, path: Path) -> dict[str, float]:
    """The trials in a picture, importance.png; the importances.

    Args:
        search: with one finished trial at least.
        tune: the search.
        monitor: what decides.
        path: the PNG file.
    """
    from cervinet.report import plots
    from cervinet.report.plots.importance import Searched

    tried, best, importances = search.tried(), search.best(), search.importances()
    shown = [one for one in tried if one.value is not None]
    settings = []
    for key, values in tune.space.items():
        found = [one.values[key] for one in shown]
        places = found if values.choices is None else [values.choices.index(value) for value in found]
        texts = [written(one) for one in values.choices or ()]
        settings.append(Searched(key, places, texts, values.log is not None, importances.get(key)))
    figure = plots.search_plot(
        settings,
        [one.value or 0.0 for one in shown],
        [one.state == "finished" for one in shown],
        shown.index(best) if best else None,
        monitor=monitor,
    )
    plots.save(figure, path)
    return importances
