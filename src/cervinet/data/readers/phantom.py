"""The built-in data set: synthetic cervix photographs, drawn on first use."""

import csv
from pathlib import Path
from typing import Annotated

from pydantic import Field

from cervinet.data.manifest import Manifest
from cervinet.data.phantoms.phantom import TABLE, phantom_folder_name, write_phantoms
from cervinet.data.readers.sample import Sample
from cervinet.data.readers.table import table
from cervinet.data.store import default_cache
from cervinet.errors import DataError
from cervinet.registry import register

NOTE = "synthetic phantoms"


def _sample(root: Path) -> Sample:
    write_phantoms(root, count=12, size=(16, 16), photographs=2, seed=3)
    with (root / TABLE).open(encoding="utf-8", newline="") as file:
        rows = [{role: row[role] for role in ("image", "label", "group")} for row in csv.DictReader(file)]
    return Sample(root, {"count": 12, "size": 16, "photographs": 2, "seed": 3}, rows)


@register("reader", needs_root=False, sample=_sample)
def phantom(
    root: Path | None,
    *,
    count: Annotated[int, Field(ge=10)] = 900,
    size: Annotated[int, Field(ge=16)] = 256,
    photographs: Annotated[int, Field(ge=1)] = 3,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Manifest:
    """Synthetic cervix photographs of transformation-zone types 1, 2 and 3.

    Args:
        root: where the pictures are kept; a folder of cervinet's cache when not set.
        count: pictures.
        size: side of the square pictures, in pixels.
        photographs: the most photographs that show one patient.
        seed: of the patients.
    """
    square = (size, size)
    name = phantom_folder_name(count=count, size=square, photographs=photographs, seed=seed)
    folder = root or default_cache() / "phantoms" / name
    try:
        write_phantoms(folder, count=count, size=square, photographs=photographs, seed=seed)
    except OSError as error:
        raise DataError(
            f"the phantoms cannot be written to {folder}: {error.strerror}; set data.root to a folder "
            "that can be written to"
        ) from None
    found = table(folder, file=TABLE, group="group")
    return Manifest(found.table, folder, note=NOTE)
