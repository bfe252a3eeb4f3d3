"""Weights for a network: from ImageNet, or from a file of any network that has the same backbone."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from cervinet.errors import CervinetError, ConfigError
from cervinet.models.backbones import BACKBONES, build_backbone, check_backbone
from cervinet.models.weight_files import Stored, StoredWeights, counted, kind_of, open_weights

_SHOWN = 5
_TAIL = ("scores", "logits")


@dataclass(frozen=True)
class Loaded:
    """Which layers with weights were filled.

    Attributes:
        source: what the weights came from.
        layers: names of those that were.
        absent: those that were not in the source.
        reshaped: those that had another shape there, such as a classifier of other classes.
        spare: those of the source that have no place in the network.
    """

    source: str
    layers: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    reshaped: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`loaded 428 of 430 layers from FILE; not in it: …; of another shape there: …; only there: …`"""
        total = len(self.layers) + len(self.absent) + len(self.reshaped)
        return f"loaded {len(self.layers)} of {total} layers from {self.source}{self.differences()}"

    def differences(self) -> str:
        """What does not fit; empty where everything does."""
        parts = (("not in it", self.absent), ("of another shape there", self.reshaped), ("only there", self.spare))
        return "".join(f"; {words}: {_some(names)}" for words, names in parts if names)


@dataclass(frozen=True)
class _Slot:
    """A layer of the network that has weights.

    Attributes:
        layer: the Keras layer.
        path: where a Keras 3 file of the model that `body` layers belong to keeps it.
        body: it belongs to the backbone, or in a network without one to all but its last layer.
    """

    layer: keras.Layer
    path: str
    body: bool


def load_weights(model: keras.Model, name: str, weights: str) -> Loaded:
    """Fill a network, or at least its backbone, from ImageNet or a file.

    Args:
        model: of `build.build_model`.
        name: its architecture.
        weights: imagenet, or the path of a .keras, .weights.h5 or .h5 file (Keras 2 or 3, weights or whole model).

    Returns:
        What was filled: all of the backbone at least; in a network without one, all but the last layer.

    Raises:
        ConfigError: the file cannot be read, or leaves part of the backbone random.
        CervinetError: the ImageNet weights cannot be downloaded.
    """
    slots = _slots(model, name)
    if weights == "imagenet":
        model.get_layer(name).set_weights(fetch_imagenet(name, model.input_shape[1:3]).get_weights())
        names = [[slot.layer.name for slot in slots if slot.body == body] for body in (True, False)]
        return Loaded("ImageNet", tuple(names[0]), absent=tuple(names[1]))
    check_weights(weights)
    try:
        with open_weights(Path(weights)) as stored:
            loaded = _fill(slots, stored, weights)
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigError(f"`model.weights`: {weights} cannot be read as weights of Keras: {reason}") from None
    random = {slot.layer.name for slot in slots if slot.body} - set(loaded.layers)
    if random:
        body = [slot for slot in slots if slot.body]
        what = f"{len(random)} of the {len(body)} layers of " + ("the backbone " if name in BACKBONES else "")
        raise ConfigError(
            f"`model.weights`: {weights} does not fit `{name}`: {what}{name} would stay random{loaded.differences()}"
        )
    return loaded


def check_weights(weights: str) -> None:
    """Raises a ConfigError unless this is none, imagenet or a file."""
    if weights not in ("none", "imagenet") and not Path(weights).is_file():
        raise ConfigError(f"`model.weights` must be none, imagenet or a file; there is no file {weights}")


def fetch_imagenet(name: str, size: tuple[int, int] = (224, 224)) -> keras.Model:
    """The backbone with ImageNet weights, from Keras's cache or its download server.

    Raises:
        UsageError: there are none for this backbone.
        CervinetError: they cannot be downloaded.
    """
    check_backbone(name)
    try:
        return build_backbone(name, size, "imagenet")
    except Exception as error:  # Keras raises bare Exception when a download fails
        reason = str(error).strip().splitlines()[0]
        raise CervinetError(
            f"the ImageNet weights of {name} could not be downloaded ({reason}); on a machine with a connection run "
            f"`cervinet weights fetch {name} --to DIR` and set model.weights=DIR/{name}.weights.h5"
        ) from None


def _slots(model: keras.Model, name: str) -> list[_Slot]:
    """The layers with weights, those of the body first."""
    found = []
    if name in BACKBONES:
        found = [_Slot(layer, path, True) for layer, path in _placed(model.get_layer(name))]
    body = {id(slot.layer) for slot in found}
    rest = [(layer, path) for layer, path in _placed(model) if id(layer) not in body]
    return found + [_Slot(layer, path, not found and layer.name not in _TAIL) for layer, path in rest]


def _placed(model: keras.Model, folder: str = "layers") -> Iterator[tuple[keras.Layer, str]]:
    """Each layer with weights, and the path that Keras 3 keeps it under: kinds of layers, numbered in order."""
    seen: dict[str, int] = {}
    for layer in model.layers:
        kind = kind_of(layer)
        seen[kind] = seen.get(kind, -1) + 1
        path = f"{folder}/{kind}_{seen[kind]}" if seen[kind] else f"{folder}/{kind}"
        if hasattr(layer, "layers"):
            yield from _placed(layer, f"{path}/layers")
        elif layer.weights:
            yield layer, path


def _fill(slots: Sequence[_Slot], stored: StoredWeights, source: str) -> Loaded:
    """Put every array of the file where it belongs, and say where that was."""
    keys = _keys_by_name(slots, stored) if stored.by_name else _keys_by_path(slots, stored)
    loaded, absent, reshaped, used = list[str](), list[str](), list[str](), set[str]()
    for slot, key in zip(slots, keys, strict=True):
        name = slot.layer.name
        if key not in stored.layers or key in used:
            absent.append(name)
            continue
        used.add(key)
        (loaded if _assign(slot.layer, stored.layers[key]) else reshaped).append(name)
    spare = tuple(one.name for key, one in stored.layers.items() if key not in used)
    return Loaded(source, tuple(loaded), tuple(absent), tuple(reshaped), spare)


def _keys_by_path(slots: Sequence[_Slot], stored: StoredWeights) -> list[str]:
    """Where the file keeps each layer: the body lies at its root (a bare backbone), or as one layer of something."""
    body = {slot.path for slot in slots if slot.body}
    roots = {key[: -len(path)] for path in body for key in stored.layers if key == path or key.endswith(f"/{path}")}
    root = max(sorted(roots), key=lambda start: sum(start + path in stored.layers for path in body), default="")
    return [root + slot.path if slot.body else slot.path for slot in slots]


def _keys_by_name(slots: Sequence[_Slot], stored: StoredWeights) -> list[str]:
    """The layer of the same name; a name in a nested model may have that model's name before it."""
    ours = counted(slot.layer.name for slot in slots)
    wanted = set(ours.values())
    there: dict[str, str] = {}
    for key, one in stored.layers.items():
        parts = [] if "#" in key else one.name.split("/")
        endings = (counted(["/".join(parts[start:])]).popitem()[1] for start in range(len(parts)))
        there.setdefault(key if key in wanted else next((name for name in endings if name in wanted), key), key)
    return [there.get(ours[slot.layer.name], "") for slot in slots]


def _assign(layer: keras.Layer, stored: Stored) -> bool:
    """Whether the layer has taken the arrays: by name where the names are the same, in their order otherwise."""
    names = [weight.name for weight in layer.weights]
    arrays = [stored.arrays[name] for name in names] if set(names) == set(stored.arrays) else [*stored.arrays.values()]
    if [tuple(array.shape) for array in arrays] != [tuple(weight.shape) for weight in layer.weights]:
        return False
    for weight, array in zip(layer.weights, arrays, strict=True):
        weight.assign(np.asarray(array))
    return True


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
