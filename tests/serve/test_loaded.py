"""A run that is loaded: it has answered before it is asked, and keeps to its limits."""

import numpy as np
import pytest
from clients import run

from cervinet import Predictor
from cervinet.data.picture import Picture
from cervinet.errors import CervinetError, ImageError
from cervinet.run import Run
from cervinet.serve.limits import Limits
from cervinet.serve.loaded import LoadedRun
from cervinet.serve.metrics import Metrics

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def metrics():
    return Metrics()


@pytest.fixture(scope="module")
def loaded(world, metrics):
    one = LoadedRun.load(Run(world.run), metrics, Limits(pixels=32 * 40))
    yield one
    one.close()


def test_it_goes_by_the_names_of_its_config_and_of_its_folder(loaded):
    assert (loaded.name, loaded.run, loaded.card.classes) == ("tiny", "run", ("Type_1", "Type_2", "Type_3"))


def test_it_says_what_the_predictor_says(loaded, world, metrics):
    paths = world.some(40)
    found = run(loaded.predict([Picture(path) for path in paths]))
    for one, other in zip(found, Predictor.load(world.run).predict(paths), strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)
        assert one.verdict.label == other.verdict.label
    told = metrics.text().decode()
    assert "cervinet_batch_pictures_sum 40.0" in told
    assert 'cervinet_pictures_total{outcome="unreadable"} 0.0' in told


def test_pictures_beyond_its_limit_are_errors(loaded, world):
    small = Limits(pixels=32 * 40 - 1)
    one = LoadedRun(Run(world.run), loaded._predictor, "tiny", Metrics(), small)
    try:
        [prediction] = run(one.predict([Picture(world.some(1)[0])]))
        assert "must have at most 1,279 pixels, but its header announces 40×32" in prediction.error
        with pytest.raises(ImageError, match=r"must have at most 1,279 pixels"):
            run(one.heat(Picture(world.some(1)[0]), "Type_1"))
    finally:
        one.close()


def test_heat_is_that_of_the_explainer(loaded, world):
    from cervinet.inference.explainer import explainer_of

    picture = Picture(world.some(1)[0])
    found = run(loaded.heat(picture, "Type_2"))
    explainer = explainer_of(Run(world.run), "grad_cam")
    image = explainer.prepare(picture)
    np.testing.assert_array_equal(found.image, image)
    np.testing.assert_allclose(found.heat, explainer.heat(image[None], np.array([1]))[0], rtol=1e-4, atol=1e-6)


def test_a_changed_file_is_not_served(world, tmp_path):
    for name in ("model.json", "config.yaml", "likeness.npz", "model.onnx"):
        (tmp_path / name).write_bytes((world.run / name).read_bytes())
    with (tmp_path / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(CervinetError) as refused:
        LoadedRun.load(Run(tmp_path), Metrics(), Limits())
    assert str(refused.value) == (
        f"{tmp_path / 'model.onnx'} is not the file that this run saved (its SHA-256 is not the one in model.json); "
        "bring the original back, or train again"
    )
