"""Phases in which a backbone is frozen: whether and how its features are computed once."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cervinet.config import Config
from cervinet.config_training import Phase
from cervinet.data.augment import Augmentation
from cervinet.data.feature_store import Features
from cervinet.data.manifest import SPLITS, Manifest
from cervinet.data.store import Images, Store, default_cache, pictures_key
from cervinet.pictures import fixed_steps
from cervinet.progress import Progress, Silent

if TYPE_CHECKING:
    import keras

    from cervinet.training.devices import Device

_BATCH = 32  # as many as the trained network is judged on at once


def uses_features(config: Config, phase: Phase) -> bool:
    """Whether the head learns from features that were computed once."""
    return phase.train == "head" and config.training.feature_cache and not _mixes(config)


def announce_frozen(config: Config, progress: Progress) -> None:
    """What follows from a frozen backbone and a user may not expect."""
    settings, heads = config.training, [phase for phase in config.phases() if phase.train == "head"]
    if not heads:
        return
    if config.model.weights == "none" and len(heads) == len(config.phases()):
        progress.say(
            f"Warning: the backbone {config.model.architecture.name} is frozen at random weights and learns nothing "
            "useful; set model.weights to imagenet or to a file, or let it train by training.phases, unless this is a "
            "trial"
        )
    if not settings.feature_cache:
        return
    augmented = bool(_augmentation(config))
    if _mixes(config):
        progress.say(
            "The frozen backbone runs anew in each epoch: its features cannot be computed once where training.augment "
            "has mixup or cutmix"
        )
    elif augmented and settings.feature_views == 1:
        progress.say(
            "While the backbone is frozen, training.augment is not used: set training.feature_views above 1, or "
            "training.feature_cache=false"
        )
    elif not augmented and settings.feature_views > 1:
        progress.say("training.feature_views is not used: without training.augment all views are the same")


def open_features(
    config: Config,
    manifest: Manifest,
    images: Images,
    model: "keras.Model",
    device: "Device",
    progress: Progress,
    on_batch: Callable[[], None] = lambda: None,
) -> Features:
    """The features of all pictures under the weights that the backbone has now; `on_batch` as in `frozen_features`."""
    from cervinet.training.features import Views, frozen_features

    settings, cache = config.training, config.data.cache or default_cache()
    if isinstance(images, Store):
        key = images.path.name
    else:
        size = config.data.image_size
        key = pictures_key(manifest.pictures(), manifest.root, size, fixed_steps(config), cache, progress)
    augmentation = _augmentation(config)
    views = Views(settings.feature_views if augmentation else 1, config.seed, augmentation)
    parts = [np.array(manifest.part(split).index, np.int64) for split in SPLITS]
    batch, folder = min(settings.batch_size, _BATCH), cache / "features"
    return frozen_features(model, images, folder, [key, device.precision], parts, views, batch, progress, on_batch)


def pictures_to_judge(
    config: Config, manifest: Manifest, images: Images, model: "keras.Model", device: "Device"
) -> Images | Features:
    """Features in place of pictures where the trained network gives the same for them, without running its backbone.

    A network trained in half precision is used in float32, where its features are others.
    """
    known = all(uses_features(config, phase) for phase in config.phases())
    if not known or device.precision != "float32" or config.evaluation.views > 1:
        return images
    return open_features(config, manifest, images, model, device, Silent())


def _augmentation(config: Config) -> Augmentation:
    return Augmentation(**config.training.augment.changes())


def _mixes(config: Config) -> bool:
    augmentation = _augmentation(config)
    return bool(augmentation.mixup or augmentation.cutmix)
