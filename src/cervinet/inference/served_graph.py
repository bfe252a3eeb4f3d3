"""The graph that is run and exported: a trained network with every output that a prediction is made of."""

import keras
from keras import layers

from cervinet.inference.feature_map import last_map, taken_apart

OUTPUTS = ("probabilities", "logits", "subclass_probabilities", "embedding", "map")
"""In this order; a network has those that it can have, the first two always."""


def served_graph(model: keras.Model) -> keras.Model:
    """The same network, sharing its weights, with named outputs.

    Args:
        model: as `build_model` makes it, in float32.

    Returns:
        Takes RGB 0–255 float32 (n, height, width, 3). Gives a dict of float32:

        - probabilities (n, classes), before calibration;
        - logits (n, classes), whose softmax they are;
        - subclass_probabilities (n, sub-classes), of a network that has them;
        - embedding (n, k): the features of a backbone, else the mean over the last feature map: what pictures are
          compared by;
        - map (n, h, w, channels): the last feature map (see `feature_map.last_map`), that heat maps are made from.
          Networks without one have no `map`, and no embedding unless they have features.
    """
    picture, ends = taken_apart(model)
    named = ("probabilities", "logits", "subclass_probabilities")
    outputs = {name: ends[name] for name in named if name in ends}
    found = last_map(ends["logits"])
    if found is not None:
        outputs["map"] = found
    if "features" in ends:
        outputs["embedding"] = ends["features"]
    elif found is not None:
        # As the network does, and not in what precision a training that has just ended may still have asked for.
        outputs["embedding"] = layers.GlobalAveragePooling2D(name="embedding", dtype="float32")(found)
    return keras.Model(picture, {name: outputs[name] for name in OUTPUTS if name in outputs}, name=model.name)
