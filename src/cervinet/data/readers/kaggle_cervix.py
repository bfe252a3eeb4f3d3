"""The layout of Kaggle's "Intel & MobileODT Cervical Cancer Screening", with or without cervix boxes."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from cervinet.csv_table import read_table
from cervinet.data.folders import check_root, folders_in, ignored_table, scan
from cervinet.data.manifest import Manifest, table_of
from cervinet.data.readers.cervix_boxes import read_boxes, scaled_boxes
from cervinet.data.readers.sample import Row, Sample, write_pictures
from cervinet.errors import DataError
from cervinet.registry import register

CLASSES = ("Type_1", "Type_2", "Type_3")
SOLUTION = "solution_stg1_release.csv"

_ADDITIONAL = re.compile(r"(?:additional_)?(Type_[123])(_v2)?")


def _sample(root: Path) -> Sample:
    images = [f"train/{label}/{n}.png" for label in CLASSES for n in (0, 1)]
    write_pictures(root, [*images, "additional/Type_1_v2/7.png", "test/3.png", "test/4.png"], (60, 80))
    (root / SOLUTION).write_text("image_name,Type_1,Type_2,Type_3\n3.png,0,1,0\n", encoding="utf-8")
    (root / "bbox").mkdir()
    lines = "Type_1\\0.png 2 40 80 40 40 60 60 100 40\nType_1\\1.png 1 150 10 20 20\n"
    (root / "bbox/Type_1_bbox.tsv").write_text(lines, encoding="utf-8")
    (root / "bbox/sizes.csv").write_text("image,frame_width,frame_height\nType_1/0.png,160,240\n", encoding="utf-8")
    rows: list[Row] = [{"image": image, "label": image.split("/")[1]} for image in images]
    rows[0] |= {"box_x": 20.0, "box_y": 15.0, "box_w": 60.0, "box_h": 15.0}
    rows.append({"image": "additional/Type_1_v2/7.png", "label": "Type_1"})
    rows.append({"image": "test/3.png", "label": "Type_2", "split": "test"})
    return Sample(root, {"additional": True, "test": True, "boxes": "bbox"}, rows)


@register("reader", sample=_sample)
def kaggle_cervix(root: Path, *, additional: bool = False, test: bool = False, boxes: str | None = None) -> Manifest:
    """The cervix pictures of the Kaggle competition of 2017: transformation-zone types 1, 2 and 3.

    Args:
        root: the folder of `train`, or of Type_1, Type_2 and Type_3 themselves.
        additional: take the pictures of `additional/Type_1_v2` or `additional_Type_1_v2` too; of two versions the
            second.
        test: take the pictures of `test` as the test split, labelled by `solution_stg1_release.csv`.
        boxes: the folder of `Type_1_bbox.tsv`, …, relative to `root`; see `cervix_boxes`.
    """
    check_root(root)
    train = root / "train" if (root / "train" / CLASSES[0]).is_dir() else root
    missing = [label for label in CLASSES if not (train / label).is_dir()]
    if missing:
        raise DataError(
            f"data.root must hold the folders {', '.join(CLASSES)}, or `train` with these; {train} has no "
            f"{missing[0]}; extract the competition's archives there, or correct data.root"
        )
    rows, ignored = [], []
    keys: list[str] = []  # what the boxes call each picture
    for path, label, split, reason in _pictures(root, train, additional=additional, test=test):
        if reason:
            ignored.append((path, reason))
            continue
        image = path.relative_to(root).as_posix()
        rows.append({"image": image, "label": label, "split": split})
        keys.append(path.relative_to(train).as_posix() if path.is_relative_to(train) else image)
    table, remarks = table_of(rows), tuple[str, ...]()
    if boxes:
        found, remarks = scaled_boxes(read_boxes(root / boxes), root, list(zip(keys, table["image"], strict=True)))
        table[["box_x", "box_y", "box_w", "box_h"]] = found
    return Manifest(table, root, classes=CLASSES, ignored=ignored_table(root, ignored), remarks=remarks)


def _pictures(
    root: Path, train: Path, *, additional: bool, test: bool
) -> Iterator[tuple[Path, str | None, str | None, str]]:
    """Every file of the layout: its path, label, split, and why it is passed over."""
    for name in CLASSES:
        yield from ((path, name, None, reason) for path, reason in scan(train / name))
    for folder, name, passed_over in _taken(root, wanted=additional):
        yield from ((path, name, None, reason or passed_over) for path, reason in scan(folder))
    answers = _solution(root) if test else {}
    for path, reason in scan(root / "test") if (root / "test").is_dir() else ():
        label = answers.pop(path.name, None)
        unlabelled = "unlabelled test picture" if test else "test picture, not asked for"
        yield path, label, "test", reason or ("" if label else unlabelled)
    if answers:
        raise DataError(
            f"{root / SOLUTION} names {len(answers)} pictures that are not in {root / 'test'}, the first is "
            f"{next(iter(answers))}; extract test.7z there, or set data.reader.kaggle_cervix.test=false"
        )
    if (root / "test_stg2").is_dir():
        yield from (
            (path, None, None, reason or "unlabelled test picture") for path, reason in scan(root / "test_stg2")
        )


def additional_folders(root: Path) -> list[tuple[Path, str, bool]]:
    """The folders of additional pictures, with their class and whether they are of the second version."""
    places = [folder for folder in folders_in(root) if folder.name.startswith("additional_")]
    places += folders_in(root / "additional") if (root / "additional").is_dir() else []
    return [(folder, match[1], bool(match[2])) for folder in places if (match := _ADDITIONAL.fullmatch(folder.name))]


def _taken(root: Path, *, wanted: bool) -> list[tuple[Path, str, str]]:
    """The folders of additional pictures with their class, and why one is passed over."""
    named = additional_folders(root)
    if wanted and not named:
        raise DataError(
            f"{root} has no additional pictures; extract additional_Type_1_v2.7z and its kin there, "
            "or set data.reader.kaggle_cervix.additional=false"
        )
    replaced = {label for _, label, second in named if second}
    found = []
    for folder, label, second in named:
        reason = "" if second or label not in replaced else "additional, of which there is a second version"
        found.append((folder, label, reason if wanted else "additional, not asked for"))
    return found


def _solution(root: Path) -> dict[str, str]:
    """The class of each picture of the first stage's test by its name."""
    path = root / SOLUTION
    if not path.is_file():
        raise DataError(
            f"there is no {path}, which labels the pictures of `test`; put it there, "
            "or set data.reader.kaggle_cervix.test=false"
        )
    answers = read_table(path)
    for column in ("image_name", *CLASSES):
        if column not in answers.header:
            raise DataError(f"{path} must have the columns image_name, {', '.join(CLASSES)}; '{column}' is missing")
    numbers = answers.numbers(CLASSES)
    labels: dict[str, str] = {}
    for line, name, row in zip(answers.lines, answers.text("image_name"), numbers.tolist(), strict=True):
        if sorted(row) != [0, 0, 1]:
            raise DataError(f"{path}:{line} must have one 1 and zeros under {', '.join(CLASSES)}; got {row}")
        if labels.setdefault(os.path.basename(name), CLASSES[row.index(1)]) != CLASSES[row.index(1)]:
            raise DataError(f"{path}:{line} names {name} a second time, as another type; remove one of the rows")
    return labels
