"""docker/ builds from what is here, and what its image holds is enough to predict and to serve."""

import re
import shlex
from pathlib import Path

import pytest

from world import World

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
LOCKS = sorted(DOCKER.glob("*.txt"))
# Of the export folder, which is the place that tensorflow-serving.Dockerfile is built in.
EXPORTED = {"$MODEL", "card.json"}

WITHOUT = """
import re, sys
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions

allowed = set(sys.argv[1].split())
known = packages_distributions()

class Refuses:
    # What is installed, but not in the image, is as if it were not there.
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        owners = {re.sub(r"[-_.]+", "-", one).lower() for one in known.get(top, ())}
        if owners and not owners & allowed:
            raise ModuleNotFoundError(f"No module named {top!r} in the image", name=top)
        return None

sys.meta_path.insert(0, Refuses())
"""


def instructions(path: Path) -> list[list[str]]:
    """The words of each instruction of a Dockerfile."""
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [shlex.split(line) for line in re.sub(r"\\\n", " ", text).splitlines() if line.strip()]


def pinned(path: Path) -> dict[str, list[str]]:
    """Name → hashes of a compiled file of requirements."""
    found: dict[str, list[str]] = {}
    for entry in re.sub(r"\\\n", " ", re.sub(r"^ *#.*\n", "", path.read_text(), flags=re.MULTILINE)).splitlines():
        name = re.match(r"([a-z0-9-]+)==[^ ]+", entry)
        assert name, entry
        found[name[1]] = re.findall(r"--hash=sha256:[0-9a-f]{64}", entry)
    return found


def test_the_files_are_found():
    assert [path.name for path in LOCKS] == ["build-requirements.txt", "requirements.txt"]
    assert sorted(path.name for path in DOCKER.glob("*.Dockerfile")) == [
        "serve.Dockerfile",
        "tensorflow-serving.Dockerfile",
    ]


@pytest.mark.parametrize("path", sorted(DOCKER.glob("*.Dockerfile")), ids=lambda path: path.stem)
def test_what_is_copied_exists_and_no_root_runs(path):
    found = instructions(path)
    copied = [word for words in found if words[0] == "COPY" and "--from" not in words[1] for word in words[1:-1]]
    assert copied
    for name in copied:
        assert name in EXPORTED or (ROOT / name).exists(), name
    assert [words[1] for words in found if words[0] == "USER"] == ["10001"]
    assert any(words[0] == "EXPOSE" for words in found)
    for words in found:
        if words[0] == "FROM":
            assert re.fullmatch(r"[a-z/-]+:[0-9.]+(-slim)?", words[1]), "an image must be named by its version"
        for step in " ".join(words).split("&&"):
            if "pip install" in step:
                assert "--require-hashes" in step or "--no-deps" in step


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_package_is_pinned_with_its_hashes(path):
    found = pinned(path)
    wanted = [line for line in path.with_suffix(".in").read_text().splitlines() if line and not line.startswith("#")]
    assert wanted
    assert set(wanted) <= set(found)
    assert [name for name, hashes in found.items() if not hashes] == []


def test_versions_are_those_that_are_tested():
    ours = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    image = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (DOCKER / "requirements.txt").read_text(), re.MULTILINE))
    common = ours.keys() & image.keys()
    assert len(common) > 10
    assert {name: image[name] for name in common} == {name: ours[name] for name in common}


def test_the_image_holds_no_tensorflow():
    assert not {"tensorflow", "keras", "tf2onnx", "h5py", "torch"} & set(pinned(DOCKER / "requirements.txt"))


@pytest.mark.slow
def test_what_the_image_holds_predicts_and_serves(child, world: World, tmp_path):
    code = (
        WITHOUT
        + """
for name in ("tensorflow", "keras", "tf2onnx", "h5py"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    sys.exit(f"{name} can be imported")
from cervinet import Predictor
[one] = Predictor.load(sys.argv[2]).predict([sys.argv[3]])
assert one.verdict.label and not one.error
from pathlib import Path
from fastapi.testclient import TestClient
from cervinet.run import Run
from cervinet.serve.app import build_app
from cervinet.serve.limits import Limits
from cervinet.serve.loaded import LoadedRun
from cervinet.serve.metrics import Metrics
limits, metrics = Limits(), Metrics()
service = LoadedRun.load(Run.open(Path(sys.argv[2])), metrics, limits)
app = build_app(service, limits, token="", metrics=metrics, note=[])
with TestClient(app) as client:
    assert client.get("/healthz").status_code == 200
    answer = client.post("/v1/predict", files={"image": open(sys.argv[3], "rb").read()})
    assert answer.status_code == 200, answer.text
service.close()
from cervinet.cli import main
main(["predict", sys.argv[3], "--run", sys.argv[2]])
"""
    )
    allowed = " ".join({*pinned(DOCKER / "requirements.txt"), "cervinet", "httpx"})
    done = child(code, allowed, str(world.run), str(world.some(1)[0]), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Type_" in done.stdout
