"""`cervinet init`: look at a folder or a table of pictures and write a checked, commented config for it."""

import os
import re
import shlex
import unicodedata
from contextlib import suppress
from pathlib import Path

import numpy as np

from cervinet.config import check
from cervinet.data.headers import picture_size
from cervinet.data.layout import Layout, find_layout
from cervinet.data.manifest import Manifest
from cervinet.data.manifest_checks import check_links
from cervinet.errors import DataError, ImageError, UsageError
from cervinet.escape import for_terminal
from cervinet.files import check_writable
from cervinet.pictures import read_manifest
from cervinet.yaml_source import Source, dump_yaml, parse_yaml

_SAMPLED = 200


def write_config(folder: Path, to: Path | None) -> tuple[Path, str]:
    """Write a config for the pictures in `folder` (or the table that it is).

    Returns:
        The YAML file, and a description of what was found.

    Raises:
        UsageError: the file is there already.
        DataError: no pictures, or a layout that no reader knows.
    """
    target = to or Path(f"{folder.resolve().name.removesuffix(folder.suffix).removesuffix('.csv')}.yaml")
    if target.exists():
        raise UsageError(f"{target} is there already and is not overwritten; name another with --to")
    check_writable(target)
    layout = find_layout(folder)
    network, size = "cervix_cnn", (256, 256)
    settings = _settings(layout, network, size)
    settings["data"]["outside_links"] = True  # they are told of below, and refused by the check
    manifest = read_manifest(check(Source(settings)))
    sides = picture_sizes(manifest)
    network, size = fitting_network(sides)
    text = _render(layout, manifest, network, size, target, _found(layout, manifest, sides))
    check(parse_yaml(text, str(target)))
    target.write_text(text, encoding="utf-8")
    return target, "\n".join(_found(layout, manifest, sides))


def picture_sizes(manifest: Manifest) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """(height, width) of up to 200 pictures spread over the rows, from their headers, int64 (n, 2)."""
    if manifest.pixels is not None:
        return np.array([manifest.pixels.shape[1:3]], np.int64)
    sizes, paths = [], manifest.paths()
    for path in paths[:: max(len(paths) // _SAMPLED, 1)]:
        with suppress(ImageError):  # an unreadable picture is reported with all others by training
            sizes.append(picture_size(path))
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


def _found(layout: Layout, manifest: Manifest, sides: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> list[str]:
    counts = manifest.table["label"].value_counts()
    heights, widths = np.median(sides, axis=0).astype(int)
    lines = [
        f"{len(manifest)} pictures in {len(manifest.classes)} classes: "
        + ", ".join(f"{for_terminal(name)} {counts[name]}" for name in manifest.classes),
        for_terminal(layout.found),
        f"typical size {widths} × {heights} pixels (width × height)",
    ]
    if manifest.has_groups():
        lines.append(f"{manifest.table['group'].nunique()} groups, kept together when the pictures are divided")
    else:
        lines.append("no patient or group column: several pictures of one patient may stand in different splits")
    if manifest.ignored_line():
        lines.append(manifest.ignored_line())
    try:
        check_links(manifest)
    except DataError as error:
        lines.append(str(error))
    return lines


def _settings(layout: Layout, network: str, size: tuple[int, int]) -> dict[str, dict[str, object]]:
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
  architecture: {network}   # from scratch; backbones such as resnet50 take weights: imagenet
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
