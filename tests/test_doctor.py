"""`cervinet doctor` says what is wrong, and what to do, on machines that are not this one."""

import subprocess
from collections import namedtuple
from importlib import metadata

import pytest

from cervinet import doctor
from cervinet.doctor import Finding
from world import cervinet

NEEDS = [
    *("numpy>=2.0", "tensorflow>=2.21", "opencv-python-headless>=4.12"),
    *("pydicom>=3.0; extra == 'dicom'", "fastapi>=0.120; extra == 'serve'", "fastapi>=0.120 ; extra == 'ui'"),
    *('cervinet[serve]; extra == "ui"', "tensorflow[and-cuda]>=2.21; extra == 'cuda'"),
]
INSTALLED = {"numpy": "2.4.1", "opencv-python-headless": "4.12.0.88", "pydicom": "3.0.1"}


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """`machine(installed=…, asked=…)`: what is installed, and how a process that imports TensorFlow ends."""

    def make(installed=INSTALLED, asked=(0, '["2.21.0", []]', "")):
        def version(name):
            if name not in installed:
                raise metadata.PackageNotFoundError(name)
            return installed[name]

        monkeypatch.setattr(metadata, "requires", lambda name: NEEDS)
        monkeypatch.setattr(metadata, "version", version)
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], *asked))
        monkeypatch.setenv("CERVINET_CACHE", str(tmp_path / "a" / "cache"))
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
        monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
        monkeypatch.setattr(doctor, "_NVIDIA", tmp_path / "nvidia0")

    make()
    return make


def found(what):
    [one] = [one for one in doctor.examined() if one.what == what]
    return one


def test_a_machine_on_which_all_works(machine, tmp_path):
    everything = list(doctor.examined())
    assert {one.state for one in everything} == {"ok", "note"}
    assert everything[:3] == [
        Finding("packages", "all 1 that cervinet needs"),
        Finding("OpenCV", "opencv-python-headless 4.12.0.88"),
        Finding("extra dicom", "there, for DICOM pictures"),
    ]
    assert found("TensorFlow") == Finding("TensorFlow", "2.21.0")
    assert found("extra serve") == Finding(
        "extra serve", "without fastapi", "note", "For `cervinet serve`: pip install 'cervinet[serve]'"
    )
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("numpy", "said"), [({}, "numpy (not installed)"), ({"numpy": "1.26.4"}, "numpy 1.26.4 (needs 2.0)")]
)
def test_packages_that_are_not_as_needed_end_the_look(machine, numpy, said):
    machine({name: one for name, one in INSTALLED.items() if name != "numpy"} | numpy)
    assert found("packages") == Finding(
        "packages", said, "fault", "Install them: pip install --upgrade . in the folder of cervinet"
    )
    assert "TensorFlow" not in [one.what for one in doctor.examined()]


def test_versions_are_compared_as_numbers(machine):
    machine(INSTALLED | {"numpy": "10.0.0rc1"})
    assert found("packages").state == "ok"


def test_two_builds_of_opencv(machine):
    machine(INSTALLED | {"opencv-python": "4.12.0.88"})
    assert found("OpenCV") == Finding(
        "OpenCV",
        "opencv-python-headless and opencv-python",
        "fault",
        "Keep one, for they overwrite each other: pip uninstall opencv-python-headless opencv-python; pip install "
        "opencv-python-headless",
    )


def test_another_build_alone_will_do(machine):
    installed = {name: one for name, one in INSTALLED.items() if "opencv" not in name}
    machine(installed | {"opencv-python": "4.12.0.88"})
    assert found("OpenCV") == Finding("OpenCV", "opencv-python 4.12.0.88")
    machine(installed)
    assert found("OpenCV").advice == "Install it: pip install opencv-python-headless"


def test_the_many_names_of_the_one_build_of_conda_are_no_clash(machine, monkeypatch):
    machine(INSTALLED | {"opencv-python": "4.12.0.88"})
    monkeypatch.setattr(doctor, "_installer", lambda name: "conda")
    assert found("OpenCV") == Finding("OpenCV", "opencv-python-headless 4.12.0.88")


def test_without_opencv_or_of_an_unknown_installation_nothing_is_imported(machine, monkeypatch):
    machine({name: one for name, one in INSTALLED.items() if "opencv" not in name})
    assert "cache" not in [one.what for one in doctor.examined()]
    machine()

    def unknown(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", unknown)
    everything = {one.what: one for one in doctor.examined()}
    assert list(everything) == ["packages", "OpenCV", "processors", "memory"]
    assert everything["packages"].found == "not known, for cervinet is not installed"


def test_old_builds_of_what_has_other_names(machine):
    machine(INSTALLED | {"opencv-python-headless": "4.5.1"}, asked=(0, '["2.10.0", []]', ""))
    advice = "Install it anew: pip install --upgrade . in the folder of cervinet"
    assert found("OpenCV") == Finding("OpenCV", "opencv-python-headless 4.5.1 (needs 4.12)", "fault", advice)
    machine(asked=(0, '["2.10.0", []]', ""))
    assert found("TensorFlow") == Finding("TensorFlow", "2.10.0 (needs 2.21)", "fault", advice)


def test_without_a_home(machine, monkeypatch):
    monkeypatch.delenv("CERVINET_CACHE")

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("cervinet.data.store.default_cache", homeless)
    assert found("cache") == Finding("cache", "there is no home directory", "fault", "Set CERVINET_CACHE to a folder.")


@pytest.mark.parametrize(
    ("asked", "finding"),
    [
        (
            (-4, "", ""),
            Finding(
                "TensorFlow",
                "ends by signal 4 when it is imported",
                "fault",
                "Its wheels need a processor with AVX; predict, explain and serve work without it.",
            ),
        ),
        (
            (1, "", "Traceback:\nModuleNotFoundError: No module named 'tensorflow'\n"),
            Finding(
                "TensorFlow",
                "ModuleNotFoundError: No module named 'tensorflow'",
                "fault",
                "Install it anew: pip install --force-reinstall tensorflow",
            ),
        ),
    ],
    ids=["killed", "absent"],
)
def test_a_tensorflow_that_does_not_work(machine, asked, finding):
    machine(asked=asked)
    assert found("TensorFlow") == finding
    assert "GPU" not in [one.what for one in doctor.examined()]


def test_graphics_processors(machine, monkeypatch):
    assert found("GPU") == Finding("GPU", "none; networks are trained on the processors")
    monkeypatch.setattr(doctor.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert found("GPU") == Finding(
        "GPU",
        "one of NVIDIA, which TensorFlow does not find",
        "note",
        "For CUDA's libraries: pip install 'cervinet[cuda]'",
    )
    machine(asked=(0, 'noise\n["2.21.0", ["NVIDIA T4", "NVIDIA T4"]]', ""))
    assert found("GPU") == Finding("GPU", "NVIDIA T4, NVIDIA T4")


def test_a_cache_that_cannot_be_used(machine, monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(9 << 30, 8 << 30, 1 << 30))
    cache = tmp_path / "a" / "cache"
    assert found("cache") == Finding(
        "cache", f"{cache}, 1 GiB free", "note", "Make room, or set CERVINET_CACHE to a larger disk."
    )
    (tmp_path / "a").write_text("a file")
    assert found("cache") == Finding(
        "cache", f"{cache} cannot be written", "fault", "Set CERVINET_CACHE to a folder that can."
    )


def test_little_memory(machine, monkeypatch):
    monkeypatch.setattr(doctor, "_memory_size", lambda: 2 << 30)
    assert found("memory") == Finding(
        "memory", "2.0 GiB", "note", "Train with small batches: training.batch_size=8 training.accumulate=4"
    )


def test_weights_that_were_fetched(machine, tmp_path):
    folder = tmp_path / "keras" / "models"
    assert found("weights") == Finding(
        "weights",
        "none of ImageNet yet",
        "note",
        "`model.weights: imagenet` fetches them when first used; without a connection, bring a file of "
        "`cervinet weights fetch NAME --to DIR` here and name it as model.weights.",
    )
    folder.mkdir(parents=True)
    (folder / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5").touch()
    assert found("weights") == Finding("weights", f"1 of ImageNet in {folder}")


def test_the_command_ends_with_1_where_something_does_not_work(machine):
    result = cervinet("doctor")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "\n  ok    TensorFlow     2.21.0\n" in result.stdout
    machine(asked=(-4, "", ""))
    result = cervinet("doctor")
    assert (result.exit_code, result.stderr) == (1, "Not working: TensorFlow.\n")
    assert "\n  fault TensorFlow     ends by signal 4 when it is imported\n        Its wheels need" in result.stdout


@pytest.mark.slow
def test_this_machine_works() -> None:
    result = cervinet("doctor")
    assert result.exit_code == 0, result.stdout
