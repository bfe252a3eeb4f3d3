"""From the pictures that were found to those that were used, and what the parts are like."""

from collections.abc import Mapping

from cervinet.report.data_overview import counted
from cervinet.report.html import Html, drawing, faint, joined, name, paragraph, section, table, text
from cervinet.report.material import Flow

_PARTS = {"train": "training", "val": "validation", "test": "test"}
_WIDTH, _BOX, _GAP = 440, 58, 34
_LINE, _FILL, _LEFT_OUT = "#5f5f5f", "#eaf3f9", "#f6f7f8"


def flow_section(flow: Flow) -> Html:
    """A drawing of the way of the pictures, why some were left out, and a table of classes by split."""
    meaning = (
        "Every picture that was found is either used or left out for a stated reason. The network learns from the "
        "training pictures, all choices are made on the validation pictures, and what this report says is about "
        "pictures that served neither."
    )
    parts = [paragraph(text(meaning)), paragraph(_drawing(flow)), _left_out(flow), _splits(flow)]
    lost = flow.found - sum(number for _, number in flow.excluded) - _used(flow)
    if lost:
        parts.append(paragraph(text(f"The numbers do not add up: {lost:+,} pictures without a reason."), style="note"))
    return section("flow", text("Flow of the pictures"), *parts, paragraph(text(_groups(flow))))


def characteristics_section(flow: Flow) -> Html:
    """What is known of the pictures of each split, side by side."""
    meaning = "Parts that differ in more than chance explains make a test easier or harder than it should be."
    heads = [text("what"), *(text(_PARTS.get(split, split)) for split in flow.splits)]
    rows = [[text(what), *(text(of.get(split, "–")) for split in flow.splits)] for what, of in flow.characteristics]
    caption = text("Characteristics of the pictures of each split")
    return section(
        "characteristics",
        text("Characteristics of the splits"),
        paragraph(text(meaning)),
        table(caption, heads, rows, style="words"),
    )


def pictures_of(classes: Mapping[str, tuple[int, int]]) -> int:
    """Of a split."""
    return sum(pictures for pictures, _ in classes.values())


def _groups(flow: Flow) -> str:
    flatters = "several pictures of one patient may stand in different splits, which would flatter the results."
    if not flow.groups_from:
        return f"No groups are known: {flatters}"
    if flow.guessed:
        return f"Patients are not known. Near-duplicates are kept together as groups; otherwise {flatters}"
    return f"Groups, such as patients, come from {flow.groups_from}; none is divided between splits."


def _used(flow: Flow) -> int:
    return sum(pictures_of(classes) for classes in flow.splits.values())


def _drawing(flow: Flow) -> Html:
    """Boxes from above to below: found; beside it, left out; used; the splits."""
    left_out = sum(number for _, number in flow.excluded)
    used = _used(flow)
    step = _BOX + _GAP
    shapes = [*_box(0, 0, 190, f"{flow.found:,}", "pictures found")]
    if left_out:
        shapes += [*_arrow(190, _BOX / 2, 250, _BOX / 2)]
        shapes += _box(250, 0, 190, f"{left_out:,}", "left out", _LEFT_OUT)
    shapes += [*_arrow(95, _BOX, 95, step), *_box(0, step, 190, f"{used:,}", "used")]
    splits = list(flow.splits.items())
    width = (_WIDTH - 14 * (len(splits) - 1)) / max(1, len(splits))
    for number, (split, classes) in enumerate(splits):
        left = number * (width + 14)
        centre = left + width / 2
        bend = step + _BOX + _GAP / 2
        shapes.append(f'<path d="M95 {step + _BOX}V{bend}H{centre:g}" fill="none" stroke="{_LINE}"/>')
        shapes += _arrow(centre, bend, centre, 2 * step)
        shapes += _box(left, 2 * step, width, f"{pictures_of(classes):,}", _PARTS.get(split, split))
    said = ", ".join(f"{pictures_of(classes):,} {_PARTS.get(split, split)}" for split, classes in splits)
    alt = f"{flow.found:,} pictures found, {left_out:,} left out, {used:,} used: {said}"
    return drawing(_WIDTH, 2 * step + _BOX + 2, alt, *shapes)


def _box(left: float, top: float, width: float, number: str, what: str, fill: str = _FILL) -> list[str]:
    centre = f'x="{left + width / 2:g}" text-anchor="middle"'
    return [
        f'<rect x="{left + 0.5:g}" y="{top + 0.5:g}" width="{width - 1:g}" height="{_BOX - 1}" rx="6" fill="{fill}" '
        f'stroke="{_LINE}"/>',
        f'<text {centre} y="{top + 26:g}" font-size="19" font-weight="600">{text(number)}</text>',
        f'<text {centre} y="{top + 45:g}" font-size="13">{text(what)}</text>',
    ]


def _arrow(x: float, y: float, to_x: float, to_y: float) -> list[str]:
    head = f"M{to_x - 8:g} {to_y - 4:g}l8 4l-8 4" if to_y == y else f"M{to_x - 4:g} {to_y - 8:g}l4 8l4 -8"
    return [
        f'<path d="M{x:g} {y:g}L{to_x:g} {to_y:g}" fill="none" stroke="{_LINE}"/>',
        f'<path d="{head}z" fill="{_LINE}"/>',
    ]


def _left_out(flow: Flow) -> Html:
    if not flow.excluded:
        return paragraph(text("No picture was left out."))
    rows = [[text(reason), text(f"{number:,}")] for reason, number in flow.excluded]
    return table(text("Pictures that were left out"), [text("reason"), text("pictures")], rows)


def _splits(flow: Flow) -> Html:
    splits = list(flow.splits.items())
    rows = []
    for label in dict.fromkeys(label for _, classes in splits for label in classes):
        cells = [classes.get(label, (0, 0)) for _, classes in splits]
        # No group is divided between splits, so those of a class add up; those of all classes need not.
        cells.append((sum(pictures for pictures, _ in cells), sum(groups for _, groups in cells)))
        rows.append([name(label), *(_counted(*one, flow.groups_from) for one in cells)])
    numbers = [(pictures_of(classes), flow.groups.get(split)) for split, classes in splits]
    known = [groups for _, groups in numbers if groups is not None]
    numbers.append((sum(pictures for pictures, _ in numbers), sum(known) if len(known) == len(splits) else None))
    rows.append([text("all"), *(_counted(*one, flow.groups_from) for one in numbers)])
    heads = [text("class"), *(text(_PARTS.get(split, split)) for split, _ in splits), text("all")]
    caption = "Pictures, and groups that they are from" if flow.groups_from else "Pictures"
    return table(text(caption), heads, rows, ruled=len(rows) - 1)


def _counted(pictures: int, groups: int | None, groups_from: str) -> Html:
    number = text(f"{pictures:,}")
    return joined(number, faint(counted(groups, "group"))) if groups_from and groups is not None else number
