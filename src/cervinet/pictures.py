"""Pictures for a command: prepared for a network, or as a finished run is to be judged on."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from cervinet.auditing import digests_of, divided, own_groups, read_rows, with_digests
from cervinet.config import Config, check
from cervinet.data.digests import Digests, digest_of
from cervinet.data.groups import united
from cervinet.data.layout import find_layout
from cervinet.data.manifest import BOX_COLUMNS, SPLITS, Manifest
from cervinet.data.manifest_checks import check_leakage, check_parts
from cervinet.data.preprocess import Steps
from cervinet.data.split_file import (
    check_unchanged,
    digests_in_file,
    groups_from_file,
    images_in_file,
    splits_from_file,
)
from cervinet.data.store import Decoder, Images, Store, default_cache, open_store
from cervinet.errors import ConfigError, UsageError
from cervinet.progress import Progress
from cervinet.run import Run
from cervinet.yaml_source import override, read_yaml


def read_manifest(config: Config) -> Manifest:
    """The pictures with classes and splits settled and every file seen to be there; none is opened."""
    manifest = read_rows(config.data, config.classes)
    group = united(manifest.table["image"], own_groups(config.data, manifest).values())
    manifest = replace(manifest, table=manifest.table.assign(group=group))
    manifest = replace(manifest, table=manifest.table.assign(split=divided(config, manifest)))
    check_leakage(manifest.table)
    check_parts(manifest.table, manifest.classes)
    return manifest


def open_images(config: Config, manifest: Manifest, progress: Progress) -> Images:
    """The prepared pictures: from the store, or decoded anew each time."""
    if config.data.store:
        return build_store(config, manifest, progress)
    return Decoder(manifest.pictures(), config.data.image_size, fixed_steps(config))


def build_store(config: Config, manifest: Manifest, progress: Progress) -> Store:
    """The store of the pictures, built unless it is there already."""
    cache = config.data.cache or default_cache()
    store = open_store(manifest.pictures(), manifest.root, config.data.image_size, fixed_steps(config), cache, progress)
    progress.say(f"{len(manifest)} prepared pictures in {store.path} ({'new' if store.built else 'reused'})")
    return store


def mask_suffix(run: Run) -> str | None:
    """What the masks among a run's own data have behind the names of their pictures; None where it has none."""
    reader = read_yaml(run.config).data["data"]["reader"]
    return reader["image_mask_pairs"]["suffix"] if "image_mask_pairs" in reader else None


def fixed_steps(config: Config) -> Steps:
    return tuple((step.name, step.options) for step in config.data.preprocess)


def config_of(run: Run, data: Path | None, overrides: Iterable[str]) -> Config:
    """The config of a run; with `data`, its data section is for that folder or table instead.

    A table, or a folder that has a table of the name of the run's own, is read with the columns of the run's own table,
    and a table of pixels with the settings of the run's own. Other data are read as `cervinet init` would, unless an
    override names the reader.

    Raises:
        UsageError: an override of what is fixed once a network is trained.
    """
    overrides = list(overrides)
    for assignment in overrides:
        if assignment.startswith("evaluation.views"):
            raise UsageError(f"'{assignment}' cannot be set for a finished run; use --views, as in --views 4")
        if assignment.startswith("evaluation.calibration"):
            raise UsageError(
                f"'{assignment}' cannot be set for a finished run: calibration was settled when the run was trained; "
                "train another run with it"
            )
        if not assignment.startswith(("data.reader", "evaluation.", "seed=")):
            raise UsageError(
                f"'{assignment}' cannot be set for a finished run, only data.reader…, evaluation.… and seed; "
                "other pictures are named by --data"
            )
    source = read_yaml(run.config)
    if data is not None:
        section = source.data["data"]
        table = section["reader"].get("table") if isinstance(section["reader"], dict) else None
        section["root"] = str(data)
        section.pop("split", None)  # all of the other data are judged, and nothing but them
        if table and data.is_file():
            section["reader"] = {"table": table | {"file": None}}
        elif any(assignment.startswith("data.reader") for assignment in overrides):
            section["reader"] = "table" if data.is_file() else "class_folders"
        elif not (table and (data / (table["file"] or "")).is_file()):
            layout = find_layout(data)
            own = section["reader"] if layout.reader == "pixel_table" and isinstance(section["reader"], dict) else {}
            section["root"] = str(layout.root)
            section["reader"] = {layout.reader: own.get(layout.reader, {}) | layout.options}
    return check(override(source, overrides))


def pictures_to_judge(config: Config, run: Run, external: bool, progress: Progress) -> Manifest:
    """The test split of the run's own data, or all of other data, with the classes of the run.

    Raises:
        ConfigError: `classes` is not what the network was trained on; its outputs would get each other's names.
    """
    trained = list(run.read_card().classes)
    if config.classes != trained:
        raise ConfigError(f"`classes` must be those of the run in their order, {trained}; got {config.classes}")
    if external:
        return _all_of_other_data(config, run, progress)
    manifest = own_part(config, run, "test", progress)
    if not len(manifest):
        raise UsageError(
            f"{run.path} has no test pictures of its own, for those of each member may have been learnt from by "
            "another; name other pictures with --data"
        )
    return manifest


def _all_of_other_data(config: Config, run: Run, progress: Progress) -> Manifest:
    """Every picture; where some of them were used in training, the note says so beside every result."""
    manifest = read_rows(config.data, config.classes, to_learn=False)
    own = own_groups(config.data, manifest, needed=False)
    groups = united(manifest.table["image"], own.values())
    used = set[str]().union(*(digests_in_file(path, ("train", "val")) for path in run.all_splits()))
    seen = sum(digest in used for digest in digests_of(config.data, manifest, progress))
    said = f"{seen:,} of {len(manifest):,} pictures were used in training" if seen else ""
    note = ", ".join(filter(None, (manifest.note, said)))
    return replace(manifest, table=manifest.table.assign(group=groups), groups_from=tuple(own), note=note)


def own_part(config: Config, run: Run, split: str, progress: Progress) -> Manifest:
    """A split that the run was made with. Raises a DataError when these are other pictures by now."""
    manifest = read_rows(config.data, config.classes)
    known = manifest.table["image"].isin(images_in_file(run.splits))
    manifest = manifest.take(manifest.table.index[known].to_numpy())
    manifest = with_digests(manifest, digests_of(config.data, manifest, progress))
    table = manifest.table.assign(
        split=splits_from_file(manifest.table, run.splits), group=groups_from_file(manifest.table, run.splits)
    )
    manifest = replace(manifest, table=table, groups_from=run.groups_from())
    return manifest.take(manifest.part(split).index.to_numpy())


def own_pictures(config: Config, run: Run, progress: Progress) -> Manifest:
    """The pictures that a run trains on, as it divided them, to go on with it.

    Raises:
        DataError: pictures or labels are others by now.
    """
    manifest = read_rows(config.data, config.classes)
    manifest = with_digests(manifest, digests_of(config.data, manifest, progress))
    check_unchanged(manifest.table, run.splits)
    split, group = splits_from_file(manifest.table, run.splits), groups_from_file(manifest.table, run.splits)
    manifest = replace(manifest, table=manifest.table.assign(split=split, group=group), groups_from=run.groups_from())
    return manifest.take(manifest.table.index[split.notna()].to_numpy())


def regions_digest(config: Config, manifest: Manifest) -> str:
    """Of what makes prepared pictures and targets but stands in no splits.csv: boxes, masks, finer classes."""
    known = Digests(config.data.cache or default_cache(), manifest.root)
    masks = known.of(mask for picture in manifest.pictures() for mask in picture.masks)
    rows = manifest.table[["image", "sublabel", *BOX_COLUMNS, "masks"]].astype(object)
    return digest_of(json.dumps([rows.where(rows.notna(), None).values.tolist(), [str(one) for one in masks]]).encode())


def few(config: Config, manifest: Manifest) -> Manifest:
    """One batch of each split, with every class that it has."""
    share = max(config.training.batch_size // len(manifest.classes), 1)
    parts = [manifest.part(split).groupby("label").head(share) for split in SPLITS]
    return manifest.take(pd.concat(parts).index.to_numpy())
