"""What is exported of which run, and on which pictures it is compared: all that can be known without TensorFlow."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cervinet import pictures, registry
from cervinet.data.decode import read_bytes
from cervinet.data.decoding import decode_all
from cervinet.data.manifest import Manifest
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.errors import CervinetError, ImageError, UsageError
from cervinet.exporters.export import Pixels, Source
from cervinet.inference.inputs import pictures_named
from cervinet.model_card import ModelCard
from cervinet.progress import Progress
from cervinet.run import Run

EXAMPLES = 200
"""Pictures on which ranges of numbers are measured: TensorFlow's guide asks for a hundred or more."""


@dataclass(frozen=True)
class Plan:
    """What is to be exported, and the pictures that prove it.

    Attributes:
        source: the run.
        exporter: of the format.
        to: the folder that was asked for; None for a new one in the run.
        compared: pictures on which the export is compared with the run.
        words: which those are.
        judged: labelled pictures by which accuracy lost is measured; None where there are none.
        why_not_judged: a sentence; empty where there are some.
    """

    source: Source
    exporter: registry.Entry
    to: Path | None
    compared: list[Picture]
    words: str
    judged: Manifest | None
    why_not_judged: str


def plan(run: Run, name: str, to: Path | None, shown: Path | None, progress: Progress) -> Plan:
    """What would be exported, before TensorFlow is imported.

    Args:
        run: finished.
        name: of the format.
        to: the folder, absent or empty; None for a new one under the run's `exports/`.
        shown: a folder of pictures to compare on; None for the run's own.
        progress: shows the reading of pictures.

    Raises:
        UsageError: there is no such format, the folder has files, the run cannot be exported, or there is no picture.
    """
    known = registry.available("exporter")
    if name not in known:
        raise UsageError(f"--format must be one of {', '.join(known)}; got '{name}'{_near(name, known)}")
    if to is not None and to.exists() and not (to.is_dir() and not any(to.iterdir())):
        raise UsageError(f"{to} must be absent or empty, so that nothing is overwritten; it has files")
    card = _exportable(run, name)
    if shown is None:
        return _on_own_pictures(run, card, known[name], to, progress)
    named = pictures_named([shown], mask_suffix=pictures.mask_suffix(run) if run.config.is_file() else None).pictures
    examples = _spread(named, EXAMPLES)
    return Plan(
        Source(run, card, _model_name(run), lambda: prepared(examples, card)[1]),
        known[name],
        to,
        named,
        f"pictures of {shown}",
        None,
        "accuracy lost is not measured, for the pictures named have no classes",
    )


def _near(name: str, known: dict[str, registry.Entry]) -> str:
    found = registry.did_you_mean(name, known)
    return found if "did you mean" in found else ""


def _exportable(run: Run, name: str) -> ModelCard:
    """The card of a run whose network can be exported. Raises UsageError otherwise."""
    card = run.read_card()
    if card.not_deployable:
        raise UsageError(f"{run.path} cannot be exported, for its network is for studies only: {card.not_deployable}")
    if card.members:
        commands = "; ".join(f"cervinet export {shlex.quote(one.source)} --format {name}" for one in card.members)
        raise UsageError(
            f"{run.path} is an ensemble, whose {len(card.members)} networks have a preprocessing each; export these, "
            f"and average what they say by the weights in {run.card.name}: {commands}"
        )
    return card


def _model_name(run: Run) -> str:
    return pictures.config_of(run, None, ()).name if run.config.is_file() else run.path.resolve().name


def _on_own_pictures(run: Run, card: ModelCard, exporter: registry.Entry, to: Path | None, progress: Progress) -> Plan:
    try:
        config = pictures.config_of(run, None, ())
        split, judged = "test", pictures.own_part(config, run, "test", progress)
        if not len(judged):
            split, judged = "validation", pictures.own_part(config, run, "val", progress)
    except CervinetError as error:
        raise type(error)(f"{error}; or name a folder of other pictures with --pictures") from None
    if not len(judged):
        raise UsageError(f"{run.path} has no test or validation pictures; name a folder of pictures with --pictures")

    def examples() -> Pixels:
        train = pictures.own_part(config, run, "train", progress)
        return prepared(_spread(train.pictures(), EXAMPLES), card)[1]

    source = Source(run, card, config.name, examples)
    labelled = judged if split == "test" else None
    why = "" if labelled else "accuracy lost is not measured, for the run has no test pictures"
    return Plan(source, exporter, to, judged.pictures(), f"{split} pictures of the run", labelled, why)


def _spread(found: Sequence[Picture], most: int) -> list[Picture]:
    """At most so many, evenly from the first to the last."""
    rows = np.unique(np.linspace(0, len(found) - 1, min(most, len(found)), dtype=int))
    return [found[row] for row in rows]


def prepared(found: Sequence[Picture], card: ModelCard, most: int | None = None) -> tuple[list[Picture], Pixels]:
    """Pictures that can be read, and uint8 (n, height, width, 3). Raises DataError where there is none."""
    chosen = _spread(found, most or len(found))
    outcomes = list(decode_all(chosen, lambda picture: prepare(picture, card.image_size, card.preprocess)))
    good = [(picture, image) for picture, image in outcomes if not isinstance(image, ImageError)]
    if not good:
        raise next(error for _, error in outcomes if isinstance(error, ImageError))
    return [picture for picture, _ in good], np.stack([image for _, image in good])


def file_of(picture: Picture) -> bytes:
    """A file as it is, where TensorFlow reads its kind; else its pixels as PNG."""
    data = b"" if picture.pixels is not None else read_bytes(picture.path)
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM")):
        return data
    import cv2

    encoded: bytes = cv2.imencode(".png", picture.read()[..., ::-1])[1].tobytes()
    return encoded
