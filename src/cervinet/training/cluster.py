"""Which processes train one network together: from TF_CONFIG, or from Slurm under `srun`.

Slurm: https://slurm.schedmd.com/srun.html, "Output environment variables". TensorFlow's own SlurmClusterResolver
needs nvidia-smi or CUDA_VISIBLE_DEVICES, has one port for all jobs, and sorts the nodes, which Slurm does not.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cervinet.errors import UsageError

_TASKS_OF_A_JOB = 16
_JOBS = 1250
_HOSTS = r"(?:[\w.-]|\[\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*\])+"


@dataclass(frozen=True)
class Cluster:
    """The processes of a run and which of them this one is.

    Attributes:
        workers: host:port of each, in the order of their numbers; empty for a process that works alone.
        number: of this process, from 0.
    """

    workers: tuple[str, ...] = ()
    number: int = 0

    @property
    def chief(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.number == 0

    def name(self, number: int) -> str:
        """As in "worker 1 (node7:12000)"."""
        return f"worker {number} ({self.workers[number]})"


ALONE = Cluster()


def find_cluster(environment: Mapping[str, str]) -> Cluster:
    """The cluster that a process's environment describes.

    Raises:
        UsageError: it describes none that can be.
    """
    if environment.get("TF_CONFIG", "").strip():
        return _from_tf_config(environment["TF_CONFIG"])
    # Set by srun alone: a batch script itself, which has SLURM_NTASKS too, is one process.
    if int(environment.get("SLURM_STEP_NUM_TASKS", 1)) > 1:
        return _from_slurm(environment)
    return ALONE


def _from_tf_config(text: str) -> Cluster:
    try:
        config = json.loads(text)
        hosts = {kind: tuple(map(str, config.get("cluster", {}).get(kind, ()))) for kind in ("chief", "worker")}
        others = sorted(set(config.get("cluster", {})) - set(hosts))
        task = config.get("task", {})
        kind, index = str(task.get("type", "worker")), int(task.get("index", 0))
    except (ValueError, TypeError, AttributeError):
        example = '{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}'
        raise UsageError(f"TF_CONFIG must be JSON such as {example}; got {text!r}") from None
    if others:
        raise UsageError(f"TF_CONFIG may name workers and a chief only; it has '{others[0]}'")
    workers = hosts["chief"] + hosts["worker"]
    for worker in workers:
        if not re.fullmatch(r".+:\d+", worker):
            raise UsageError(f"TF_CONFIG must give each worker as host:port; it has '{worker}'")
    if len(set(workers)) < len(workers):
        raise UsageError("TF_CONFIG must give each worker an address of its own; it has one twice")
    if len(workers) < 2:
        return ALONE
    if not 0 <= index < len(hosts.get(kind, ())):
        raise UsageError(f"TF_CONFIG says that this process is {kind} {index}, which its cluster does not have")
    return Cluster(workers, index + (len(hosts["chief"]) if kind == "worker" else 0))


def _from_slurm(environment: Mapping[str, str]) -> Cluster:
    try:
        hosts = expand_hosts(environment["SLURM_STEP_NODELIST"])
        tasks = expand_counts(environment["SLURM_STEP_TASKS_PER_NODE"])
        number, job = int(environment["SLURM_PROCID"]), int(environment["SLURM_JOB_ID"])
        node, local = int(environment["SLURM_NODEID"]), int(environment["SLURM_LOCALID"])
        # Jobs that share a node must not share a port: Slurm's numbers of jobs that run at once are close together.
        port = 10_000 + job % _JOBS * _TASKS_OF_A_JOB
        places = [(host, place) for host, count in zip(hosts, tasks, strict=True) for place in range(count)]
        here = places[number]
    except (KeyError, ValueError, IndexError) as error:
        raise UsageError(
            f"Slurm's variables SLURM_STEP_…, SLURM_PROCID, SLURM_NODEID and SLURM_LOCALID must tell where each task "
            f"runs; they do not: {error!r}; start with srun, or set TF_CONFIG"
        ) from None
    if here != (hosts[node], local):
        raise UsageError("tasks must fill one node after the other; start with srun --distribution=block")
    return Cluster(tuple(f"{host}:{port + place}" for host, place in places), number)


def expand_hosts(text: str) -> list[str]:
    """Slurm's short form of host names: "n[08-10,12],login" → n08, n09, n10, n12, login.

    Raises:
        ValueError: it is no such list.
    """
    if not re.fullmatch(f"{_HOSTS}(,{_HOSTS})*", text):
        raise ValueError(f"{text!r} is no list of hosts")
    hosts: list[str] = []
    for part in re.findall(_HOSTS, text):
        names = [""]
        for plain, ranges in re.findall(r"([^\[\]]+)|\[([^\[\]]*)\]", part):
            ends = [plain] if plain else [number for one in ranges.split(",") for number in _numbers(one)]
            names = [name + end for name in names for end in ends]
        hosts += names
    return hosts


def _numbers(text: str) -> list[str]:
    first, _, last = text.partition("-")
    return [str(number).zfill(len(first)) for number in range(int(first), int(last or first) + 1)]


def expand_counts(text: str) -> list[int]:
    """Slurm's short form of counts: "2(x3),1" → 2, 2, 2, 1."""
    counts: list[int] = []
    for part in text.split(","):
        count, _, times = part.removesuffix(")").partition("(x")
        counts += [int(count)] * int(times or 1)
    return counts
