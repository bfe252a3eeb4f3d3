"""What a run says of pictures, step by step: `cervinet predict`.

It stands apart from `workflow`, which imports what training needs: here one picture takes a fraction of a second.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cervinet.data.picture import Picture
from cervinet.inference.inputs import pictures_named, region_remarks, with_boxes
from cervinet.inference.predictor import Predictor, Wanted
from cervinet.inference.shard import Shard
from cervinet.inference.verdict import choice_remarks
from cervinet.model_card import ModelCard
from cervinet.progress import Progress
from cervinet.run import Run

if TYPE_CHECKING:
    from cervinet.inference.predicting import Prediction


@dataclass(frozen=True)
class Asked:
    """The pictures that a run is asked about, and what a person should know before it answers."""

    run: Run
    card: ModelCard
    pictures: Sequence[Picture]
    remarks: list[str]


def asked(
    run: Run,
    names: Sequence[str],
    *,
    boxes: Path | None,
    shard: Shard | None,
    outlined: bool,
    standard_input: Callable[[], bytes],
) -> Asked:
    """Find the pictures; no network is loaded yet.

    Args:
        run: finished.
        names: see `pictures_named`.
        boxes: see `with_boxes`.
        shard: the part of them that is wanted.
        outlined: boxes are drawn, and so of use to a network that does not crop to them.
        standard_input: gives the paths that `-` stands for.

    Raises:
        UsageError, DataError: see `pictures_named`, `with_boxes` and `region_remarks`.
    """
    card, suffix = run.read_card(), None
    crops = any(name == "crop_to_box" for name, _ in card.preprocess)
    if any(Path(name).is_dir() for name in names) or "-" in names:
        from cervinet.pictures import mask_suffix

        suffix = mask_suffix(run)
    named = pictures_named(names, mask_suffix=suffix, standard_input=standard_input)
    pictures, remarks = named.pictures, named.remarks
    if not outlined and not crops:
        boxed = sum(one.box is not None for one in pictures)
        pictures = [replace(one, box=None) for one in pictures]
        remarks += [f"The run does not crop to boxes: those of {boxed} pictures are not used."] if boxed else []
    if boxes:
        pictures = with_boxes(pictures, boxes)
    about = pictures if crops or not outlined else [replace(one, box=None) for one in pictures]
    remarks = [*remarks, *region_remarks(card, about), *choice_remarks(card)]
    return Asked(run, card, shard.part(pictures) if shard else pictures, remarks)


def answers(
    found: Asked, progress: Progress, views: int | None = None, engine: Wanted = "auto"
) -> Iterator["Prediction"]:
    """Every picture's prediction, in order, as they are ready.

    Raises:
        CervinetError, UsageError: see `Predictor.load`.
    """
    predictor = Predictor.load(found.run, views, engine)
    return progress.track(predictor.pictures(found.pictures), len(found.pictures), "Predicting")


def needs_tensorflow(run: Run, engine: Wanted, *, explained: bool) -> bool:
    """Whether a network of the run is run by Keras: that is asked for, or files for onnxruntime are missing."""
    if engine != "auto":
        return engine == "keras"
    card = run.read_card()
    runs = [run.verified_member(card, member.folder) for member in card.members] or [run]
    if any(one.onnx.name not in one.read_card().hashes for one in runs):
        return True
    if not explained:
        return False
    from cervinet.inference.explainer import explains_without_tensorflow

    return not explains_without_tensorflow(run)
