"""What is said before the first epoch."""

import pytest

from cervinet.models.build import build_model
from cervinet.progress import Silent
from cervinet.report.announce import announce_network
from cervinet.training.devices import Device


@pytest.mark.parametrize(
    ("name", "options", "warned"),
    [("vgg16", {}, True), ("vgg16", {"pooling": "flatten", "dense": [16_000]}, True), ("skin_cnn", {}, False)],
)
def test_a_backbone_frozen_at_random_weights_is_warned_of_however_large_its_head(
    name: str, options: dict[str, object], warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(Silent, "say", lambda self, text: said.append(text))
    model = build_model(name, (64, 64, 3), 3, "none", options)
    announce_network(Silent(), model, "none", Device("CPU", "float32", False), None)
    assert any("frozen at random weights" in text for text in said) == warned
