"""Pictures without classes, for prediction."""

from pathlib import Path

from cervinet.data.folders import check_root, ignored_table, scan
from cervinet.data.manifest import Manifest, table_of
from cervinet.data.readers.sample import Sample, write_pictures
from cervinet.registry import register


def _sample(root: Path) -> Sample:
    images = ["1.png", "visit 1/2.png", "visit 1/deep/3.png"]
    write_pictures(root, images)
    return Sample(root, {}, [{"image": image} for image in images])


@register("reader", sample=_sample, labelled=False)
def unlabelled(root: Path) -> Manifest:
    """Every picture below a folder, without a class.

    Args:
        root: the folder.
    """
    check_root(root)
    found = list(scan(root))
    rows = [{"image": path.relative_to(root).as_posix()} for path, reason in found if not reason]
    return Manifest(table_of(rows), root, ignored=ignored_table(root, ((p, reason) for p, reason in found if reason)))
