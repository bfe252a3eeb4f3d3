"""The grid by which the page tells shares of heat, against the definition that `evaluate` uses."""

import base64
import re

import cv2
import numpy as np
import pytest
from small_service import heat_of

from cervinet.evaluation.localisation import of_one
from cervinet.report.overlay import overlay, picture
from cervinet.serve.page_heat import CELLS, grid, heat_figure
from cervinet.serve.service import Heat


def share(cells, top, left, bottom, right):
    return cells[top:bottom, left:right].sum() / cells.sum()


@pytest.mark.parametrize(("size", "step"), [((96, 64), 1), ((3 * CELLS, 24), 3)])
def test_a_share_of_the_grid_is_the_share_of_the_heat(size, step):
    heat = cv2.resize(heat_of("Type_2"), size[::-1])
    cells = grid(heat).astype(float)
    assert cells.shape == (size[0] // step, size[1] // step)
    for top, left, bottom, right in [(10, 2, 60, 5), (0, 0, *cells.shape), (5, 3, 6, 4)]:
        region = np.zeros(heat.shape, bool)
        region[top * step : bottom * step, left * step : right * step] = True
        assert share(cells, top, left, bottom, right) == pytest.approx(of_one(heat, region)["mass"], abs=2e-5)


def test_no_heat_is_told():
    heat = np.zeros((40, 30), np.float32)
    assert not grid(heat).any()
    figure = heat_figure(Heat(np.zeros((40, 30, 3), np.uint8), heat), "a", ("a", "b"))
    assert "Nothing in the picture speaks for this class." in figure


def test_at_its_first_setting_the_page_shows_the_overlay_of_reports():
    image = np.random.default_rng(0).integers(0, 256, (96, 64, 3), np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 6)
    heat = heat_of("Type_2")
    figure = heat_figure(Heat(image, heat), "Type_2", ("Type_1", "Type_2"))
    (png,) = re.findall(r"data:image/png;base64,([^\"]+)", figure)
    layer = cv2.imdecode(np.frombuffer(base64.b64decode(png), np.uint8), cv2.IMREAD_UNCHANGED).astype(float)
    large = picture(image).astype(float)
    layer = cv2.resize(layer, (large.shape[1], large.shape[0]))
    opacity = 0.7 * layer[..., 3:] / 255
    shown = large * (1 - opacity) + layer[..., 2::-1] * opacity
    assert np.abs(shown - overlay(image, heat)).mean() < 2
