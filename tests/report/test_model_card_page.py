"""The model card: metadata that programs read, and text in which names are only names."""

import re
from dataclasses import replace

import pytest
import yaml
from materials import CLASSES, assessment, bare, material

from cervinet.report.model_card_page import escaped, model_card, write_model_card


def parts(card):
    _, metadata, body = card.split("---\n", 2)
    return yaml.safe_load(metadata), body


def test_metadata_are_yaml_with_the_values_of_the_evaluation():
    metadata, _ = parts(model_card(material(title="a: [b] # c\n---\n")))
    assert (metadata["license"], metadata["library_name"]) == ("other", "keras")
    (index,) = metadata["model-index"]
    assert index["name"] == r"a: [b] # c\n---\n"
    (result,) = index["results"]
    found = assessment().evaluation.metrics
    assert [one["type"] for one in result["metrics"]] == list(found) == metadata["metrics"]
    for one in result["metrics"]:
        assert one["value"] == pytest.approx(found[one["type"]].value, abs=1e-6)
    assert result["task"] == {"type": "image-classification", "name": "Image classification"}
    assert result["dataset"]["split"] == "test"


def test_a_metric_without_a_value_is_not_in_the_metadata():
    given = material()
    found = given.assessment.evaluation
    unknown = replace(found.metrics["accuracy"], value=None, lower=None, upper=None, reason="there are no images")
    known = replace(given.assessment, evaluation=replace(found, metrics=found.metrics | {"accuracy": unknown}))
    metadata, body = parts(model_card(replace(given, assessment=known)))
    assert "accuracy" not in metadata["metrics"]
    assert "| Accuracy | – | – | 60 |" in body


def test_sections_stand_in_the_order_of_the_layout():
    for given in (material(), bare()):
        assert re.findall(r"^## (.+)$", parts(model_card(given))[1], re.MULTILINE) == [
            "Model details",
            "Uses",
            "Bias, risks and limitations",
            "How to get started",
            "Training details",
            "Evaluation",
            "Hardware, time and environment",
            "Citation",
        ]


def test_names_are_escaped_and_rows_stay_whole():
    card = model_card(material())
    assert "<script" not in card
    assert "\u202e" not in card
    assert r"&lt;script&gt;alert(1)&lt;/script&gt;, CIN \| 2\\n, cancer\\u202e" in card
    rows = [line for line in card.splitlines() if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert widths == {5, 10}  # four columns overall; of each class its name, seven metrics and its images


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("0.825 (0.77 – 0.88)", "0.825 (0.77 – 0.88)"),
        ("# no heading", r"\# no heading"),
        ("12. no list", r"12\. no list"),
        ("- no list", r"\- no list"),
        ("*_`[x](y)", r"\*\_\`\[x\](y)"),
        ("a | b", r"a \| b"),
        ("https://x.org and www.x.org", r"https\://x.org and www\.x.org"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("two\nlines", r"two\\nlines"),
        ("$x$ ~y~ @z", r"\$x\$ \~y\~ \@z"),
    ],
)
def test_text_is_what_it_says(given, written):
    assert escaped(given) == written


def test_says_what_limits_it_and_what_is_left_to_write():
    _, body = parts(model_card(material()))
    assert "> **These are synthetic phantoms.**" in body
    assert "- Over-fitting: at the best epoch accuracy is 0.90 in training and 0.53 in validation" in body
    assert (
        r"- **cancer\\u202e, sensitivity at least 0.95:** threshold 0.250, sensitivity 0.900 (0.850 – 0.940), "
        "specificity 0.700 (0.650 – 0.740)"
    ) in body
    assert "- **training time:** 1 min 30 s" in body
    assert body.count("- [ ] **To write:** ") == 7


def test_the_same_material_gives_the_same_file(tmp_path):
    for name in ("a.md", "b.md"):
        write_model_card(tmp_path / name, material())
    assert (tmp_path / "a.md").read_bytes() == (tmp_path / "b.md").read_bytes()
    assert (tmp_path / "a.md").read_text("utf-8") == model_card(material())


def test_a_network_that_cannot_be_used_says_so_where_use_is_told():
    given = material()
    card = model_card(replace(given, card=replace(given.card, not_deployable="crop needs masks")))
    assert "New pictures cannot be given to it as they are: crop needs masks." in card
    assert CLASSES[0] not in card
