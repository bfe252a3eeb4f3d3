"""The recipe a user would otherwise write: plain Keras 3, as its own tutorials teach it; `bench.py` measures it too.

    python scripts/keras_recipe.py TRAIN VAL --epochs 5             # seed CNN, 256 × 256, from scratch
    python scripts/keras_recipe.py TRAIN VAL --epochs 5 --augment   # with Keras's augmentation layers
    python scripts/keras_recipe.py TRAIN VAL --epochs 10 --frozen TEST   # frozen ResNet50, 224 × 224, judged on TEST
    python scripts/keras_recipe.py predict MODEL.keras IMAGE        # class and probabilities of one picture

`image_dataset_from_directory` → cache → shuffle → prefetch → `compile` → `fit`, all defaults. Prints one JSON line.
"""

import argparse
import json
import sys
import time

START = time.perf_counter()


def predict(model: str, image: str) -> None:
    """As Keras's guides load a model and ask it about one picture."""
    import keras
    import numpy as np

    network = keras.models.load_model(model)
    picture = keras.utils.load_img(image, target_size=network.input_shape[1:3])
    probabilities = network.predict(np.expand_dims(keras.utils.img_to_array(picture), 0), verbose=0)[0]
    print(json.dumps({"class": int(probabilities.argmax()), "probabilities": probabilities.tolist()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train")
    parser.add_argument("val")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--frozen", metavar="TEST", help="a frozen ResNet50 at random weights, judged on TEST")
    parser.add_argument("--augment", action="store_true", help="flips, rotation, zoom, contrast by Keras layers")
    arguments = parser.parse_args()

    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(1)
    size = (224, 224) if arguments.frozen else (256, 256)
    train, val, *test = (
        keras.utils.image_dataset_from_directory(
            folder, seed=1, image_size=size, batch_size=arguments.batch_size, verbose=False
        )
        for folder in (arguments.train, arguments.val, *([arguments.frozen] if arguments.frozen else []))
    )
    classes = len(train.class_names)
    train = train.cache().shuffle(1000).prefetch(tf.data.AUTOTUNE)
    val = val.cache().prefetch(tf.data.AUTOTUNE)
    model = frozen_resnet50(classes) if arguments.frozen else seed_cnn(classes)
    if arguments.augment:
        model = keras.Sequential([keras.Input((256, 256, 3)), *augmentation(), model])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

    clock = time.perf_counter()
    model.fit(train, validation_data=val, epochs=arguments.epochs, verbose=2)
    for pictures in test:
        model.evaluate(pictures, verbose=2)
    now = time.perf_counter()
    print(json.dumps({"fit": round(now - clock, 2), "total": round(now - START, 2)}))


def seed_cnn(classes: int):
    """The from-scratch CNN of the cervical-cancer project, written out by hand."""
    from keras import Input, Sequential, layers, regularizers

    def conv(filters):
        return layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_regularizer=regularizers.L2(5e-4))

    return Sequential(
        [
            Input((256, 256, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, strides=3, activation="relu"),
            layers.MaxPooling2D(),
            layers.BatchNormalization(),
            *(conv(64), layers.MaxPooling2D(), layers.BatchNormalization()),
            *(conv(64), layers.MaxPooling2D()),
            *(conv(128), layers.MaxPooling2D(), layers.BatchNormalization()),
            *(conv(128), layers.MaxPooling2D(), layers.BatchNormalization()),
            *(conv(256), layers.MaxPooling2D(), layers.BatchNormalization()),
            *(conv(512), layers.BatchNormalization(), layers.Flatten()),
            *(layers.Dense(512, activation="relu"), layers.Dropout(0.5)),
            *(layers.Dense(512, activation="relu"), layers.Dropout(0.5)),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def frozen_resnet50(classes: int):
    """As Keras's guide to transfer learning has it, with random weights."""
    from keras import Input, Model, applications, layers

    backbone = applications.ResNet50(weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3))
    backbone.trainable = False
    image = Input((224, 224, 3))
    features = backbone(applications.resnet50.preprocess_input(image), training=False)
    return Model(image, layers.Dense(classes, activation="softmax")(layers.Dropout(0.2)(features)))


def augmentation() -> list:
    from keras import layers

    return [
        layers.RandomFlip("horizontal_and_vertical"),
        layers.RandomRotation(0.25, fill_mode="constant"),
        layers.RandomZoom((-0.2, 0.1), fill_mode="constant"),
        layers.RandomContrast(0.2),
    ]


if __name__ == "__main__":
    predict(*sys.argv[2:]) if sys.argv[1:2] == ["predict"] else main()
