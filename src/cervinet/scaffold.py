"""`cervinet init`: look at a folder or a table of pictures and write a checked, commented config for it."""

import os
import re
import shlex
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from cervinet.config import check
from cervinet.data.manifest import IMAGE_SUFFIXES, Manifest
from cervinet.data.readers.class_folders import why_ignored
from cervinet.data.readers.table import read_table
from cervinet.errors import DataError, UsageError
from cervinet.escape import for_terminal
from cervinet.pictures import read_manifest
from cervinet.yaml_source import Source, dump_yaml, parse_yaml

# What the columns of medical image tables are usually called, best guess first.
_COLUMNS = {
    "image": (
        "image",
        "image_id",
        "image_name",
        "filename",
        "file_name",
        "file",
        "path",
        "image_path",
        "img",
        "id",
    ),
    "label": ("label", "class", "diagnosis", "dx", "target", "category", "type", "y"),
    "group": ("patient_id", "patient", "subject_id", "subject", "case_id", "case", "group", "lesion_id"),
    "split": ("split", "set", "fold", "subset"),
}
_SAMPLED = 200


@dataclass(frozen=True)
class Layout:
    """How the pictures lie: the reader and its options, and what was concluded from what."""

    reader: str
    root: Path
    options: dict[str, str] = field(default_factory=dict)


def write_config(folder: Path, to: Path | None) -> tuple[Path, str]:
    """Write a config for the pictures in `folder` (or the table that it is).

    Returns:
        The YAML file, and a description of what was found.

    Raises:
        UsageError: the file is there already.
        DataError: no pictures, or a layout that no reader knows.
    """
    target = to or Path(f"{folder.resolve().stem}.yaml")
    if target.exists():
        raise UsageError(f"{target} is there already and is not overwritten; name another with --to")
    layout = find_layout(folder)
    network, size = "cervix_cnn", (256, 256)
    manifest = read_manifest(check(Source(_settings(layout, network, size))))
    sides = picture_sizes(manifest.paths())
    network, size = fitting_network(sides)
    text = _render(layout, manifest, network, size, target, _found(manifest, sides))
    check(parse_yaml(text, str(target)))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target, "\n".join(_found(manifest, sides))


def find_layout(folder: Path) -> Layout:
    """A table if there is one that names its pictures and labels, else a folder a class."""
    if folder.is_file():
        return _table_layout(folder, folder.parent)
    if not folder.is_dir():
        raise DataError(f"there is no folder or table {folder}; name the folder that holds the pictures")
    tables = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in (".csv", ".parquet", ".pq")]
    tables = [p for p in tables if not _is_predictions(p)]
    problems = []
    for path in tables:
        try:
            return _table_layout(path, folder)
        except DataError as error:
            problems.append(str(error))
    if any(p.is_dir() and _has_picture(p) for p in folder.iterdir() if not p.name.startswith(".")):
        return Layout("class_folders", folder)
    if problems:
        raise DataError(problems[0])
    raise DataError(
        f"{folder} has neither class folders with pictures (FOLDER/class/picture.jpg) nor a table of them; "
        "arrange the pictures in a folder a class, or bring a CSV with the columns image and label"
    )


def _is_predictions(path: Path) -> bool:
    """Whether a table is what `cervinet predict --csv` writes, and so no table of labels."""
    with path.open("rb") as file:
        return file.readline().startswith(b"image,class,p_")


def _table_layout(path: Path, folder: Path) -> Layout:
    frame = read_table(path)
    by_lower = {str(column).lower(): str(column) for column in frame.columns}
    columns = {
        role: next((by_lower[name] for name in names if name in by_lower), None) for role, names in _COLUMNS.items()
    }
    for role in ("image", "label"):
        if columns[role] is None:
            raise DataError(
                f"{path} must have a column of {role}s; none of its columns ({', '.join(map(str, frame.columns))}) is "
                f"called {', '.join(_COLUMNS[role][:4])} …: rename it"
            )
    options = {role: column for role, column in columns.items() if column and column != role}
    options["group"] = columns["group"] or ""
    options["split"] = (columns["split"] or "") if _holds_splits(frame, columns["split"]) else ""
    options["suffix"] = _suffix(folder, frame[columns["image"]].dropna().head(_SAMPLED), path)
    return Layout(
        "table",
        folder,
        {"file": path.relative_to(folder).as_posix()} | {k: v for k, v in options.items() if v},
    )


def _suffix(folder: Path, names: Iterable[str], table: Path) -> str:
    names = [str(name).replace("\\", "/") for name in names]
    for suffix in ("", *sorted(IMAGE_SUFFIXES)):
        if names and sum((folder / f"{name}{suffix}").is_file() for name in names) > len(names) / 2:
            return suffix
    first = names[0] if names else ""
    raise DataError(f"{table} names pictures such as '{first}' that are not under {folder}; put the table beside them")


def _holds_splits(frame: pd.DataFrame, column: str | None) -> bool:
    return column is not None and set(frame[column].dropna()) <= {"train", "val", "test"}


def picture_sizes(paths: list[Path]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """(height, width) of up to 200 pictures spread over the list, from their headers, int64 (n, 2)."""
    sizes = []
    for path in paths[:: max(len(paths) // _SAMPLED, 1)]:
        try:
            with Image.open(path) as picture:
                sizes.append((picture.height, picture.width))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue  # an unreadable picture is reported with all others by training
    if not sizes:
        raise DataError(f"none of the pictures such as {paths[0]} can be read; are they whole?")
    return np.array(sizes, np.int64)


def fitting_network(sides: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> tuple[str, tuple[int, int]]:
    """A from-scratch network and its input size for pictures of these sizes."""
    typical = int(np.median(sides.min(axis=1)))
    if typical >= 256:
        return "cervix_cnn", (256, 256)
    if typical >= 192:
        return "cervix_cnn", (typical // 32 * 32, typical // 32 * 32)
    side = max(min(typical, 128), 28)
    return "skin_cnn", (side, side)


def fitting_batch(pictures: int) -> int:
    """A power of two from 8 to 32 that gives an epoch some 40 steps.

    The statistics of batch normalisation settle over hundreds of steps; until then validation stays at chance, and with
    a dozen steps an epoch early stopping may give up before.
    """
    return int(2 ** np.clip(np.floor(np.log2(max(pictures, 1) / 40)), 3, 5))


def _found(manifest: Manifest, sides: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> list[str]:
    counts = manifest.table["label"].value_counts()
    heights, widths = np.median(sides, axis=0).astype(int)
    lines = [
        f"{len(manifest)} pictures in {len(manifest.classes)} classes: "
        + ", ".join(f"{for_terminal(name)} {counts[name]}" for name in manifest.classes),
        f"typical size {widths} × {heights} pixels (width × height)",
    ]
    if manifest.has_groups():
        lines.append(f"{manifest.table['group'].nunique()} groups, kept together when the pictures are divided")
    else:
        lines.append("no patient or group column: several pictures of one patient may stand in different splits")
    return lines + ([manifest.ignored_line()] if manifest.ignored_line() else [])


def _settings(layout: Layout, network: str, size: tuple[int, int]) -> dict[str, object]:
    reader: object = {layout.reader: layout.options} if layout.options else layout.reader
    return {
        "data": {"root": os.fspath(layout.root), "reader": reader, "image_size": list(size)},
        "model": {"architecture": network},
    }


def _render(
    layout: Layout, manifest: Manifest, network: str, size: tuple[int, int], target: Path, found: list[str]
) -> str:
    def inline(value: object) -> str:
        return dump_yaml(value, inline=True).strip()

    # Accents are dropped, other letters that a run's name cannot have become dashes.
    plain = unicodedata.normalize("NFKD", layout.root.resolve().name).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)
    settings = _settings(layout, network, size)["data"]
    assert isinstance(settings, dict)
    comments = "\n".join(f"# {line}" for line in found)
    command_path = for_terminal(shlex.quote(os.fspath(target)))
    return f"""\
# cervinet train --config {command_path}
# Every setting: cervinet config show {command_path}
{comments}
name: {inline(name.strip("-._") or "run")}
seed: 1
classes: {inline(list(manifest.classes))}
data:
  root: {inline(settings["root"])}
  reader: {inline(settings["reader"])}
  image_size: {inline(list(size))}   # height, width; larger sees more and takes longer
  preprocess: [letterbox]   # or stretch, center_crop; clahe before or after evens out the contrast
model:
  architecture: {network}   # from scratch; vgg16 and resnet50 take weights: imagenet
training:
  epochs: 100
  batch_size: {fitting_batch(len(manifest.part("train")))}   # larger is faster, but takes more epochs
  learning_rate: 3e-4
  early_stopping: {{patience: 25}}
  augment:   # a cervix or a skin lesion has no up or down; take the flips out where that matters
    horizontal_flip: 0.5
    vertical_flip: 0.5
    rotation: 90
    zoom: [0.9, 1.2]
    brightness: 0.1
    contrast: 0.2
"""


def _has_picture(folder: Path) -> bool:
    return any(not why_ignored(name) for _, _, files in os.walk(folder) for name in files)
