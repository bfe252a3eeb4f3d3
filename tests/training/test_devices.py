"""What `auto` settles, and that training works over several devices."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from cervinet.data.phantoms.phantom import write_phantoms
from cervinet.training import devices

# A machine with GPUs is pretended: only what TensorFlow says of them matters here.
GPU = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")

CHILD = """
import sys
import tensorflow as tf
from pathlib import Path
from cervinet import workflow
from cervinet.config import load_config
from cervinet.progress import Silent
from cervinet.training import devices

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
real, strategies = devices.set_up, [None, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])]
def set_up(**settings):
    device = real(**settings)
    return devices.Device(device.name, device.precision, device.xla, strategies.pop(0))
devices.set_up = set_up
for run in sys.argv[2:]:
    workflow.train(load_config(Path(sys.argv[1])), Path(run), Silent())
"""


@pytest.fixture
def pretend_gpu(monkeypatch: pytest.MonkeyPatch):
    policy = keras.config.dtype_policy()

    def pretend(capability: tuple[int, int]) -> None:
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [GPU] if kind == "GPU" else [])
        monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, on: None)
        details = {"compute_capability": capability, "device_name": "Pretended"}
        monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details)
        monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: None)

    yield pretend
    keras.config.set_dtype_policy(policy)


@pytest.mark.parametrize(
    ("capability", "policy"), [((9, 0), "mixed_bfloat16"), ((7, 5), "mixed_float16"), ((6, 1), "float32")]
)
def test_auto_precision_is_what_the_gpu_has(pretend_gpu, capability: tuple[int, int], policy: str) -> None:
    pretend_gpu(capability)
    device = devices.set_up(seed=1, precision="auto", xla="auto", deterministic=False)
    assert (device.name, device.precision, device.xla) == ("Pretended", policy, True)
    assert keras.config.dtype_policy().name == policy
    assert devices.set_up(seed=1, precision="float32", xla="auto", deterministic=True).precision == "float32"


def test_xla_is_off_where_runs_must_be_equal_and_on_a_cpu(pretend_gpu) -> None:
    assert not devices.set_up(seed=1, precision="auto", xla="auto", deterministic=False).xla
    pretend_gpu((8, 0))
    assert not devices.set_up(seed=1, precision="auto", xla="auto", deterministic=True).xla
    assert not devices.set_up(seed=1, precision="auto", xla=False, deterministic=False).xla


@pytest.mark.slow
def test_two_devices_learn_what_one_learns(tmp_path: Path) -> None:
    """Two logical CPUs by MirroredStrategy, without batch normalisation, whose statistics are each device's own."""
    pictures = write_phantoms(tmp_path / "pictures", count=65, size=(32, 32), photographs=2, seed=1)
    (tmp_path / "tiny.yaml").write_text(
        f"data: {{root: '{pictures}', image_size: [28, 28], cache: '{tmp_path}/cache'}}\n"
        "model: {architecture: breast_cnn}\n"
        "training: {epochs: 2, batch_size: 8, optimizer: sgd}\n"
        "evaluation: {draws: 100, report: false}\nexport: {onnx: false}\n"
    )
    runs = [tmp_path / "one", tmp_path / "two"]
    command = [sys.executable, "-c", CHILD, str(tmp_path / "tiny.yaml"), *map(str, runs)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    metrics = [json.loads((run / "metrics.json").read_text())["metrics"] for run in runs]
    assert metrics[0]["accuracy"] == metrics[1]["accuracy"]
    # Dropout draws differ between one device and two: equal in kind, not to the last digit.
    assert metrics[0]["log_loss"]["value"] == pytest.approx(metrics[1]["log_loss"]["value"], rel=0.05)
