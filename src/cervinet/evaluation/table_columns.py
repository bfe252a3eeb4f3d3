"""Which columns of any tool's table hold the image, its group, its class, its split and its probabilities."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cervinet.csv_table import Table
from cervinet.errors import DataError
from cervinet.evaluation.predictions import is_own_column
from cervinet.evaluation.table_numbers import are_numbers, sum_to_one

TRIED = {
    "image": ("image_name", "image_id", "image_path", "filename", "file_name", "file", "path", "id"),
    "group": ("patient_id", "patient", "subject_id", "subject"),
    "label": ("true_label", "y_true", "truth", "ground_truth", "target", "diagnosis"),
    "split": (),
}
"""What a column may be called where it does not have our name, whatever the case of its letters."""


@dataclass(frozen=True)
class Columns:
    """The names of columns; what is None is looked for.

    Our own name wins. Without it, one column may have one of the other names tried, in letters of any case; two are an
    error that names the option which settles it.

    Attributes:
        image: `image`; tried are image_name, image_id, image_path, filename, file_name, file, path, id.
        group: `group`; tried are patient_id, patient, subject_id, subject. Without any, each image is its own group.
        label: `label`; tried are true_label, y_true, truth, ground_truth, target, diagnosis. Not `class`, which in
            many tables, `cervinet predict --csv` among them, is the predicted one.
        split: `split`; nothing else is tried.
        probability: `{}` stands for the class, as in "prob_{}". Tried are "p_{}", then the bare class names: those
            asked for, else the columns of numbers that sum to one.
    """

    image: str | None = None
    group: str | None = None
    label: str | None = None
    split: str | None = None
    probability: str | None = None


def find_columns(table: Table, columns: Columns) -> dict[str, str]:
    """Which of the roles image, group, label and split are there, each with its column; image always.

    Raises:
        DataError: a column that was named is not there, several could be meant, or none holds the images.
    """
    asked = {role: name for role in TRIED if (name := getattr(columns, role)) is not None}
    for name in asked.values():
        if name not in table.header:
            raise DataError(f"{table.path} has no column '{name}'; its columns are {', '.join(table.header)}")
    free = [name for name in table.header if name not in asked.values()]
    for role, tried in TRIED.items():
        if role not in asked and (found := one_of(table, free, role, tried, f"name it by --{role}-column")):
            asked[role] = found
    if "image" not in asked:
        names = ", ".join(table.header)
        raise DataError(
            f"{table.path} has no column of image names; name it by --image-column: its columns are {names}"
        )
    return asked


def one_of(table: Table, names: Collection[str], role: str, tried: Sequence[str], advice: str) -> str | None:
    """The column of the role's own name, or the only one of the names tried; None where there is none.

    Raises:
        DataError: there are several.
    """
    if role in names:
        return role
    found = [name for name in names if name.lower() in (role, *tried)]
    if len(found) > 1:
        shown = " or ".join(map(repr, found))
        raise DataError(f"{table.path} may have the {role} of each row in {shown}; {advice}")
    return found[0] if found else None


def probability_columns(
    table: Table,
    pattern: str | None,
    classes: Sequence[str] | None,
    *,
    labels: Collection[str],
    taken: Collection[str],
    normalize: bool,
) -> dict[str, str]:
    """Class → column, in the order of `classes`, else of the table; matched by name, never by position.

    Args:
        table: the rows that have probabilities.
        pattern: of the columns, with `{}` for the class, or None.
        classes: names wanted, or None for those of the table.
        labels: the texts that say the true classes.
        taken: columns that hold something else.
        normalize: the rows need not sum to one, so that sums cannot tell which columns are meant.

    Raises:
        DataError: they are fewer than two, not those of `classes`, or not clear.
    """
    free = [name for name in table.header if name not in taken]
    if pattern is None and any(name.startswith("p_") for name in free):
        pattern = "p_{}"
    if pattern is not None and pattern != "{}":
        before, _, after = pattern.partition("{}")
        found = {
            name[len(before) : len(name) - len(after)]: name
            for name in free
            if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after)
        }
    elif classes is not None:
        found = {name: name for name in free if name in classes}
    else:
        found = {name: name for name in _bare(table, free, labels, normalize)}
    names = tuple(found if classes is None else classes)
    if sorted(names) != sorted(found):
        wanted, given = ", ".join(names), ", ".join(found) or "none"
        raise DataError(f"{table.path} must hold probabilities of the classes {wanted}; it holds those of {given}")
    if len(names) < 2:
        shown = (pattern or "p_{}").replace("{}", "<class>")
        raise DataError(
            f"{table.path} must have a column '{shown}' for each of two or more classes; its columns are "
            f"{', '.join(table.header)}: name others by --classes or --probability-columns"
        )
    return {name: found[name] for name in names}


def _bare(table: Table, names: Sequence[str], labels: Collection[str], normalize: bool) -> Sequence[str]:
    """Columns of numbers called by class names: all there are, or those that occur as labels; their sums decide."""
    numeric = [name for name in names if name and not is_own_column(name) and are_numbers(table, name)]
    occurring = [name for name in numeric if name in labels]
    if numeric == occurring:
        return numeric
    fitting = [] if normalize else [found for found in (numeric, occurring) if found and sum_to_one(table, found)]
    if len(fitting) != 1:
        raise DataError(
            f"{table.path} has no columns 'p_<class>', and of its columns of numbers ({', '.join(numeric)}) it is not "
            "clear which are the classes; name them by --classes, or the columns by --probability-columns"
        )
    return fitting[0]
