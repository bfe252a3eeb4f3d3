"""What a user names on the command line → the pictures it means."""

import glob
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cervinet.csv_table import read_table
from cervinet.data.picture import Box, Picture
from cervinet.errors import DataError, UsageError
from cervinet.escape import for_terminal
from cervinet.inference.picture_tables import SUFFIXES, pictures_in
from cervinet.model_card import ModelCard
from cervinet.registry import did_you_mean, find

_BOX = ("x", "y", "w", "h")


@dataclass(frozen=True)
class Named:
    """Pictures in order, each once, and what was passed over in the folders."""

    pictures: list[Picture]
    remarks: list[str]


def pictures_named(
    names: Iterable[str | Path],
    *,
    mask_suffix: str | None = None,
    standard_input: Callable[[], bytes] | None = None,
) -> Named:
    """Files as they are, folders searched with their subfolders, patterns filled in, tables and lists read.

    A single file that is not there or is no picture is kept: its prediction will say so.

    Args:
        names: of files, folders, patterns, and CSV or Parquet tables of pictures (see `pictures_in`).
        mask_suffix: what the masks of the training data had behind the names of their pictures; in folders, such
            files beside their pictures are no pictures.
        standard_input: gives the paths that the name `-` stands for, one a line, or with NUL bytes between them where
            there is one (`find -print0`); they are of files and folders. None: `-` is a name like any other.

    Raises:
        UsageError: a folder or a pattern without any picture, nothing on standard input.
        DataError: see `pictures_in`; or two tables have different boxes for one picture.
    """
    found, remarks = dict[Path, Picture](), list[str]()
    for path in _paths(names, standard_input):
        if path.is_dir():
            pictures, said = _in_folder(path, mask_suffix)
            remarks += said
        elif path.suffix.lower() in SUFFIXES:
            pictures = pictures_in(path)
        else:
            pictures = [Picture(path)]
        for picture in pictures:
            known = found.setdefault(picture.path, picture)
            if known.box is None:
                found[picture.path] = picture
            elif picture.box not in (None, known.box):
                raise DataError(f"two tables have different boxes for {for_terminal(picture.path)}; name one of them")
    return Named(list(found.values()), remarks)


def _paths(names: Iterable[str | Path], standard_input: Callable[[], bytes] | None) -> Iterator[Path]:
    """With patterns filled in and `-` replaced by what stands there."""
    for path in map(Path, names):
        name = str(path)
        if name == "-" and standard_input:
            listed = standard_input()
            lines = listed.split(b"\0") if b"\0" in listed else listed.splitlines()
            paths = [Path(os.fsdecode(line)) for line in lines if line.strip()]
            if not paths:
                raise UsageError("standard input (-) has no paths; give one a line, as `find scans -name '*.jpg'` does")
            yield from paths
        elif glob.has_magic(name) and not os.path.lexists(name):
            matches = [match for match in sorted(glob.glob(name, recursive=True)) if not Path(match).is_dir()]
            if not matches:
                raise UsageError(f"no file matches {for_terminal(name)}; check the pattern and the folder it is run in")
            yield from map(Path, matches)
        else:
            yield path


def _in_folder(path: Path, mask_suffix: str | None) -> tuple[list[Picture], list[str]]:
    from cervinet.data.readers.image_mask_pairs import without_masks
    from cervinet.data.readers.unlabelled import unlabelled

    manifest = unlabelled(path)
    pictures, masks = without_masks(manifest.paths(), mask_suffix)
    if not pictures:
        raise UsageError(f"the folder {for_terminal(path)} has no pictures in it; name another")
    passed_over = [manifest.ignored_line(), f"{masks} masks passed over" if masks else ""]
    return [Picture(one) for one in pictures], [f"{for_terminal(path)}: {line}" for line in passed_over if line]


def with_boxes(pictures: Sequence[Picture], path: Path) -> list[Picture]:
    """The pictures with the boxes that a CSV with the columns image, x, y, w, h has for them.

    A row is for the picture whose path ends with what its column `image` says.

    Raises:
        DataError: no such table, a box that is none, two boxes for one picture, one for two, or none for any.
    """
    table = read_table(path)
    missing = [name for name in ("image", *_BOX) if name not in table.header]
    if missing:
        raise DataError(
            f"{path} must have the columns image, x, y, w and h; '{missing[0]}' is missing"
            f"{did_you_mean(missing[0], table.header)}"
        )
    boxes: dict[tuple[str, ...], tuple[int, Box]] = {}
    for line, image, box in zip(table.lines, table.text("image"), table.numbers(_BOX).tolist(), strict=True):
        parts = PurePosixPath(image.replace("\\", "/")).parts
        if not all(map(math.isfinite, box)) or min(box[2:]) <= 0:
            shown = ",".join(f"{side:g}" for side in box)
            raise DataError(f"{path}:{line} must have a box with a positive width and height; got {shown}")
        if parts in boxes:
            raise DataError(
                f"{path}:{line} has a second box for {image}, the first is in line {boxes[parts][0]}; keep one"
            )
        boxes[parts] = (line, (box[0], box[1], box[2], box[3]))
    found, taken = [], dict[int, Path]()
    for picture in pictures:
        line, box = _box_of(picture, boxes) or (0, None)
        other = taken.setdefault(line, picture.path) if line else picture.path
        if other != picture.path:
            raise DataError(
                f"{path}:{line} has a box that fits two pictures, {for_terminal(other)} and "
                f"{for_terminal(picture.path)}; name more of the path in its column image"
            )
        found.append(replace(picture, box=box))
    if not any(picture.box for picture in found):
        raise DataError(
            f"{path} has no box for any of the pictures, the first of which is {for_terminal(pictures[0].path)}; "
            "name them in its column image by the end of their paths"
        )
    return found


def _box_of(picture: Picture, boxes: Mapping[tuple[str, ...], tuple[int, Box]]) -> tuple[int, Box] | None:
    """The line and the box of the longest end of the picture's path that there is one for."""
    parts = picture.path.absolute().parts
    return next((boxes[parts[start:]] for start in range(len(parts)) if parts[start:] in boxes), None)


def region_remarks(card: ModelCard, pictures: Sequence[Picture]) -> list[str]:
    """What a user should know of regions before predicting.

    Raises:
        UsageError: boxes were brought for a network that does not crop to any.
    """
    regions = [find("preprocess", name).traits.get("region") for name, _ in card.preprocess]
    boxed = sum(picture.box is not None for picture in pictures)
    if boxed and "box" not in regions:
        raise UsageError("the run does not crop to boxes, so --boxes has no use; leave it out")
    remarks = [f"This run is not for use on new pictures: {card.not_deployable}."] if card.not_deployable else []
    if "box" in regions and boxed < len(pictures):
        remarks.append(
            f"The run crops to boxes; {len(pictures) - boxed} of {len(pictures)} pictures have none (--boxes)."
        )
    return remarks
