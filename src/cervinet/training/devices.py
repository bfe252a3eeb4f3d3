"""What the network runs on: device, precision, XLA, several GPUs, several machines."""

from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from cervinet.data.pipeline import Parts
from cervinet.environment import cores
from cervinet.errors import ConfigError
from cervinet.training.cluster import ALONE, Cluster
from cervinet.training.company import join
from cervinet.training.replicas import Strategy


@dataclass(frozen=True)
class Device:
    """The choice made for one run.

    Attributes:
        name: for people, such as "CPU (2 cores)" or "2 × NVIDIA H100".
        precision: Keras dtype policy.
        xla: whether the step is compiled with XLA.
        strategy: replicates the model over several devices; None on one.
        cluster: the processes that train together.
    """

    name: str
    precision: str
    xla: bool
    strategy: Strategy = None
    cluster: Cluster = ALONE

    @property
    def parts(self) -> Parts:
        """Of each batch, those that the devices of this process get."""
        if self.strategy is None:
            return Parts()
        everywhere = self.strategy.num_replicas_in_sync
        here = everywhere // max(len(self.cluster.workers), 1)
        return Parts(everywhere, self.cluster.number * here, here)

    def scope(self) -> AbstractContextManager[Any]:
        return self.strategy.scope() if self.strategy else nullcontext()


def set_up(*, seed: int, precision: str, xla: bool | str, deterministic: bool, cluster: Cluster = ALONE) -> Device:
    """Seed TensorFlow, let GPU memory grow, wait for the other processes, and settle what `auto` means here.

    Args:
        seed: of Python, NumPy and TensorFlow.
        precision: auto or a Keras dtype policy; auto is mixed_bfloat16 from compute capability 8.0,
            mixed_float16 from 7.0, and float32 otherwise.
        xla: auto is on for a GPU and off for a CPU, where it made the from-scratch network slower; Keras compiles
            nothing with XLA while TensorFlow is deterministic, so auto is off then.
        deterministic: one and the same result for one seed, at some cost on a GPU.
        cluster: the processes that train together.

    Raises:
        ConfigError: XLA is to compile for several CPUs, which cannot talk to each other in what it compiles.
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
    strategy = join(cluster) if cluster.workers else tf.distribute.MirroredStrategy() if len(gpus) > 1 else None
    if xla is True and strategy is not None and not gpus:
        raise ConfigError("`training.xla: true` needs a GPU where several processes train together; set it to auto")
    on = bool(gpus) and not deterministic if xla == "auto" else bool(xla)
    return Device(_name(gpus, cluster), policy, on, strategy, cluster)


def _auto_precision(gpus: list[Any]) -> str:
    if not gpus:
        return "float32"
    capability = min(tf.config.experimental.get_device_details(g).get("compute_capability", (0, 0)) for g in gpus)
    return "mixed_bfloat16" if capability >= (8, 0) else "mixed_float16" if capability >= (7, 0) else "float32"


def _name(gpus: list[Any], cluster: Cluster) -> str:
    name = f"CPU ({cores()} cores)"
    if gpus:
        name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
    name = f"{len(gpus)} × {name}" if len(gpus) > 1 else name
    return f"{len(cluster.workers)} workers, each {name}" if cluster.workers else name
