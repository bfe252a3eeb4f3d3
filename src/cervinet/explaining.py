"""A run and its judged pictures → heat maps, whether they lie on the lesions, and whether they can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cervinet.data.manifest import Manifest
from cervinet.data.picture import Picture
from cervinet.data.region_frame import Region
from cervinet.errors import ImageError
from cervinet.evaluation.cases import Chosen, choose_cases, worst_errors
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.localisation import Localisation, localisation, of_one
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.sanity import Sanity, rank_correlations, sanity
from cervinet.overlays import Heated, file_name, heated, write_jpeg
from cervinet.progress import Progress
from cervinet.report.material import Case
from cervinet.report.overlay import jpeg, overlay, picture
from cervinet.run import Run

if TYPE_CHECKING:
    from cervinet.inference.explain import Explainer
    from cervinet.inference.heat import Method

WORST = 12
"""Errors that a report shows."""
COMPARED = 24
"""Pictures whose maps are compared with those of random weights: their maps stay in memory."""


@dataclass(frozen=True, eq=False)
class Explained:
    """What the heat maps of a run show.

    Attributes:
        cases: pictures to look at, of every kind.
        worst: the most confident errors.
        localisation: None where no picture has a mask or a box that the network sees.
        sanity: whether the maps depend on the weights.
        remarks: what a person should know, such as masks that could not be used.
        method: of the heat maps.
    """

    cases: tuple[Case, ...]
    worst: tuple[Case, ...]
    localisation: Localisation | None
    sanity: Sanity
    remarks: tuple[str, ...]
    method: "Method"


def explained(
    run: Run,
    manifest: Manifest,
    predictions: Predictions,
    *,
    method: "Method",
    most: int,
    how: Resampling,
    folder: Path | None,
    progress: Progress,
) -> Explained:
    """Explain the predicted class of judged pictures: all that have a region, and those that are to be shown.

    The pictures go by in batches; those that are shown and `COMPARED` more stay in memory.

    Args:
        run: finished.
        manifest: has a row for every predicted image, by its name.
        predictions: of the run, each image once.
        method: of the heat maps.
        most: pictures to show beside the worst errors.
        how: draws, confidence and seed of the intervals; the seed makes the random weights too.
        folder: where overlays are written, a JPEG each, readable by their owner alone; None for nowhere.
        progress: shows the work.

    Raises:
        CervinetError, UsageError: see `Explainer.load`.
    """
    from cervinet.inference.explain import Explainer

    explainer = Explainer.load(run, method)
    by_name = dict(zip(manifest.table["image"], manifest.pictures(), strict=True))
    pictures = [by_name[image] for image in predictions.images]
    kind = _kind(pictures)
    chosen, worst = choose_cases(predictions, most), worst_errors(predictions, WORST)
    shown = {one.row: one for one in (*worst, *chosen)}
    compared = set(np.linspace(0, len(pictures) - 1, min(COMPARED, len(pictures)), dtype=int).tolist())
    rows = [row for row, one in enumerate(pictures) if _region(one) == kind or row in shown or row in compared]

    asked = predictions.predicted[rows].tolist()
    found = heated(explainer, [pictures[row] for row in rows], asked, kind)
    cases, measured, kept = dict[int, Case](), dict[int, dict[str, float]](), dict[int, Heated]()
    problems, names = list[str](), set[str]()
    for row, one in zip(rows, progress.track(found, len(rows), "Explaining"), strict=True):
        if isinstance(one, ImageError):
            problems.append(str(one))
            continue
        if one.problem:
            problems.append(one.problem)
        if kind and one.region is not None:
            measured[row] = of_one(one.heat, one.region)
        if row in compared:
            kept[row] = one
        if row in shown:
            cases[row] = case = _case(shown[row], predictions, one)
            if folder and case.overlay:
                name = file_name(f"{case.kind}-{case.label}-{Path(case.image).stem}", names)
                write_jpeg(folder / name, case.overlay)
    sane = _sanity(explainer, kept, predictions, how)
    return Explained(
        cases=tuple(cases[one.row] for one in chosen if one.row in cases),
        worst=tuple(cases[one.row] for one in worst if one.row in cases),
        localisation=_localisation(measured, kind, predictions, sane, how) if kind and measured else None,
        sanity=sane,
        remarks=tuple(problems),
        method=method,
    )


def _region(picture: Picture) -> Region | None:
    return "masks" if picture.masks else "boxes" if picture.box else None


def _kind(pictures: Sequence[Picture]) -> Region | None:
    """Masks where any picture has one, for they are closer to the lesion than boxes."""
    kinds = set(map(_region, pictures))
    return "masks" if "masks" in kinds else "boxes" if "boxes" in kinds else None


def _case(chosen: Chosen, predictions: Predictions, one: Heated) -> Case:
    row = chosen.row
    best = int(predictions.predicted[row])
    return Case(
        image=predictions.images[row],
        kind=chosen.kind,
        label=predictions.classes[predictions.labels[row]],
        predicted=predictions.classes[best],
        probability=float(predictions.probabilities[row, best]),
        picture=jpeg(picture(one.image)),
        overlay=jpeg(overlay(one.image, one.heat, one.region)),
    )


def _sanity(explainer: "Explainer", kept: dict[int, Heated], predictions: Predictions, how: Resampling) -> Sanity:
    rows = list(kept)
    correlations = np.zeros(0)
    if rows:
        images = np.stack([kept[row].image for row in rows])
        with explainer.randomised(how.seed):
            other = explainer.heat(images, predictions.predicted[rows])
        correlations = rank_correlations(np.stack([kept[row].heat for row in rows]), other)
    return sanity(correlations, [predictions.groups[row] for row in rows], how)


def _localisation(
    measured: dict[int, dict[str, float]], kind: Region, predictions: Predictions, sane: Sanity, how: Resampling
) -> Localisation:
    rows = list(measured)
    return localisation(
        [measured[row] for row in rows],
        predictions.labels[rows],
        [predictions.groups[row] for row in rows],
        predictions.classes,
        region=kind,
        how=how,
        without=len(predictions.images) - len(rows),
        randomised=sane.correlation.value,
    )
