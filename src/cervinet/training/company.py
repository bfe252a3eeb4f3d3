"""Several processes that train one network: joined, of one mind before they begin, and told when one is gone."""

import hashlib
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import tensorflow as tf

from cervinet.errors import TrainingError
from cervinet.training.cluster import Cluster
from cervinet.training.replicas import Strategy


def join(cluster: Cluster) -> Strategy:
    """Wait for the other processes of a cluster; the first thing that TensorFlow does in a process."""
    members = tf.train.ClusterSpec({"worker": list(cluster.workers)})
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        members, task_type="worker", task_id=cluster.number, rpc_layer="grpc"
    )
    with _ended_by_ctrl_c():
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)


def meet(cluster: Cluster, strategy: Strategy) -> None:
    """Wait until every process has come here."""
    agree(cluster, strategy, {"whereabouts": ""})


def agree(cluster: Cluster, strategy: Strategy, facts: Mapping[str, str]) -> None:
    """Compare what the processes know.

    Args:
        facts: by their names in the plural, such as "settings".

    Raises:
        TrainingError: a process knows something else than the chief, and all of them then stop.
    """
    if not cluster.workers:
        return
    digests = tf.constant([[*hashlib.sha256(fact.encode()).digest()] for fact in facts.values()], tf.int32)
    mine = strategy.experimental_distribute_values_from_function(lambda context: digests[None])
    found = strategy.gather(mine, axis=0).numpy()
    chief, *others = found[:: len(found) // len(cluster.workers)]
    for number, other in enumerate(others, start=1):
        for name, same in zip(facts, (other == chief).all(axis=1), strict=True):
            if not same:
                raise TrainingError(
                    f"{cluster.name(number)} has other {name} than {cluster.name(0)}; every process of a run must be "
                    "started with the same command on the same pictures, with the same versions installed"
                )


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """TensorFlow waits without giving Python a chance to handle a signal; nothing is under way that must be saved.

    It hears SIGTERM itself from here on, and would drop it: the handlers of before are put back.
    """
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def watched(cluster: Cluster, go_on: str) -> Iterator[None]:
    """Say which process is gone where one no longer answers.

    Args:
        go_on: what to do then.

    Raises:
        TrainingError: one is gone.
    """
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError) as error:
        named = [int(number) for number in re.findall(r"task:(\d+)", error.message)]
        others = [number for number in named if number != cluster.number and number < len(cluster.workers)]
        gone = cluster.name(others[0]) if others else "another worker"
        raise TrainingError(f"{gone} is gone; {go_on}") from error
