"""`cervinet compare`: runs, cross-validations, evaluations and files of predictions against the first of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cervinet.config import Config
from cervinet.config_evaluation import Evaluation
from cervinet.data.split_file import read_splits
from cervinet.errors import UsageError
from cervinet.escape import for_terminal
from cervinet.evaluation.comparison import Comparison, compare
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.matching import Entrant
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.files import write_json
from cervinet.folders import claimed_folder, fresh_folder
from cervinet.report.comparison_page import write_comparison_page
from cervinet.run import Run

COMPARISONS = Path("comparisons")


@dataclass(frozen=True)
class Compared:
    """What was found, as `comparison.json` holds it too, and where it is written."""

    comparison: Comparison
    content: dict[str, Any]
    folder: Path
    page: Path


def compare_runs(
    runs: Sequence[Path], out: Path | None, *, draws: int | None, confidence: float | None, seed: int | None
) -> Compared:
    """Compare each with the first, and write comparison.json and comparison.html.

    Args:
        runs: run directories, cross-validations, folders of evaluations, files of predictions.
        out: where to write, absent or empty; a new folder under comparisons/ by default.
        draws: of the bootstrap; the default of `evaluation.draws` where None.
        confidence: of the intervals; that of `evaluation.confidence` where None.
        seed: of the draws; that of `seed` where None.

    Raises:
        UsageError: fewer than two, one that has no predictions, or `out` has files.
        DataError: they are not of the same images, labels, groups and classes.
    """
    usual = Evaluation()
    how = Resampling(
        usual.draws if draws is None else draws,
        usual.confidence if confidence is None else confidence,
        Config.model_fields["seed"].default if seed is None else seed,
        usual.interval,
    )
    files = [predictions_of(path) for path in runs]
    names = distinct_names(runs)
    entrants = [Entrant(name, read_predictions(file), _digests(file)) for name, file in zip(names, files, strict=True)]
    notes = [f"{name}: {note}" for name, file in zip(names, files, strict=True) if (note := _note(file))]
    found = compare(entrants, how)
    found = replace(found, remarks=(*notes, *found.remarks))
    others = names[1] if len(names) == 2 else f"{len(names) - 1} runs"
    label = f"{others} against {names[0]}".replace("/", "-").replace(" ", "-")[:80]
    folder = fresh_folder(COMPARISONS, label) if out is None else claimed_folder(out)
    named = {name: for_terminal(file) for name, file in zip(names, files, strict=True)}
    content = found.to_json() | {"predictions": named, "draws": how.draws, "seed": how.seed}
    write_json(folder / "comparison.json", content)
    page = folder / "comparison.html"
    write_comparison_page(page, found)
    return Compared(found, content, folder, page)


def predictions_of(path: Path) -> Path:
    """The file of predictions that a RUN stands for: out-of-fold or test predictions, or the only ones there are."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise UsageError(f"there is no run directory, evaluation folder or file of predictions {path}")
    run = Run(path)
    for split in ("oof", "test"):
        if run.predictions(split).is_file():
            return run.predictions(split)
    # Those of the validation pictures chose the epoch: whoever wants them compared names the file.
    found = sorted(set(path.glob(run.predictions("*").name)) - {run.predictions("val")})
    if len(found) > 1:
        raise UsageError(f"{path} has {len(found)} files of predictions; name one of them, such as {found[0]}")
    if not found:
        raise UsageError(
            f"{path} must be a finished run, a cross-validation or an evaluation; it has no "
            f"{run.predictions('test').name}"
        )
    return found[0]


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """The last part of each path, with as many before it as tell them apart; a path given twice gets a number."""
    parts = [(path.with_suffix("") if path.is_file() else path).resolve().parts for path in paths]
    names = []
    for own in parts:
        others = {other for other in parts if other != own}
        least = next((n for n in range(1, len(own) + 1) if all(other[-n:] != own[-n:] for other in others)), len(own))
        names.append(for_terminal("/".join(own[-least:])))
    return [
        f"{name} ({names[: place + 1].count(name)})" if names[:place].count(name) else name
        for place, name in enumerate(names)
    ]


def _digests(file: Path) -> dict[str, str]:
    """Image → digest, by the division of the run that the file belongs to; empty where that is not known."""
    run = Run(file.parent)
    if file not in (run.predictions("val"), run.predictions("test"), run.predictions("oof")):
        return {}
    # An evaluation of the run's own test pictures; names of other pictures mean nothing in its division.
    if run.path.parent == Run(run.path.parent.parent).evaluations:
        run = Run(run.path.parent.parent)
    folds = [Run(path) for path in sorted(run.begun_folds())] if run.crossval.is_file() else []
    splits = next((one.splits for one in (run, *folds) if one.splits.is_file()), None)
    if splits is None:
        return {}
    known = read_splits(splits)
    return {image: digest for image, digest in zip(known["image"], known["digest"], strict=True) if digest}


def _note(file: Path) -> str:
    """What must be said of the pictures of these predictions, as their metrics say it: "synthetic phantoms"."""
    try:
        return str(json.loads(Run(file.parent).metrics.read_text(encoding="utf-8")).get("note", ""))
    except (OSError, ValueError, AttributeError):
        return ""
