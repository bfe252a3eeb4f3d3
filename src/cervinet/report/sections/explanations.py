"""Heat maps beside their pictures, whether they lie on the lesions, and how far they can be trusted."""

import io
from collections.abc import Sequence
from typing import Literal

from PIL import Image

from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.localisation import Localisation, Located
from cervinet.evaluation.sanity import Sanity
from cervinet.report.estimates import with_interval
from cervinet.report.html import Html, block, faint, figure, image, joined, mark, name, paragraph, section, table, text
from cervinet.report.material import Case
from cervinet.report.names import shortened

_SIDE = 160
_NAME_WIDTH = 60
_MARKS = {"right": "group", "wrong": "error", "wrong and sure": "error", "unsure": "warn"}
_METHODS = {"grad_cam": "Grad-CAM", "grad_cam_plus_plus": "Grad-CAM++"}
_LEAD = (
    "Yellow marks the parts of a picture that spoke most for the class that the network named, blue those that spoke "
    "a little for it; where the picture shows as it is, nothing did."
)
_CAUTION = (
    "A heat map shows where the network looked, not why it decided so, and a map on the right place is no proof of a "
    "right reason. It is coarse: the network sees the picture as a grid of a few cells, so a small lesion is blurred "
    "into what lies round it, and heat may reach past an edge. Its colours are scaled within each picture and cannot "
    "be compared between pictures. It shows what speaks for a class, not what speaks against it. Use it to find "
    "networks that look at the wrong thing, such as an instrument or a rim; not to diagnose, nor to outline a lesion."
)
_READING = (
    "Share of the heat inside the region, share of pictures whose hottest point lies inside it (no tolerance), and the "
    "overlap (intersection over union) of the region with the equally large hottest part. Each stands beside its value "
    "by chance, that of heat spread without regard to the picture."
)


def explanations_section(
    cases: Sequence[Case],
    localisation: Localisation | None,
    sanity: Sanity | None,
    method: Literal["grad_cam", "grad_cam_plus_plus"],
    *,
    redacted: bool = False,
    remarks: Sequence[str] = (),
) -> Html:
    """The section `explanations`.

    Args:
        cases: pictures with heat maps, in the order in which they are shown.
        localisation: None where no picture has a mask or box.
        sanity: None where it was not looked at.
        method: of the heat maps.
        redacted: show no picture and no name.
        remarks: what went wrong; they may name files, and are counted alone where redacted.
    """
    return section(
        "explanations",
        text("Where the network looks"),
        paragraph(text(_LEAD), style="lead"),
        paragraph(text(f"Method: {_METHODS[method]}, for the predicted class, of the upright picture.")),
        *([paragraph(text(sanity.sentence), style="note")] if sanity else []),
        *_located(localisation),
        *_gallery(cases, redacted),
        *_remarks(remarks, redacted),
        paragraph(text(_CAUTION), style="note"),
    )


def _located(found: Localisation | None) -> list[Html]:
    if found is None:
        return [
            paragraph(
                text(
                    "Whether the heat lies on the lesion was not measured: the pictures have no masks or boxes that "
                    "the network sees."
                )
            )
        ]
    columns = ["pictures", "share of the heat inside", "hottest point inside", "overlap"]
    rows = [[text("all"), *_row(found.overall)]]
    rows += [[name(label), *_row(one)] for label, one in found.per_class.items()]
    without = f" {found.without:,} more pictures have none in sight." if found.without else ""
    return [
        paragraph(text(found.sentence)),
        table(
            text(
                f"Heat of the predicted class against {found.region}, by true class: value, interval, chance.{without}"
            ),
            [text("class"), *map(text, columns)],
            rows,
            ruled=1,
        ),
        paragraph(text(_READING), style="faint"),
    ]


def _row(found: Located) -> list[Html]:
    empty = [faint(f"{found.empty} without heat")] if found.empty else []
    return [
        joined(text(f"{found.images:,}"), *empty),
        _cell(found.mass, found.mass_chance),
        _cell(found.pointing, found.pointing_chance),
        _cell(found.overlap, found.overlap_chance),
    ]


def _cell(found: Estimate, chance: float) -> Html:
    if found.value is None:
        return joined(text("–"), faint(found.reason or ""))
    return joined(text(with_interval(found, 2)), faint(f"chance {chance:.2f}"))


def _gallery(cases: Sequence[Case], redacted: bool) -> list[Html]:
    if redacted or not any(case.picture for case in cases):
        why = "this page is redacted" if redacted else "there are none to show"
        return [paragraph(text(f"No pictures are shown: {why}."))]
    shown = [_case(case) for case in cases if case.picture]
    return [
        paragraph(
            text(
                "Each picture as the network saw it, beside its heat. Lines in white and black outline the region that "
                "a person marked, where one is known."
            )
        ),
        block("div", *shown, style="findings"),
    ]


def _case(case: Case) -> Html:
    facts = joined(mark(case.kind, _MARKS.get(case.kind, "warn")), faint(f"probability {case.probability:.2f}"))
    named = joined(text("labelled"), name(case.label), text("· predicted"), name(case.predicted))
    heat = "no heat for" if case.blank else "heat for"
    pictures = [
        _picture(case.picture, f"picture labelled {case.label}", text("picture")),
        _picture(case.overlay, f"{heat} {case.predicted}", joined(text(heat), name(case.predicted))),
    ]
    file = faint(shortened(case.image, _NAME_WIDTH))
    return block(
        "div", paragraph(facts), paragraph(named), block("div", *pictures, style="pictures"), file, style="finding"
    )


def _picture(jpeg: bytes | None, alt: str, caption: Html) -> Html:
    if jpeg is None:
        return figure(text("none"), caption)
    with Image.open(io.BytesIO(jpeg)) as opened:
        width, height = opened.size
    scale = _SIDE / max(height, width)
    return figure(image(jpeg, alt, max(1, round(width * scale)), max(1, round(height * scale))), caption)


def _remarks(remarks: Sequence[str], redacted: bool) -> list[Html]:
    if not remarks:
        return []
    number = f"{len(remarks)} picture{'' if len(remarks) == 1 else 's'}"
    head = text(f"Of {number} the file or the region could not be used" + ("." if redacted else ":"))
    lines = [] if redacted else [faint(remark) for remark in remarks[:10]]
    more = [text(f"and {len(remarks) - 10} more.")] if not redacted and len(remarks) > 10 else []
    return [paragraph(head, *lines, *more)]
