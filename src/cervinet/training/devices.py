"""What the network runs on: device, precision, XLA, several GPUs."""

from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from cervinet.environment import cores


@dataclass(frozen=True)
class Device:
    """The choice made for one run.

    Attributes:
        name: for people, such as "CPU (2 cores)" or "2 × NVIDIA H100".
        precision: Keras dtype policy.
        xla: whether the step is compiled with XLA.
        strategy: replicates the model over several GPUs; None on one device.
    """

    name: str
    precision: str
    xla: bool
    strategy: Any = None

    @property
    def replicas(self) -> int:
        """How many devices share a batch."""
        return self.strategy.num_replicas_in_sync if self.strategy else 1

    def scope(self) -> AbstractContextManager[Any]:
        return self.strategy.scope() if self.strategy else nullcontext()


def set_up(*, seed: int, precision: str, xla: bool | str, deterministic: bool) -> Device:
    """Seed TensorFlow, let GPU memory grow, and settle what `auto` means here.

    Args:
        seed: of Python, NumPy and TensorFlow.
        precision: auto or a Keras dtype policy; auto is mixed_bfloat16 from compute capability 8.0,
            mixed_float16 from 7.0, and float32 otherwise.
        xla: auto is on for a GPU and off for a CPU, where it made the from-scratch network slower; Keras compiles
            nothing with XLA while TensorFlow is deterministic, so auto is off then.
        deterministic: one and the same result for one seed, at some cost on a GPU.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        # Where TensorFlow already runs in this process, it keeps the setting it started with.
        with suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    policy = _auto_precision(gpus) if precision == "auto" else precision
    keras.config.set_dtype_policy(policy)
    strategy = tf.distribute.MirroredStrategy() if len(gpus) > 1 else None
    return Device(_name(gpus), policy, bool(gpus) and not deterministic if xla == "auto" else bool(xla), strategy)


def _auto_precision(gpus: list[Any]) -> str:
    if not gpus:
        return "float32"
    capability = min(tf.config.experimental.get_device_details(g).get("compute_capability", (0, 0)) for g in gpus)
    return "mixed_bfloat16" if capability >= (8, 0) else "mixed_float16" if capability >= (7, 0) else "float32"


def _name(gpus: list[Any]) -> str:
    if not gpus:
        return f"CPU ({cores()} cores)"
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
    return name if len(gpus) == 1 else f"{len(gpus)} × {name}"
