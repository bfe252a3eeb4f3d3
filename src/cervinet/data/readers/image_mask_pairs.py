"""Pictures with masks beside them: `benign/benign (4).png`, `benign (4)_mask.png`, `benign (4)_mask_1.png`."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from cervinet.data.manifest import Manifest
from cervinet.data.readers.class_folders import class_folders
from cervinet.data.readers.sample import Sample, write_pictures
from cervinet.errors import DataError
from cervinet.escape import for_terminal
from cervinet.registry import register

DEFAULT_SUFFIX = "_mask"


def _sample(root: Path) -> Sample:
    masks = {"benign/benign (1)": 1, "benign/benign (2)": 2, "normal/normal (1)": 0, "normal/normal (2)": 1}
    rows = []
    for stem, count in masks.items():
        named = tuple(f"{stem}_mask{end}.png" for end in ("", "_1")[:count])
        rows.append({"image": f"{stem}.png", "label": stem.split("/")[0], "masks": named or None})
        write_pictures(root, [f"{stem}.png", *named])
    return Sample(root, {}, rows)


@register("reader", sample=_sample)
def image_mask_pairs(
    root: Path, *, suffix: Annotated[str, Field(min_length=1)] = DEFAULT_SUFFIX, sublabels: bool = False
) -> Manifest:
    """A folder a class, as for class_folders, with masks of a picture beside it.

    Args:
        root: the folder of the class folders, or of the split folders.
        suffix: what a mask's name has behind its picture's; a number may follow, `_mask_1`.
        sublabels: the second folder is a finer class.
    """
    found = class_folders(root, sublabels=sublabels)
    pattern = mask_pattern(suffix)
    named = [pattern.fullmatch(image) for image in found.table["image"]]
    is_picture = [match is None for match in named]
    masks: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for match in filter(None, named):
        masks[match["stem"]].append((int(match["number"] or -1), match.string))
    pictures = found.table[is_picture].reset_index(drop=True)
    stems = pictures["image"].str.replace(r"\.[^./]+$", "", regex=True)
    _check(root, masks, stems.tolist(), suffix)
    own = [tuple(path for _, path in sorted(masks.get(stem, []))) or None for stem in stems]
    pictures["masks"] = pd.Series(own, dtype=object)
    without = int(pictures["masks"].isna().sum())
    remarks = (f"{without} of {len(pictures)} pictures have no mask",) if without else ()
    return replace(found, table=pictures, remarks=remarks)


def mask_pattern(suffix: str) -> re.Pattern[str]:
    """What the whole path of a mask matches, with the groups stem (its picture's) and number."""
    return re.compile(rf"(?P<stem>.*[^/]){re.escape(suffix)}(?:_(?P<number>\d+))?\.[^./]+", re.DOTALL)


def without_masks(paths: Sequence[Path], suffix: str | None) -> tuple[list[Path], int]:
    """The paths that are no masks of others among them, and how many are; all of them where there is no suffix."""
    if suffix is None:
        return list(paths), 0
    pattern = mask_pattern(suffix)
    stems = {path.with_suffix("").as_posix() for path in paths}
    pictures = [p for p in paths if not ((found := pattern.fullmatch(p.as_posix())) and found["stem"] in stems)]
    return pictures, len(paths) - len(pictures)


def _check(root: Path, masks: dict[str, list[tuple[int, str]]], stems: list[str], suffix: str) -> None:
    lonely = sorted(path for stem in masks.keys() - set(stems) for _, path in masks[stem])
    if lonely:
        raise DataError(
            f"{len(lonely)} masks have no picture beside them, the first is {for_terminal(root / lonely[0])}; bring "
            f"its picture, whose name is the same without '{suffix}', or remove the mask"
        )
    seen: set[str] = set()
    for stem in stems:
        if stem in seen and stem in masks:
            raise DataError(
                f"the mask {for_terminal(root / masks[stem][0][1])} fits two pictures of one name; rename one of them"
            )
        seen.add(stem)
