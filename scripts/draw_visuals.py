"""Draw visuals/ anew, from synthetic phantoms alone.

    python scripts/draw_visuals.py            # phantoms.png, augmentation.png and architecture.png
    python scripts/draw_visuals.py RUN        # and plots, progress, report and page of a run on phantoms

RUN is the directory of a finished run on phantoms, such as `cervinet demo` leaves under runs/. Nothing is trained.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Path2D
from PIL import Image

from cervinet.config_augment import Augment
from cervinet.data.augment import Augmentation
from cervinet.data.phantoms.phantom import draw_photograph, list_photographs
from cervinet.files import replacing
from cervinet.report import plots
from cervinet.report.plots.preview import PreviewRow, preview_sheet
from cervinet.run import Run

if TYPE_CHECKING:
    from fastapi import FastAPI
    from playwright.sync_api import Page

VISUALS = Path(__file__).parents[1] / "visuals"
NOTE = "synthetic phantoms"
INK, FAINT, LINE = "#222222", "#6B6B6B", "#8A8A8A"
SEED, COLUMNS, SIDE = 0, 6, 192

TYPES = {
    1: "the transformation zone lies wholly on the ectocervix and is visible",
    2: "it has an endocervical part and is wholly visible",
    3: "it has an endocervical part that is not fully visible",
}

Point = tuple[float, float]
Box = Point
"""The lower left corner; all boxes are of one size."""
WIDTH, HEIGHT = 23.0, 11.0
FILLS = {"input": "#F1F1EC", "data": "#DCEAF4", "learn": "#F8E3D2", "run": "#E1EFE6", "use": "#EFE3EE"}


def main() -> None:
    VISUALS.mkdir(exist_ok=True)
    write(contact_sheet(), VISUALS / "phantoms.png", dpi=80)
    write(augmentation(), VISUALS / "augmentation.png", dpi=130)
    write(architecture(), VISUALS / "architecture.png", dpi=110)
    for run in map(Path, sys.argv[1:2]):
        sample_plots(Run(run))
    for path in sorted(VISUALS.glob("*.png")):
        print(f"{path.stat().st_size / 1000:6.0f} kB  {path.name}")


def contact_sheet() -> Figure:
    """Three types of transformation zone, a row each: two views of three patients."""
    figure = Figure(figsize=(9.6, 6.3), facecolor="white")
    title = "Synthetic cervix phantoms: drawn by a program, of no patient"
    figure.suptitle(title, x=0.012, y=0.98, ha="left", fontsize=13, color=INK)
    panels = figure.subplots(3, COLUMNS)
    figure.subplots_adjust(left=0.012, right=0.988, top=0.875, bottom=0.04, wspace=0.04, hspace=0.36)
    photographs = list_photographs(count=200, photographs=3, seed=SEED)
    for (zone, meaning), row in zip(TYPES.items(), panels, strict=True):
        shown = two_views_each([p for p in photographs if p.zone == zone])
        for axes, photograph in zip(row, shown, strict=True):
            axes.imshow(draw_photograph(photograph.patient, photograph.view, size=(SIDE, SIDE), seed=SEED))
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            view = f"patient {photograph.patient}, view {photograph.view}"
            axes.set_xlabel(view, fontsize=8, color=FAINT, labelpad=2)
        row[0].set_title(f"Type_{zone}: {meaning}", loc="left", fontsize=10, color=INK, pad=5)
    return figure


def augmentation() -> Figure:
    """One phantom of each type, and what the preset `medium` makes of it in five epochs."""
    changes = Augmentation(**Augment.model_validate("medium").changes())
    photographs = list_photographs(count=200, photographs=3, seed=SEED)
    rows = []
    for zone in TYPES:
        shown = next(p for p in photographs if p.zone == zone)
        image = draw_photograph(shown.patient, shown.view, size=(SIDE, SIDE), seed=SEED)
        views = [changes.apply(image, seed=SEED, epoch=epoch, index=zone) for epoch in range(COLUMNS - 1)]
        rows.append(PreviewRow(f"Type_{zone}", image, np.array(views)))
    return preview_sheet(rows, NOTE)


def two_views_each(photographs: list) -> list:
    """The first two views of the first three patients that have so many."""
    second = [p.patient for p in photographs if p.view == 2][: COLUMNS // 2]
    return [p for patient in second for p in photographs if p.patient == patient and p.view <= 2]


def architecture() -> Figure:
    """What flows from a config and pictures to predictions."""
    figure = Figure(figsize=(10.8, 5.6), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 108), ylim=(0, 56))
    axes.axis("off")
    axes.text(2, 52.8, "cervinet: what flows from pictures to predictions", fontsize=14, color=INK, va="center")
    columns, (top, middle, low) = (2, 29, 56, 83), (37, 20, 3)
    config = box(axes, columns[0], top, "config.yaml", "every setting checked,\nall mistakes told at once", "input")
    pictures = box(axes, columns[0], middle, "pictures", "folders, tables, masks,\nDICOM, tables of pixels", "input")
    manifest = box(axes, columns[1], top, "manifest", "a row a picture: image,\nlabel, group, box, masks", "data")
    splits = box(
        axes,
        columns[1],
        middle,
        "audit, groups, splits",
        "copies and leaks are found,\ngroups never torn apart",
        "data",
    )
    store = box(axes, columns[1], low, "store", "decoded once to uint8,\nmapped into memory", "data")
    batches = box(axes, columns[2], low, "tf.data", "order, augmentation from\n(seed, epoch, index)", "learn")
    model = box(axes, columns[2], middle, "Keras model", "from scratch, or\nbackbone + new head", "learn")
    run = box(axes, columns[2], top, "run directory", "config, splits, history,\nmodel.keras, model.json", "run")
    predictor = box(axes, columns[3], top, "one Predictor", "of train, evaluate\nand predict", "use")
    table = box(axes, columns[3], middle, "predictions.csv", "every probability\nof every image", "use")
    metrics = box(axes, columns[3], low, "metrics.json, plots", "value, interval, n\nand method", "use")
    for start, end in pairwise((config, manifest, splits, store, batches, model, run, predictor, table, metrics)):
        arrow(axes, *between(start, end))
    (x, y), (end_x, end_y) = between(pictures, manifest)
    bend = (x + end_x) / 2
    arrow(axes, (x, y), (bend, y), (bend, end_y - 4), (end_x, end_y - 4))
    return figure


def box(axes: Axes, x: float, y: float, title: str, text: str, stage: str) -> Box:
    shape = "round,pad=0,rounding_size=1"
    axes.add_patch(FancyBboxPatch((x, y), WIDTH, HEIGHT, boxstyle=shape, facecolor=FILLS[stage], edgecolor="none"))
    axes.text(x + 1.6, y + HEIGHT - 2.7, title, fontsize=11, fontweight="bold", color=INK, va="center")
    axes.text(x + 1.6, y + HEIGHT - 4.7, text, fontsize=9.5, color=INK, va="top", linespacing=1.35)
    return x, y


def between(start: Box, end: Box) -> tuple[Point, Point]:
    """Where an arrow from one box to the next begins and ends: upright in a column, else to the right."""
    (x, y), (end_x, end_y) = start, end
    if x != end_x:
        return (x + WIDTH, y + HEIGHT / 2), (end_x, end_y + HEIGHT / 2)
    edges = (y, end_y + HEIGHT) if y > end_y else (y + HEIGHT, end_y)
    return (x + WIDTH / 2, edges[0]), (x + WIDTH / 2, edges[1])


def arrow(axes: Axes, *points: Point) -> None:
    style = dict(arrowstyle="-|>", mutation_scale=13, color=LINE, linewidth=1.3, joinstyle="round")
    axes.add_patch(FancyArrowPatch(path=Path2D(points), **style))


def sample_plots(run: Run) -> None:
    """The plots and the beginning of the report of a run. Ends the program unless it was trained on phantoms."""
    if json.loads(run.card.read_text(encoding="utf-8"))["note"] != NOTE:
        sys.exit(f"{run.path} must be a run on {NOTE}: pictures of patients do not belong into visuals/")
    for name in ("confusion_matrix.png", "roc.png"):
        shutil.copyfile(run.plots / name, VISUALS / name)
    plots.save(plots.training_progress(pd.read_csv(run.history), note=NOTE), VISUALS / "progress.png")
    write_screenshot(run.report.resolve().as_uri(), VISUALS / "report.png")
    with page_of(run) as address:
        write_screenshot(address, VISUALS / "page.png", judge_an_example)


@contextmanager
def page_of(run: Run) -> Iterator[str]:
    """The address of the page that `cervinet serve` shows of a run, for as long as it is needed."""
    from uvicorn import Config, Server

    from cervinet.serve.app import build_app
    from cervinet.serve.limits import Limits
    from cervinet.serve.loaded import LoadedRun
    from cervinet.serve.metrics import Metrics
    from cervinet.serve.page import mount_page

    limits, metrics = Limits(), Metrics()
    service = LoadedRun.load(run, metrics, limits)

    def page(app: FastAPI) -> FastAPI:
        return mount_page(app, service, largest=limits.picture, most=limits.images)

    server = Server(Config(build_app(service, limits, metrics=metrics, page=page), port=0, log_level="warning"))
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.05)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()
        service.close()


def judge_an_example(page: Page) -> None:
    """One of the synthetic phantoms that the page offers, with its heat and a box."""
    page.locator(".example").nth(1).click()
    page.wait_for_selector("figure.heat")
    page.locator(".measure").click()
    for key in ("ArrowRight", "ArrowRight", *["ArrowUp"] * 6):
        page.keyboard.press(key)
    page.locator(".layers").evaluate("one => one.blur()")


def write_screenshot(address: str, path: Path, act: Callable[[Page], None] = lambda page: None) -> None:
    """The beginning of a page, as Debian's Chromium shows it, after something was done on it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        sandbox = [] if os.getuid() else ["--no-sandbox"]
        with playwright.chromium.launch(executable_path=shutil.which("chromium"), args=sandbox) as chromium:
            page = chromium.new_page(viewport={"width": 1240, "height": 900})
            page.goto(address)
            act(page)
            taken = page.screenshot()
    with replacing(path) as temporary:
        picture = Image.open(BytesIO(taken)).convert("RGB")
        picture.quantize(256, Image.Quantize.MEDIANCUT).save(temporary, format="png", optimize=True)


def write(figure: Figure, path: Path, dpi: int) -> None:
    """As a PNG of at most 256 colours: a third of the size, and near enough for a sample."""
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(dpi)
    canvas.draw()
    with replacing(path) as temporary:
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        picture.quantize(256, Image.Quantize.MEDIANCUT).save(temporary, format="png", optimize=True)


if __name__ == "__main__":
    main()
