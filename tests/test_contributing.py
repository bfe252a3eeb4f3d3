"""The examples of CONTRIBUTING.md are true to the code: each runs, and does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = re.findall(
    r"^```python\n(.*?)^```$",
    (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text("utf-8"),
    re.DOTALL | re.MULTILINE,
)
USE = """
import numpy as np
from cervinet import registry
from cervinet.config import check
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.models.build import build_model
from cervinet.models.heads import Head
from cervinet.models.losses import Context
from cervinet.training.learner import Learner, forward_of
from cervinet.yaml_source import parse_yaml

check(parse_yaml('''
data: {root: ., reader: {name_prefix: {separator: "-"}}, image_size: [16, 16], preprocess: [stretch, grey]}
model: {architecture: {tiny_cnn: {filters: 4}}}
training: {optimizer: {heavy_ball: {momentum: 0.8}}, loss: {generalized_cross_entropy: {power: 0.5}}}
''', "example.yaml"))

root = Path(ROOT)
(root / "benign-1.png").touch()
(root / "notes.txt").touch()
found = registry.find("reader", "name_prefix").function(root, separator="-")
assert found.table["label"].tolist() == ["benign"]

picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
prepared = prepare(Picture(root / "x", pixels=picture), (16, 16), (("stretch", {}), ("grey", {})))
assert prepared.shape == (16, 16, 3) and (prepared == prepared[..., :1]).all()

loss = registry.find("loss", "generalized_cross_entropy")
head = Head(loss.traits["head"], 2)
model = build_model("tiny_cnn", (16, 16, 3), 2, options={"filters": 4}, head=head)
per_picture = loss.function(Context(head, (1, 1)), power=0.5)
optimizer = registry.find("optimizer", "heavy_ball").function(0.1, momentum=0.8)
before = model.get_weights()
learner = Learner(model, forward_of(model, None), per_picture, optimizer)
step = learner.step((prepared[None], np.eye(2, dtype="float32")[:1]), share=1.0, last=True, updates=0)
assert step.finite and step.sums.pictures == 1
coin = float(per_picture(np.float32([[1, 0]]), np.float32([[0, 0]]))[0])
assert abs(coin - (1 - 0.5**0.5) / 0.5) < 1e-6
assert not np.array_equal(before[0], model.get_weights()[0])
"""


@pytest.mark.slow
def test_the_examples_run(tmp_path: Path) -> None:
    assert len(EXAMPLES) == 6
    # In a process of its own: what the examples register must not reach the other tests.
    code = "\n".join([*EXAMPLES, USE.replace("ROOT", repr(str(tmp_path)))])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
