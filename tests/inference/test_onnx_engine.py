"""onnxruntime in place of Keras: the same answers, whatever the batch, and only from a file that is whole and alone."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from cervinet.environment import cores
from cervinet.errors import CervinetError
from cervinet.exporters.onnx import network_onnx
from cervinet.inference.engine import TOLERANCE
from cervinet.inference.keras_engine import KerasEngine
from cervinet.inference.onnx_engine import OnnxEngine
from cervinet.model_card import ModelCard
from cervinet.models.build import build_model
from cervinet.models.heads import Head
from cervinet.run import Run

SIZE = (16, 12)


def images(number, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (number, *SIZE, 3), np.uint8)


@pytest.fixture(scope="module")
def model():
    return build_model("breast_cnn", (*SIZE, 3), 3, head=Head("hierarchical", 3, (1, 2, 1)))


@pytest.fixture(scope="module")
def data(model):
    return network_onnx(model)


@pytest.fixture
def file(data, tmp_path):
    (tmp_path / "model.onnx").write_bytes(data)
    return tmp_path / "model.onnx"


def message(file):
    with pytest.raises(CervinetError) as caught:
        OnnxEngine(file)
    return str(caught.value)


def refused(file, reason):
    return f"{file} cannot be loaded by onnxruntime {onnxruntime.__version__}: {reason}"


@pytest.mark.parametrize("number", [1, 2, 33])
def test_both_engines_give_the_same_answers(model, file, number):
    found, expected = OnnxEngine(file)(images(number)), KerasEngine(model, SIZE)(images(number))
    for name in ("probabilities", "subclasses"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-4)
    np.testing.assert_allclose(found.embedding, expected.embedding, atol=1e-3)
    assert found.probabilities.dtype == found.logits.dtype == np.float64
    assert found.embedding.dtype == np.float32


def test_uses_the_cores_of_this_process(file, monkeypatch):
    seen, whole = [], onnxruntime.InferenceSession

    def session(path, options, **more):
        seen.append((options.intra_op_num_threads, more["providers"]))
        return whole(path, options, **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    OnnxEngine(file)
    assert seen == [(cores(), ["CPUExecutionProvider"])]


def test_a_changed_file_is_refused_before_it_is_read(file, data):
    run = Run(file.parent)
    card = ModelCard(("a", "b", "c"), SIZE, (), "breast_cnn")
    run.write_card(card)
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CervinetError) as caught:
        OnnxEngine.load(run, run.read_card())
    assert str(caught.value) == (
        f"{file} is not the file that this run saved (its SHA-256 is not the one in model.json); bring the original "
        "back, or train again"
    )


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a network", b"\x80\x04 a pickle"])
def test_a_foreign_file_is_refused(file, content):
    file.write_bytes(content)
    assert message(file).startswith(refused(file, "[ONNXRuntimeError]"))


def test_a_truncated_file_is_refused(file, data):
    file.write_bytes(data[: len(data) // 2])
    assert message(file).startswith(refused(file, "[ONNXRuntimeError]"))


def test_a_file_that_is_not_there(tmp_path):
    assert message(tmp_path / "no.onnx") == refused(
        tmp_path / "no.onnx", f"[Errno 2] No such file or directory: '{tmp_path / 'no.onnx'}'"
    )


def outside(name="secret.bin"):
    """A tensor whose numbers are in another file."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=name)
    return tensor


def network(nodes, initializers=()):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("image", "probabilities")]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def add(second):
    return helper.make_node("Add", ["image", second], ["probabilities"])


def within_a_branch():
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["c"], value=outside())],
        "branch",
        [],
        [helper.make_tensor_value_info("c", TensorProto.FLOAT, [3])],
    )
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return network([helper.make_node("If", ["yes"], ["w"], then_branch=branch, else_branch=branch), add("w")], [yes])


@pytest.mark.parametrize(
    "proto",
    [
        network([add("w")], [outside()]),
        network([add("w")], [outside("../../../../etc/passwd")]),
        network([helper.make_node("Constant", [], ["w"], value=outside()), add("w")]),
        within_a_branch(),
    ],
    ids=["initializer", "elsewhere", "constant", "branch"],
)
def test_a_file_that_names_others_is_refused(file, proto):
    (file.parent / "secret.bin").write_bytes(np.ones(3, np.float32).tobytes())
    file.write_bytes(proto.SerializeToString())
    assert message(file) == f"{file} names other files that hold its weights; they must be in it"


def test_a_layer_called_location_is_none(file):
    whole = onnx.numpy_helper.from_array(np.ones(3, np.float32), "location")
    file.write_bytes(network([add("location")], [whole]).SerializeToString())
    assert OnnxEngine(file).outputs == ("probabilities",)


def test_operations_that_onnxruntime_does_not_have_are_refused(file):
    node = helper.make_node("Surprise", ["image"], ["probabilities"], domain="elsewhere")
    proto = network([node])
    proto.opset_import.add(domain="elsewhere", version=1)
    file.write_bytes(proto.SerializeToString())
    assert "elsewhere" in message(file)
    assert message(file).startswith(refused(file, "[ONNXRuntimeError]"))


def test_what_cannot_be_computed_gives_a_sentence(file, capfd):
    with pytest.raises(CervinetError) as caught:
        OnnxEngine(file)(np.zeros((1, 8, 8, 3), np.uint8))
    assert str(caught.value).startswith("onnxruntime cannot compute the network: [ONNXRuntimeError]")
    assert capfd.readouterr() == ("", "")
