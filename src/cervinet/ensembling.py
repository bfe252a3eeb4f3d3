"""Finished runs → one run that averages their networks, and holds all it needs."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from cervinet import assembly, assessing, deciding, environment, pictures
from cervinet.assessing import Judged
from cervinet.config import Config, check
from cervinet.data.manifest import Manifest
from cervinet.data.split_file import EXCLUDED, read_splits, write_splits
from cervinet.errors import DataError, LeakageError, UsageError
from cervinet.evaluation.predictions import Predictions, write_predictions
from cervinet.files import write_atomically, write_json
from cervinet.holding import status_kept
from cervinet.model_card import Average, Member, ModelCard
from cervinet.progress import Progress
from cervinet.run import Run
from cervinet.yaml_source import read_yaml

if TYPE_CHECKING:
    from cervinet.inference.answers import Answers
    from cervinet.inference.predicting import Prediction

Weights = Literal["equal", "fitted"]


@dataclass(frozen=True)
class Ensembled:
    """The run that was made, and its metrics unless it was made without test pictures."""

    run: Run
    card: ModelCard
    judged: Judged | None


def ensemble(
    paths: Sequence[Path], to: Path, progress: Progress, *, average: Average, weights: Weights, test: bool
) -> Ensembled:
    """Copy the networks, weight them by the common validation pictures, judge them on the common test pictures."""
    assembly.check_alone("an ensemble")
    runs, cards = open_members(paths)
    config = check(read_yaml(runs[0].config))
    runs[0].groups_from()  # raises where the run is not whole
    table = common_parts(runs, test)
    if weights == "fitted" and not (table["split"] == "val").any():
        raise UsageError(
            "the runs have no validation pictures in common, on which weights could be fitted; use --weights equal"
        )
    run = Run.create(to, to.name)
    with run.locked(), status_kept(run):
        _write_inputs(config, runs[0], table, run)
        card = _copy_members(runs, cards, run, average)
        if not card.gate and any(one.gate for one in cards):
            progress.say(
                f"The ensemble has no input gate, for {runs[0].path}, whose limits it would have, has none; name a run "
                "that has one first."
            )
        found = _predict(config, run, card, ("val", "test") if test else ("val",), progress)
        if weights == "fitted":
            card = _weighted(card, *found["val"])
        parts = {split: _combined(*of_split, card, split) for split, of_split in found.items()}
        settled = deciding.settled(config.evaluation, card, parts.get("val"), progress)
        card = settled.on(card)
        run.write_card(card)
        for split, predictions in parts.items():
            parts[split] = deciding.calibrated(predictions, settled.calibration, card)
            write_predictions(parts[split], run.predictions(split))
        if not test:
            return Ensembled(run, card, None)
        manifest, note = found["test"][0], assembly.caption(found["test"][0], card)
        judged = assessing.judge(config, run, card, manifest, parts["test"], run.path, note, progress)
    return Ensembled(run, card, judged)


def open_members(paths: Sequence[Path]) -> tuple[list[Run], list[ModelCard]]:
    """The runs and their cards. Raises UsageError where they can be no members of one ensemble."""
    places = [path.resolve() for path in paths]
    for number, path in enumerate(paths):
        if places[number] in places[:number]:
            raise UsageError(f"{path} is named twice; a run can be in an ensemble once")
    if len(paths) < 2:
        raise UsageError("an ensemble needs at least two runs; name another one")
    runs = [Run.open(path) for path in paths]
    cards = [run.read_card() for run in runs]
    for run, card in zip(runs, cards, strict=True):
        if card.members:
            raise UsageError(f"{run.path} is an ensemble itself; name the runs that it was made of")
        if card.classes != cards[0].classes:
            raise UsageError(
                f"the classes of {run.path} must be those of {runs[0].path} in their order, {list(cards[0].classes)}; "
                f"got {list(card.classes)}"
            )
    return runs, cards


def common_parts(runs: Sequence[Run], test: bool) -> pd.DataFrame:
    """The pictures of the first run, each with its part in the ensemble; pictures are the same by their content.

    test: for the test in every run; val: for validation in every run; train: any run learnt or chose by it.

    Args:
        runs: the members.
        test: whether the ensemble is to be judged; without, it has no test part.

    Raises:
        UsageError: the runs do not have the same test pictures.
        LeakageError: a run learnt from pictures that are for the test or for validation.
    """
    tables = [read_splits(run.splits) for run in runs]
    parts = {split: [_digests(table, split) for table in tables] for split in ("train", "val", "test")}
    common = {split: set.intersection(*parts[split]) if test or split == "val" else set() for split in ("val", "test")}
    for run, own in zip(runs, parts["test"], strict=True):
        if test and own != parts["test"][0]:
            raise UsageError(
                f"{len(own ^ parts['test'][0])} pictures are for the test in only one of {runs[0].path} and "
                f"{run.path}, so that the two could not be judged together; train them with one division "
                f"(data.split.file={runs[0].splits}), or add --no-test for an ensemble without metrics"
            )
    for split, pictures_of in common.items():
        for run, learnt in zip(runs, parts["train"], strict=True):
            if leaked := len(pictures_of & learnt):
                raise LeakageError(
                    f"{run.path} learnt from {leaked} of the pictures that are for the {split} part of every run; "
                    "leave it out, or train it with the division of the others"
                )
    used = set[str]().union(*parts["train"], *parts["val"])

    def part(digest: str) -> str:
        of_all = next((split for split, digests in common.items() if digest in digests), None)
        return of_all or ("train" if digest in used else EXCLUDED)

    return tables[0].assign(split=tables[0]["digest"].map(part))


def _digests(table: pd.DataFrame, split: str) -> set[str]:
    return set(table["digest"][table["split"] == split]) - {""}


def _write_inputs(config: Config, first: Run, table: pd.DataFrame, run: Run) -> None:
    """What the ensemble was made from; the pictures are read as the first run reads them."""
    write_atomically(run.config, config.to_yaml().encode())
    write_splits(table, run.splits)
    shutil.copyfile(first.data, run.data)
    write_json(run.environment, environment.describe(seed=config.seed, precision="float32"))


def _copy_members(runs: Sequence[Run], cards: Sequence[ModelCard], run: Run, average: Average) -> ModelCard:
    members = []
    for number, one in enumerate(runs, start=1):
        folder = f"members/{number}"
        copy = run.member(folder)
        copy.path.mkdir(parents=True)
        for file in (*one.model_files(), one.card, one.splits):
            shutil.copyfile(file, copy.path / file.name)
        members.append(Member(folder, 1 / len(runs), str(one.path.resolve())))
    steps = [step for card in cards for step in card.preprocess]
    card = ModelCard(
        classes=cards[0].classes,
        image_size=cards[0].image_size,
        preprocess=tuple(step for number, step in enumerate(steps) if step not in steps[:number]),
        architecture="ensemble",
        note=", ".join(dict.fromkeys(card.note for card in cards if card.note)),
        not_deployable=next((card.not_deployable for card in cards if card.not_deployable), ""),
        versions=environment.versions(),
        views=ModelCard.common_views(cards),
        subclasses=cards[0].subclasses if all(card.subclasses == cards[0].subclasses for card in cards) else (),
        members=tuple(members),
        average=average,
        gate=cards[0].gate,
        descriptions=cards[0].descriptions,
    )
    run.write_card(card)
    return run.read_card()  # with the hashes of the members' cards, by which these are opened


Found = tuple[Manifest, list[list["Prediction"]]]


def _predict(config: Config, run: Run, card: ModelCard, splits: Sequence[str], progress: Progress) -> dict[str, Found]:
    """What each member says of each picture of the splits that there are."""
    from cervinet.inference.predictor import Predictor

    parts = {split: pictures.own_part(config, run, split, progress) for split in splits}
    found: dict[str, Found] = {split: (manifest, []) for split, manifest in parts.items() if len(manifest)}
    for number, member in enumerate(card.members, start=1):
        predictor = Predictor.of_member(run.member(member.folder))
        for split, (manifest, of_members) in found.items():
            label = f"Network {number} of {len(card.members)}, {split}"
            of_members.append(list(progress.track(predictor.pictures(manifest.pictures()), len(manifest), label)))
            for prediction in of_members[-1]:
                if prediction.error:
                    raise DataError(f"an ensemble needs every picture of its runs: {prediction.error}")
    return found


def _answers(of_members: Sequence[Sequence["Prediction"]], card: ModelCard) -> list["Answers"]:
    """What each member says of all pictures; of sub-classes where the ensemble has them."""
    from cervinet.inference.predicting import answers_of

    found = map(answers_of, of_members)
    return [one if card.subclasses else replace(one, subclasses=None) for one in found]


def _weighted(card: ModelCard, manifest: Manifest, of_members: list[list["Prediction"]]) -> ModelCard:
    from cervinet.inference.average import fit_weights

    labels = np.array([card.classes.index(label) for label in manifest.table["label"]], np.int64)
    fitted = fit_weights(_answers(of_members, card), labels, card.average).tolist()
    members = [replace(member, weight=weight) for member, weight in zip(card.members, fitted, strict=True)]
    return replace(card, members=tuple(members))


def _combined(manifest: Manifest, of_members: list[list["Prediction"]], card: ModelCard, split: str) -> Predictions:
    from cervinet.inference.average import combined
    from cervinet.inference.collect import collect
    from cervinet.inference.predicting import said
    from cervinet.inference.verdict import Judge

    answers = combined(_answers(of_members, card), [member.weight for member in card.members], card.average)
    gate, verdict = bool(card.gate) and split == "test", Judge(card)
    found = []
    for one, answer in zip(of_members[0], answers, strict=True):
        assert one.verdict is not None
        # The first member has measured the picture as the ensemble does; how unlike it is, all of them say.
        flags = [flag for flag in one.verdict.flags if flag != "unlike"]
        flags += ["unlike"] if answer.unlike is not None and answer.unlike > 1 else []
        found.append(said(one.image, answer, verdict.one(answer.probabilities, flags) if gate else None))
    return collect(manifest, found, split, card.subclasses, gated=gate)
