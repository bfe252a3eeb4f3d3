"""Which cluster an environment describes."""

import json

import pytest

from cervinet.errors import UsageError
from cervinet.training.cluster import ALONE, Cluster, expand_counts, expand_hosts, find_cluster

SLURM = {
    "SLURM_JOB_ID": "4711",
    "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_STEP_NODELIST": "gpu[08-09]",
    "SLURM_STEP_TASKS_PER_NODE": "2,1",
    "SLURM_PROCID": "2",
    "SLURM_NODEID": "1",
    "SLURM_LOCALID": "0",
}


def tf_config(cluster: object, kind: str = "worker", index: object = 0) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_without_variables_a_process_is_alone_and_its_own_chief() -> None:
    assert find_cluster({}) == ALONE
    assert find_cluster({"TF_CONFIG": " "}) == ALONE
    assert find_cluster(tf_config({"worker": ["a:1"]})) == ALONE
    # A batch script, or one task under srun.
    assert find_cluster({"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}) == ALONE
    assert find_cluster(SLURM | {"SLURM_STEP_NUM_TASKS": "1"}) == ALONE
    assert ALONE.chief


def test_tf_config_gives_workers_and_number() -> None:
    found = find_cluster(tf_config({"worker": ["a:1", "b:2"]}, index=1))
    assert found == Cluster(("a:1", "b:2"), 1)
    assert not found.chief
    assert found.name(1) == "worker 1 (b:2)"


def test_a_chief_of_tf_config_is_the_first_worker() -> None:
    cluster = {"chief": ["c:1"], "worker": ["a:1", "b:2"]}
    assert find_cluster(tf_config(cluster, "chief")) == Cluster(("c:1", "a:1", "b:2"), 0)
    assert find_cluster(tf_config(cluster, "worker", 1)) == Cluster(("c:1", "a:1", "b:2"), 2)


def test_tf_config_comes_before_slurm() -> None:
    assert find_cluster(SLURM | tf_config({"worker": ["a:1", "b:2"]})).workers == ("a:1", "b:2")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"TF_CONFIG": "workers"},
            'TF_CONFIG must be JSON such as {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", '
            "\"index\": 0}}; got 'workers'",
        ),
        (
            tf_config({"worker": ["a:1", "b:2"], "ps": ["c:1"]}),
            "TF_CONFIG may name workers and a chief only; it has 'ps'",
        ),
        (tf_config({"worker": ["a", "b:2"]}), "TF_CONFIG must give each worker as host:port; it has 'a'"),
        (
            tf_config({"worker": ["a:1", "a:1"]}),
            "TF_CONFIG must give each worker an address of its own; it has one twice",
        ),
        (
            tf_config({"worker": ["a:1", "b:2"]}, index=2),
            "TF_CONFIG says that this process is worker 2, which its cluster does not have",
        ),
        (
            tf_config({"worker": ["a:1", "b:2"]}, "chief"),
            "TF_CONFIG says that this process is chief 0, which its cluster does not have",
        ),
        (
            SLURM | {"SLURM_NODEID": "0", "SLURM_LOCALID": "1"},
            "tasks must fill one node after the other; start with srun --distribution=block",
        ),
        (
            {name: value for name, value in SLURM.items() if name != "SLURM_PROCID"},
            "Slurm's variables SLURM_STEP_…, SLURM_PROCID, SLURM_NODEID and SLURM_LOCALID must tell where each task "
            "runs; they do not: KeyError('SLURM_PROCID'); start with srun, or set TF_CONFIG",
        ),
    ],
)
def test_what_describes_no_cluster_is_one_sentence(environment: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as error:
        find_cluster(environment)
    assert str(error.value) == message


def test_slurm_gives_each_task_of_a_node_a_port_of_its_own() -> None:
    found = find_cluster(SLURM)
    port = 10_000 + 4711 % 1250 * 16
    assert found == Cluster((f"gpu08:{port}", f"gpu08:{port + 1}", f"gpu09:{port}"), 2)


def test_jobs_that_share_a_node_have_other_ports() -> None:
    ports = [find_cluster(SLURM | {"SLURM_JOB_ID": str(job)}).workers for job in range(4711, 4721)]
    assert len({worker for workers in ports for worker in workers}) == 30


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("login", ["login"]),
        ("n[1-3]", ["n1", "n2", "n3"]),
        ("n[08-10,12],login.site", ["n08", "n09", "n10", "n12", "login.site"]),
        ("rack[1-2]-n[1,3]", ["rack1-n1", "rack1-n3", "rack2-n1", "rack2-n3"]),
        ("n[1-2]-ib,m5", ["n1-ib", "n2-ib", "m5"]),
    ],
)
def test_short_lists_of_hosts_are_written_out(text: str, hosts: list[str]) -> None:
    assert expand_hosts(text) == hosts


@pytest.mark.parametrize("text", ["", "n[1-2", "n[a-b]", "n1,,n2", "n[]"])
def test_what_is_no_list_of_hosts_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no list of hosts"):
        expand_hosts(text)


def test_short_lists_of_counts_are_written_out() -> None:
    assert expand_counts("2(x3),1") == [2, 2, 2, 1]
