"""Files as Keras 2 wrote them, put together by hand with h5py."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import keras
import numpy as np

Weights = Sequence[tuple[str, np.ndarray]]


def write_keras2(path: Path, groups: Mapping[str, Weights], *, whole: bool = False, cut: bool = False) -> Path:
    """A `.h5` file with a group a layer: of weights, or of a whole model, whose config is nothing anybody could read.

    Args:
        path: of the file.
        groups: each layer's names of weights, and arrays.
        whole: write a whole model.
        cut: write the list of layers in two parts, as Keras does with long ones.
    """
    with h5py.File(path, "w") as file:
        if whole:
            file.attrs["model_config"] = b'{"class_name": "Lambda", "config": {"function": "not to be run"}}'
        root = file.create_group("model_weights") if whole else file
        names = [name.encode() for name in groups]
        if cut:
            root.attrs["layer_names0"], root.attrs["layer_names1"] = names[:1], names[1:]
        else:
            root.attrs["layer_names"] = names
        for layer, weights in groups.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name, _ in weights]
            for name, array in weights:
                group.create_dataset(name, data=array)
    return path


def layers_of(network: keras.Model) -> dict[str, dict[str, np.ndarray]]:
    """Arrays of each layer with weights, by the last part of their names."""
    weighted = [layer for layer in network.layers if layer.weights]
    return {layer.name: {weight.name: weight.numpy() for weight in layer.weights} for layer in weighted}


def named(layer: str, arrays: Mapping[str, np.ndarray], *, scope: str = "") -> list[tuple[str, np.ndarray]]:
    """As `layer/kernel:0`, in the order of the alphabet rather than of Keras."""
    return [(f"{scope}{layer}/{name}:0", arrays[name]) for name in sorted(arrays)]
