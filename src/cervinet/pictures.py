"""From a Config to its pictures: the table, the splits, the prepared pixels."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from cervinet import registry
from cervinet.config import Config, check
from cervinet.data.layout import find_layout
from cervinet.data.manifest import SPLITS, Manifest
from cervinet.data.manifest_checks import check_files, check_leakage, check_parts, checked
from cervinet.data.preprocess import Steps, prepare
from cervinet.data.splits import assign_splits, splits_from_file
from cervinet.data.store import Decoder, Images, Store, decode_all, default_cache, open_store, unreadable
from cervinet.errors import ConfigError, DataError, ImageError, UsageError
from cervinet.progress import Progress
from cervinet.run import Run
from cervinet.yaml_source import override, read_yaml


def read_manifest(config: Config) -> Manifest:
    """The pictures with classes and splits settled and every file seen to be there."""
    data = config.data
    reader = registry.find("reader", data.reader.name).function
    manifest = checked(reader(data.root, **data.reader.options), config.classes)
    table, groups = manifest.table, manifest.groups()
    if data.split.file:
        split = splits_from_file(table, data.split.file)
    else:
        split = assign_splits(table, groups, val=data.split.val, test=data.split.test, seed=config.seed)
    manifest = replace(manifest, table=table.assign(split=split))
    check_leakage(manifest.table)
    check_parts(manifest.table, manifest.classes)
    check_files(manifest)
    return manifest


def check_pictures(config: Config, manifest: Manifest, progress: Progress) -> None:
    """Decode every picture, keep none. Raises a DataError that names those that cannot be read."""
    steps = fixed_steps(config)
    decoded = decode_all(manifest.pictures(), lambda picture: prepare(picture, config.data.image_size, steps))
    found = progress.track(decoded, len(manifest), "Reading pictures")
    errors = [str(image) for _, image in found if isinstance(image, ImageError)]
    if errors:
        raise DataError(unreadable(errors, len(manifest)))


def open_images(config: Config, manifest: Manifest, progress: Progress) -> Images:
    """The prepared pictures: from the store, or decoded anew each time.

    Raises:
        DataError: pictures that cannot be read, all named.
    """
    if config.data.store:
        return build_store(config, manifest, progress)
    # Inside tf.data the error of a picture would lose its type and its sentence.
    check_pictures(config, manifest, progress)
    return Decoder(manifest.pictures(), config.data.image_size, fixed_steps(config))


def build_store(config: Config, manifest: Manifest, progress: Progress) -> Store:
    """The store of the pictures, built unless it is there already."""
    cache = config.data.cache or default_cache()
    store = open_store(manifest.pictures(), manifest.root, config.data.image_size, fixed_steps(config), cache, progress)
    progress.say(f"{len(manifest)} prepared pictures in {store.path} ({'new' if store.built else 'reused'})")
    return store


def fixed_steps(config: Config) -> Steps:
    return tuple((step.name, step.options) for step in config.data.preprocess)


def config_of(run: Run, data: Path | None, overrides: Iterable[str]) -> Config:
    """The config of a run; with `data`, its data section is for that folder or table instead.

    A table, or a folder that has a table of the name of the run's own, is read with the columns of the run's own table.
    Other data are read as `cervinet init` would, unless an override names the reader.

    Raises:
        UsageError: an override of what is fixed once a network is trained.
    """
    overrides = list(overrides)
    for assignment in overrides:
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
        if table and data.is_file():
            section["reader"] = {"table": table | {"file": None}}
        elif any(assignment.startswith("data.reader") for assignment in overrides):
            section["reader"] = "table" if data.is_file() else "class_folders"
        elif not (table and (data / (table["file"] or "")).is_file()):
            layout = find_layout(data)
            section["root"], section["reader"] = str(layout.root), {layout.reader: layout.options}
    return check(override(source, overrides))


def pictures_to_judge(config: Config, run: Run, external: bool) -> Manifest:
    """The test split of the run's own data, or all of other data, with the classes of the run.

    Raises:
        ConfigError: `classes` is not what the network was trained on; its outputs would get each other's names.
    """
    trained = list(run.read_card().classes)
    if config.classes != trained:
        raise ConfigError(f"`classes` must be those of the run in their order, {trained}; got {config.classes}")
    if external:
        reader = registry.find("reader", config.data.reader.name).function
        manifest = checked(reader(config.data.root, **config.data.reader.options), config.classes, to_learn=False)
        check_files(manifest)
        return manifest
    split = config.data.split.model_copy(update={"file": run.splits})
    own = config.model_copy(update={"data": config.data.model_copy(update={"split": split})})
    manifest = read_manifest(own)
    return manifest.take(manifest.part("test").index.to_numpy())


def few(config: Config, manifest: Manifest) -> Manifest:
    """One batch of each split, with every class that it has."""
    share = max(config.training.batch_size // len(manifest.classes), 1)
    parts = [manifest.part(split).groupby("label").head(share) for split in SPLITS]
    return manifest.take(pd.concat(parts).index.to_numpy())
