"""Arrays of weights in files that Keras wrote, by layer; nothing in a file is ever run or turned into an object.

Two layouts are known. A `.weights.h5` file, and the one inside a `.keras` file, keep each layer under a path made of
the kinds of layers and their positions (`layers/functional/layers/conv2d_3/vars/0`). A `.h5` file of Keras 2, of
weights alone or of a whole model, keeps them by name (`conv1_conv/kernel:0`), those of a nested model in one group.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py

# Names that Keras makes up, counting through the session: they mean nothing but an order.
_MADE_UP = re.compile(
    r"(conv2d|separable_conv2d|depthwise_conv2d|batch_normalization|layer_normalization|dense)(?:_(\d+))?"
)


@dataclass(frozen=True)
class Stored:
    """A layer in a file.

    Attributes:
        name: as the file calls it.
        arrays: name of each weight ("kernel"; a number where the file has no names) and the array, not yet read.
    """

    name: str
    arrays: Mapping[str, h5py.Dataset]


@dataclass(frozen=True)
class StoredWeights:
    """The layers of a file: under their paths, or under their names where `by_name`."""

    layers: Mapping[str, Stored]
    by_name: bool


@contextmanager
def open_weights(path: Path) -> Iterator[StoredWeights]:
    """The layers with weights in a .keras, .weights.h5 or .h5 file, while it is open.

    Raises:
        OSError, KeyError, ValueError, zipfile.BadZipFile: this is no such file, or it refers to other files.
    """
    source: Path | io.BytesIO = path
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            source = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(source, "r") as file:
        root = _inside(file, "model_weights") if "model_weights" in file else file
        names = _texts(root, "layer_names")
        yield StoredWeights(_named(root, names), True) if names else StoredWeights(_placed(file), False)


def kind_of(layer: object) -> str:
    """The name of a layer's class as paths in Keras 3 files have it: Conv2D is conv2d, MaxPooling2D max_pooling2d."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def counted(names: Iterable[str]) -> dict[str, str]:
    """Each name → the same for the same layer in any session: lower case, made-up numbers counted anew from 0."""
    found = [(name, _MADE_UP.fullmatch(name)) for name in dict.fromkeys(names)]
    made_up = sorted((match[1], int(match[2] or 0), name) for name, match in found if match)
    seen: dict[str, int] = {}
    # Keras 2 wrote Conv/BatchNorm in MobileNetV3 where Keras 3 writes conv_bn.
    result = {name: name.replace("/", "_").lower().replace("batchnorm", "bn") for name, match in found if not match}
    for kind, _, name in made_up:
        result[name] = f"{kind}#{seen.setdefault(kind, 0)}"
        seen[kind] += 1
    return result


def _named(root: h5py.Group, layer_names: Iterable[str]) -> dict[str, Stored]:
    """A Keras 2 file's layers, those of nested models too, by `counted` name."""
    arrays: dict[str, dict[str, h5py.Dataset]] = {}
    for layer in layer_names:
        group = _inside(root, layer)
        names = _texts(group, "weight_names")
        # Several owners in one group: a nested model, whose layers are told by the names of their weights.
        nested = len({name.rpartition("/")[0] for name in names}) > 1
        for name in names:
            owner, _, weight = name.rpartition("/")
            arrays.setdefault(owner if nested else layer, {})[weight.partition(":")[0]] = _array(group, name)
    last = {owner: owner.rpartition("/")[2] for owner in arrays}
    made_up = counted(name for name in last.values() if _MADE_UP.fullmatch(name))
    plain = counted(arrays)
    return {made_up.get(last[owner], plain[owner]): Stored(owner, its) for owner, its in arrays.items()}


def _placed(file: h5py.File) -> dict[str, Stored]:
    """A Keras 3 file's layers by path, without the `vars` at its end."""
    found: dict[str, Stored] = {}

    def visit(path: str, item: object) -> None:
        # Keras 2.13 had another word for layers.
        layer, _, last = path.replace("_layer_checkpoint_dependencies", "layers").rpartition("/")
        if last == "vars" and layer.startswith("layers/") and isinstance(item, h5py.Group) and len(item):
            its = {number: _array(item, number) for number in sorted(item, key=int)}
            found[layer] = Stored(str(item.attrs.get("name", layer)), its)

    file.visititems(visit)
    return found


def _array(group: h5py.Group, name: str) -> h5py.Dataset:
    dataset = _inside(group, name)
    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
        raise ValueError(f"{name} is no array of this file")
    return dataset


def _inside(group: h5py.Group, path: str) -> h5py.Group | h5py.Dataset:
    """What lies at a path in this file; a link elsewhere would let a file of weights read any file of the machine."""
    for name in path.split("/"):
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"{path} is not in this file")
        group = group[name]
    return group


def _texts(group: h5py.Group, attribute: str) -> list[str]:
    """An attribute that is a list of texts, which Keras 2 cuts into `name0`, `name1`, … where it is long."""
    keys = [attribute] if attribute in group.attrs else []
    while not keys or keys[-1] != attribute:
        if (key := f"{attribute}{len(keys)}") not in group.attrs:
            break
        keys.append(key)
    found = [text for key in keys for text in group.attrs[key]]
    return [text.decode() if isinstance(text, bytes) else str(text) for text in found]
