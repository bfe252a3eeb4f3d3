"""What share of pictures the input gate of a run passes, folder by folder.

    python scripts/measure_gate.py RUN FOLDER...

RUN is a finished run; its own test pictures come first, then those of each folder and its subfolders, without masks
(NAME_mask.png). Pictures that cannot be read are counted and left out. Intervals are Wilson's, 95 %, as if every
picture were of another patient.
"""

import sys
from collections import Counter
from pathlib import Path

from cervinet import Predictor
from cervinet.data.picture import Picture
from cervinet.evaluation.proportions import wilson
from cervinet.inference.gate import FLAGS
from cervinet.inference.inputs import pictures_named
from cervinet.pictures import config_of, own_part
from cervinet.progress import Silent
from cervinet.run import Run

MASKS = "_mask"


def main(arguments: list[str]) -> None:
    run = Run.open(Path(arguments[0]))
    predictor = Predictor.load(run)
    if not predictor.card.gate:
        sys.exit(f"{run.path} has no gate")
    test = own_part(config_of(run, None, ()), run, "test", Silent()).pictures()
    rows = [_row("its own test pictures", test, predictor)]
    for folder in arguments[1:]:
        rows.append(_row(Path(folder).name, pictures_named([folder], mask_suffix=MASKS).pictures, predictor))
    heads = ["pictures", "read", "not read", "pass the gate, %", "95 %", *(f"{flag}, %" for flag in FLAGS)]
    for cells in (heads, ["---"] * len(heads), *rows):
        print(f"| {' | '.join(cells)} |")


def _row(name: str, pictures: list[Picture], predictor: Predictor) -> list[str]:
    found, unread = Counter[str](), 0
    for one in predictor.pictures(pictures):
        if one.verdict is None:
            unread += 1
            continue
        found.update(one.verdict.flags)
        found["passed"] += not one.verdict.flags
    read = len(pictures) - unread
    if not read:
        sys.exit(f"none of the {len(pictures)} pictures of {name} can be read; name another folder")
    lower, upper = wilson(found["passed"] / read, read, 0.95)
    shares = [f"{100 * found[flag] / read:.1f}" for flag in ("passed", *FLAGS)]
    interval = f"{100 * lower:.1f} – {100 * upper:.1f}"
    return [name, str(read), str(unread), shares[0], interval, *shares[1:]]


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
