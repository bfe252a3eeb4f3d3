"""The built-in data set: synthetic photographs of synthetic patients in a folder.

    folder/
      README.txt                       says that they are synthetic, and how they were made
      phantoms.csv                     image, label, group
      Type_1/patient-0001-view-1.jpg   several views a patient

Anatomy and picture are pure functions of the seed, the patient's number and the view's number: the first
hundred pictures are the same whatever the count, and no two writers disagree.
"""

import csv
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count as count_from
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.data.phantoms.anatomy import Anatomy, ZoneType, sample_anatomy
from cervinet.data.phantoms.camera import sample_view
from cervinet.data.phantoms.render import render
from cervinet.environment import cores
from cervinet.errors import DataError

RENDERER_VERSION = 1
"""Raised whenever the same settings give other pictures, lest a folder of older ones be taken for them."""

TABLE = "phantoms.csv"
README = "README.txt"

_JPEG_QUALITY = 95
_TYPES_OF_TEN_PATIENTS: tuple[ZoneType, ...] = (1, 1, 1, 2, 2, 2, 2, 3, 3, 3)
# First word of each random stream: what is drawn in one never moves what is drawn in another.
_TYPES, _PATIENTS, _VISITS, _VIEWS = 1, 2, 3, 4


@dataclass(frozen=True)
class Photograph:
    """One picture of the data set: patients and views are numbered from 1."""

    patient: int
    view: int
    zone: ZoneType

    @property
    def label(self) -> str:
        return f"Type_{self.zone}"

    @property
    def group(self) -> str:
        return f"patient-{self.patient:04d}"

    @property
    def image(self) -> str:
        """Path inside the data set's folder, with forward slashes."""
        return f"{self.label}/{self.group}-view-{self.view}.jpg"


def list_photographs(*, count: int, photographs: int, seed: int) -> list[Photograph]:
    """The first `count` pictures of a data set whose patients have 1 to `photographs` pictures each."""
    _check("count", count, 1)
    _check("photographs", photographs, 1)
    _check("seed", seed, 0)
    return list(islice(_photographs(photographs, seed), count))


def patient_anatomy(patient: int, *, seed: int) -> Anatomy:
    """The cervix that every photograph of this patient shows."""
    return sample_anatomy(_patient_type(patient, seed), _stream(seed, _PATIENTS, patient))


def draw_photograph(patient: int, view: int, *, size: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    """One photograph of one patient.

    Args:
        patient: number of the patient, from 1.
        view: number of the patient's photograph, from 1.
        size: height and width in pixels, 2 or more. The same photograph at another size is the same picture.
        seed: of the whole data set, 0 or more.

    Returns:
        uint8 RGB (H, W, 3), 0 to 255.
    """
    _check("image height", size[0], 2)
    _check("image width", size[1], 2)
    return render(patient_anatomy(patient, seed=seed), sample_view(_stream(seed, _VIEWS, patient, view)), size)


def phantom_folder_name(*, count: int, size: tuple[int, int], photographs: int, seed: int) -> str:
    """A folder name that differs whenever the pictures do."""
    height, width = size
    return f"phantoms-v{RENDERER_VERSION}-{count}-of-{height}x{width}-views-{photographs}-seed-{seed}"


def write_phantoms(folder: Path, *, count: int, size: tuple[int, int], photographs: int, seed: int) -> Path:
    """Write the data set, whole or not at all; a folder that already holds it is left as it is.

    Pictures are drawn in a hidden folder beside the target, which is renamed when it is complete. Of several
    processes that write at once the first to finish wins and the others throw their copy away. Only a process
    that is killed outright leaves its hidden folder behind; nothing ever reads it.

    Args:
        folder: where the data set will lie; its parents are made.
        count: number of pictures.
        size: height and width in pixels.
        photographs: the most pictures a patient may have.
        seed: 0 or more.

    Returns:
        `folder`.

    Raises:
        DataError: `folder` holds something else, or a setting is out of its range.
    """
    pictures = list_photographs(count=count, photographs=photographs, seed=seed)
    readme = _readme(count=count, size=size, photographs=photographs, seed=seed)
    if _is_complete(folder, readme):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as workshop:
        # A folder inside the temporary one has the user's usual permissions; the temporary one is private.
        draft = Path(workshop, "draft")
        for label in {picture.label for picture in pictures}:
            (draft / label).mkdir(parents=True)
        with ThreadPoolExecutor(cores()) as pool:
            for _ in pool.map(lambda picture: _write_picture(draft, picture, size, seed), pictures):
                pass
        _write_table(draft / TABLE, pictures)
        (draft / README).write_text(readme, encoding="utf-8")
        try:
            draft.rename(folder)
        except OSError:
            if not _is_complete(folder, readme):
                raise
    return folder


def _photographs(most: int, seed: int) -> Iterator[Photograph]:
    for patient in count_from(1):
        zone = _patient_type(patient, seed)
        for view in range(1, int(_stream(seed, _VISITS, patient).integers(1, most + 1)) + 1):
            yield Photograph(patient, view, zone)


def _patient_type(patient: int, seed: int) -> ZoneType:
    """Ten patients in a row always have 3, 4 and 3 of the types, in an order of their own."""
    block, place = divmod(patient - 1, len(_TYPES_OF_TEN_PATIENTS))
    order = _stream(seed, _TYPES, block).permutation(len(_TYPES_OF_TEN_PATIENTS))
    return _TYPES_OF_TEN_PATIENTS[int(order[place])]


def _stream(seed: int, purpose: int, patient: int, view: int = 0) -> np.random.Generator:
    # Always four words: SeedSequence pads with zeros, so (seed, 1) and (seed, 1, 0) would be the same stream.
    return np.random.default_rng([seed, purpose, patient, view])


def _write_picture(draft: Path, picture: Photograph, size: tuple[int, int], seed: int) -> None:
    pixels = draw_photograph(picture.patient, picture.view, size=size, seed=seed)
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    (draft / picture.image).write_bytes(encoded.tobytes())


def _write_table(path: Path, pictures: list[Photograph]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("image", "label", "group"))
        writer.writerows((picture.image, picture.label, picture.group) for picture in pictures)


def _is_complete(folder: Path, readme: str) -> bool:
    """Whether the folder holds this very data set; a DataError if it holds anything else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    found = folder / README
    if found.is_file() and found.read_text(encoding="utf-8") == readme and (folder / TABLE).is_file():
        return True
    raise DataError(f"'{folder}' holds something other than the phantoms asked for; delete it or name another folder")


def _readme(*, count: int, size: tuple[int, int], photographs: int, seed: int) -> str:
    return f"""These pictures are SYNTHETIC: drawn by a program, of no patient, derived from no photograph.

They show phantoms of the cervix. The class of each follows from its anatomy by the IFCPC 2011 definition of
the transformation zone types: Type_1 wholly on the ectocervix, Type_2 with an endocervical part and wholly
visible, Type_3 with an endocervical part that is not fully visible. They serve to try and test a program;
nothing measured on them says anything about patients.

{count} pictures, height {size[0]} and width {size[1]}, 1 to {photographs} a patient, seed {seed}.
Renderer version {RENDERER_VERSION}.
{TABLE} lists image, label and group (the patient).
"""


def _check(name: str, value: int, least: int) -> None:
    if value < least:
        raise DataError(f"{name} of the phantoms must be {least} or more; got {value}")
