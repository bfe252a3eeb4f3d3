"""Files of models are programs: nothing in the code loads one in a way that could run it."""

import ast
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).parents[1] / "src").rglob("*.py"))
FORBIDDEN = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "torch"}
UNSAFE = {
    "enable_unsafe_deserialization",
    "register_custom_ops_library",
    "load_library",
    "load_op_library",
    "read_pickle",
}


def complaints(text: str) -> list[str]:
    """What a reviewer would refuse, line by line."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"{node.lineno}: import {one}" for one in modules if one.split(".")[0] in FORBIDDEN]
        if not isinstance(node, ast.Call):
            continue
        called, given = ast.unparse(node.func), {one.arg: ast.unparse(one.value) for one in node.keywords}
        last = called.rpartition(".")[2]
        if last in UNSAFE:
            found.append(f"{node.lineno}: {called}")
        if given.get("allow_pickle", "False") != "False":
            found.append(f"{node.lineno}: allow_pickle")
        if last == "load_model" and "keras" in called and given.get("safe_mode") != "True":
            found.append(f"{node.lineno}: {called} without safe_mode=True")
        if called.startswith("onnx.load") and given.get("load_external_data") != "False":
            found.append(f"{node.lineno}: {called} without load_external_data=False")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_is_loaded_that_could_run(path):
    assert complaints(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import pickle", "1: import pickle"),
        ("from joblib import load", "1: import joblib"),
        ("np.load(path, allow_pickle=True)", "1: allow_pickle"),
        ("keras.models.load_model(path)", "1: keras.models.load_model without safe_mode=True"),
        ("keras.models.load_model(path, safe_mode=False)", "1: keras.models.load_model without safe_mode=True"),
        ("keras.config.enable_unsafe_deserialization()", "1: keras.config.enable_unsafe_deserialization"),
        ("options.register_custom_ops_library(path)", "1: options.register_custom_ops_library"),
        ("onnx.load_model(path)", "1: onnx.load_model without load_external_data=False"),
    ],
)
def test_it_would_be_seen(text, expected):
    assert complaints(text) == [expected]


def test_a_layer_that_is_a_program_is_refused(tmp_path):
    """A Lambda layer holds Python bytecode, which Keras runs where it is not in safe mode."""
    import keras

    from cervinet.errors import CervinetError
    from cervinet.inference.keras_engine import open_network
    from cervinet.model_card import ModelCard
    from cervinet.run import Run

    inputs = keras.Input((8, 8, 3), name="image")
    ends = keras.layers.Lambda(lambda x: x * 2)(keras.layers.Flatten()(inputs))
    run = Run(tmp_path)
    keras.Model(inputs, keras.layers.Dense(3)(ends)).save(run.model)
    run.write_card(ModelCard(("a", "b", "c"), (8, 8), (), "elsewhere"))
    with pytest.raises(CervinetError) as caught:
        open_network(run, run.read_card())
    assert str(caught.value).startswith(f"{run.model} cannot be loaded by Keras {keras.__version__}: ")
    assert "safe_mode" in str(caught.value) or "Lambda" in str(caught.value)
