"""The page of an audit, read as a browser would."""

import re
import tracemalloc
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from pages import everything, read_page

from cervinet.data.audit.findings import KINDS, Finding
from cervinet.data.manifest import Manifest, table_of
from cervinet.progress import Silent
from cervinet.report.data_page import write_data_page
from cervinet.report.finding_sections import FINDINGS_SHOWN, LINES_SHOWN, PICTURES_SHOWN


@dataclass(frozen=True)
class Measured:
    """As an audit measures: row 3 is unreadable."""

    height: np.ndarray
    width: np.ndarray
    mean: np.ndarray
    brightness: np.ndarray
    sharpness: np.ndarray


@pytest.fixture
def manifest(pictures):
    """Six pictures of two classes; 'b/2.png' is no picture."""
    names = [f"{label}/{number}.png" for label in "ab" for number in range(3)]
    root = pictures(names, size=(40, 50))
    (root / "b/2.png").write_bytes(b"nothing")
    splits = ["train", "train", "val", "train", "test", "test"]
    rows = [{"image": name, "label": name[0], "group": f"p{row // 2}"} for row, name in enumerate(names)]
    return Manifest(table_of(rows).assign(split=splits), root, ("a", "b"), groups_from=("column",))


def written(manifest, findings, folder, **more):
    path = folder / "data_report.html"
    write_data_page(path, manifest, findings, progress=Silent(), **more)
    return read_page(path)


def part(page, place):
    (found,) = (section for section in page.all("section") if section.attributes["id"] == place)
    return found


def places(page):
    return [section.attributes["id"] for section in page.all("section")]


def captions(section):
    return [caption.text for caption in section.all("figcaption")]


ALL_KINDS = [Finding(kind, "warn", (0, 1), f"detail of {kind}") for kind in KINDS]


class TestPage:
    def test_asks_for_no_network_no_script_and_no_other_file(self, manifest, tmp_path):
        page = written(manifest, ALL_KINDS, tmp_path)
        elements = everything(page)
        assert not {e.tag for e in elements} & {"script", "link", "iframe", "object", "embed", "base", "form", "audio"}
        for element in elements:
            assert not [name for name in element.attributes if name.startswith("on") or name in ("srcset", "action")]
            assert element.attributes.get("src", "data:image/jpeg;base64,").startswith("data:image/jpeg;base64,")
            assert element.attributes.get("href", "#").startswith("#")
        style = page.one("style").text
        assert "url(" not in style
        assert "@import" not in style

    def test_every_kind_has_its_section_and_every_link_a_target(self, manifest, tmp_path):
        page = written(manifest, ALL_KINDS, tmp_path)
        assert places(page) == ["findings", "counts", *(f"{kind}-warn" for kind in KINDS)]
        targets = [link.attributes["href"].removeprefix("#") for link in page.one("main").all("a")]
        assert targets == [f"{kind}-warn" for kind in KINDS]
        ids = [e.attributes["id"] for e in everything(page) if "id" in e.attributes]
        assert len(ids) == len(set(ids))
        for name, kind in KINDS.items():
            section = part(page, f"{name}-warn")
            setting, now = f"data.check.{name} in the configuration", "warn"
            if name == "no_region":  # the policy is an option of the step
                setting, now = "without for the step that crops", "whole_image"
            assert section.one("h2").text == f"{kind.title} warning 1 finding, 2 pictures"
            assert [p.text for p in section.all("p")][:2] == [
                kind.meaning,
                f"A warning: nothing was changed. To have something else done, set {setting}; it is {now} now.",
            ]
            assert f"detail of {name}" in section.text

    def test_is_headed_in_order_and_every_picture_is_described(self, manifest, tmp_path):
        page = written(manifest, ALL_KINDS, tmp_path)
        headings = [e.tag for e in everything(page) if e.tag in ("h1", "h2", "h3")]
        assert headings == ["h1", *("h2" for _ in places(page))]
        assert page.one("html").attributes["lang"] == "en"
        assert all(image.attributes["alt"] for image in page.all("img"))
        assert all(drawing.attributes["aria-label"] for drawing in page.all("svg"))
        for table in page.all("table"):
            assert table.one("caption").text
            assert all(head.attributes["scope"] in ("row", "col") for head in table.all("th"))

    def test_errors_come_first(self, manifest, tmp_path):
        findings = [
            Finding("duplicates", "exclude", (0, 1)),
            Finding("imbalance", "warn", (), "'a' has more"),
            Finding("duplicate_leaks", "error", (0, 4)),
            Finding("near_duplicates", "group", (0, 1)),
            Finding("unreadable", "error", (5,), "damaged"),
        ]
        page = written(manifest, findings, tmp_path)
        assert places(page)[2:] == [
            *("unreadable-error", "duplicate_leaks-error", "duplicates-exclude"),
            *("near_duplicates-group", "imbalance-warn"),
        ]
        summary = part(page, "findings")
        assert summary.one("table").rows() == [
            ["finding", "findings", "pictures", "done"],
            ["Unreadable pictures", "1", "1", "error"],
            ["Copies in two splits", "1", "2", "error"],
            ["The same picture twice", "1", "2", "left out"],
            ["Nearly the same picture twice", "1", "2", "kept together"],
            ["Unequal classes", "1", "–", "warning"],
        ]
        assert [p.text for p in summary.all("p")] == [
            "Mend the data of every 'error' before training, or have something else done about it: "
            "data.check.unreadable, data.check.duplicate_leaks.",
            "Every finding is a line of data_issues.csv .",
        ]

    def test_nothing_found_is_said(self, manifest, tmp_path):
        page = written(manifest, [], tmp_path)
        assert places(page) == ["findings", "counts"]
        assert part(page, "findings").text == "What was found Nothing was found."

    def test_says_what_was_checked_when_and_that_it_is_synthetic(self, manifest, tmp_path):
        header = written(replace(manifest, note="synthetic phantoms"), [], tmp_path, config="lesions").one("header")
        assert re.sub(r"\d{4}-\d\d-\d\d at \d\d:\d\d", "DAY", header.text) == (
            f"Data report 6 pictures in 2 classes under {manifest.root} Checked on DAY by the config 'lesions'. "
            "These are synthetic phantoms."
        )
        assert written(manifest, [], tmp_path).one("header").all("p", "note") == []

    def test_names_no_folder_but_the_root(self, manifest, tmp_path):
        page = written(manifest, ALL_KINDS, tmp_path / "out")
        assert page.text.count(str(tmp_path)) == 1


class TestFindings:
    def test_pictures_stand_side_by_side_with_what_is_known_of_them(self, manifest, tmp_path):
        findings = [Finding("duplicates", "exclude", (0, 3), "equal pixels"), Finding("duplicates", "exclude", (1, 5))]
        used = manifest.take(np.array([0, 1, 2, 4, 5]))
        page = written(manifest, findings, tmp_path, used=used, measured=measured(manifest))
        first, second = part(page, "duplicates-exclude").all("div", "finding")
        assert first.one("p").text == "equal pixels"
        assert captions(first) == ["a/0.png a · train · 50×40 · group p0", "b/0.png b · left out · 50×40 · group p1"]
        assert [image.attributes["alt"] for image in first.all("img")] == [
            "thumbnail of a/0.png",
            "thumbnail of b/0.png",
        ]
        assert [(i.attributes["width"], i.attributes["height"]) for i in first.all("img")] == [("150", "120")] * 2
        # What cannot be read is drawn as such, and its size is not known.
        assert captions(second) == ["a/1.png a · train · 50×40 · group p0", "b/2.png b · test · group p2"]
        assert second.one("svg").attributes["aria-label"] == "no thumbnail of b/2.png: it cannot be read"

    def test_unreadable_pictures_are_lines_with_the_reason(self, manifest, tmp_path):
        findings = [Finding("unreadable", "error", (5,), "'b/2.png' is damaged; remove it")]
        section = part(written(manifest, findings, tmp_path), "unreadable-error")
        assert section.one("table").rows() == [
            ["file", "label", "reason"],
            ["b/2.png", "b", "'b/2.png' is damaged; remove it"],
        ]
        assert section.all("figure") == []

    def test_what_concerns_all_pictures_is_a_list(self, manifest, tmp_path):
        findings = [Finding("shortcuts", "warn", (), "size"), Finding("shortcuts", "warn", (0,), "colour")]
        section = part(written(manifest, findings, tmp_path), "shortcuts-warn")
        assert [item.text for item in section.all("li")] == ["size"]
        assert len(section.all("figure")) == 1

    def test_no_more_are_shown_than_a_page_bears_and_that_is_said(self, manifest, tmp_path):
        findings = [
            *(Finding("blurred", "warn", (0,)) for _ in range(3000)),
            *(Finding("dark", "warn", (0,)) for _ in range(FINDINGS_SHOWN)),
            *(Finding("unreadable", "error", (5,), "damaged") for _ in range(LINES_SHOWN + 1)),
            *(Finding("imbalance", "warn", (), "x") for _ in range(LINES_SHOWN + 2)),
            Finding("near_duplicates", "group", (0, 1, 2, 3, 4) * 2),
        ]
        page = written(manifest, findings, tmp_path)
        blurred = part(page, "blurred-warn")
        assert len(blurred.all("figure")) == FINDINGS_SHOWN == 24
        assert (
            blurred.one("p", "note").text == "The first 24 of 3,000 are shown; data_issues.csv lists all, 2,976 more."
        )
        assert part(page, "dark-warn").all("p", "note") == []
        assert part(page, "unreadable-error").one("p", "note").text == (
            "The first 200 of 201 are shown; data_issues.csv lists all, 1 more."
        )
        assert len(part(page, "imbalance-warn").all("li")) == LINES_SHOWN
        grouped = part(page, "near_duplicates-group")
        assert len(grouped.all("figure")) == PICTURES_SHOWN == 6
        assert grouped.one("p", "faint").text == "and 4 more pictures"

    def test_only_pictures_that_are_shown_are_read(self, tmp_path, monkeypatch):
        read = []
        monkeypatch.setattr(Silent, "track", lambda self, items, total, label: read.append((total, label)) or items)
        manifest = Manifest(table_of([{"image": f"{number}.png"} for number in range(100)]), tmp_path)
        findings = [Finding("blurred", "warn", (row,)) for row in range(100)]
        findings += [Finding("duplicates", "warn", tuple(range(90, 100))), Finding("unreadable", "error", (50,), "x")]
        written(manifest, findings, tmp_path)
        assert read == [(FINDINGS_SHOWN + PICTURES_SHOWN, "Thumbnails")]

    def test_thousands_of_findings_take_neither_time_nor_memory(self, manifest, tmp_path):
        findings = [Finding(kind, "warn", (i % 6, (i + 1) % 6)) for kind in KINDS for i in range(5000)]
        tracemalloc.start()
        write_data_page(tmp_path / "page.html", manifest, findings, progress=Silent())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20e6
        assert (tmp_path / "page.html").stat().st_size < 10e6


class TestNames:
    def test_hostile_names_are_text(self, pictures, tmp_path):
        names = [
            "<script>alert(1)<.png",
            "q\"uo'te & &amp;.png",
            "new\nline.png",
            "left\u202egnp.png",
            "عنق.png",
            "caf\udce9.png",
        ]
        root = pictures([])
        rows = [{"image": name, "label": f"<b>{name}</b>", "group": "</span><i>", "sublabel": "'\""} for name in names]
        classes = tuple(row["label"] for row in rows)
        ignored = pd.DataFrame({"image": ["<u>"], "reason": ["<s>"]}, dtype=object)
        manifest = Manifest(table_of(rows), root, classes, ignored, note="<em>")
        findings = [
            Finding("duplicates", "warn", tuple(range(6)), "<script>alert(2)</script>"),
            Finding("unreadable", "error", (0,), "<script>\u202e</script>"),
            Finding("shortcuts", "warn", (), "<script>alert(3)</script>"),
        ]
        page = written(manifest, findings, tmp_path, measured=measured(manifest))
        assert not {e.tag for e in everything(page)} & {"script", "b", "i", "u", "s", "em"}
        text = page.text
        assert not {"\u202e", "\udce9"} & set(text)
        for visible in (*names[:2], r"new\nline.png", r"left\u202egnp.png", "عنق.png", r"caf\udce9.png"):
            assert visible in text
            assert f"<b>{visible}</b>" in text
        assert [p.text for p in part(page, "duplicates-warn").one("div", "finding").all("p")] == [
            "<script>alert(2)</script>"
        ]
        assert page.one("header").one("p", "note").text == "These are <em>."

    def test_long_names_are_cut_in_the_middle(self, pictures, tmp_path):
        manifest = Manifest(table_of([{"image": "a" * 240 + ".png"}]), pictures([]))
        page = written(manifest, [Finding("tiny", "warn", (0,))], tmp_path)
        (caption,) = captions(part(page, "tiny-warn"))
        assert caption == f"{'a' * 44}…{'a' * 41}.png"


def measured(manifest):
    n = len(manifest)
    known = np.array([not image.startswith("b/2") for image in manifest.table["image"]])
    return Measured(
        *(40 * known, 50 * known, np.tile([[200.0, 100.0, 50.0]], (n, 1)) * known[:, None]),
        *(np.linspace(10, 60, n) * known, np.linspace(1, 6, n) * known),
    )


class TestCounts:
    def rows(self, page):
        return part(page, "counts").one("table").rows()

    def sentences(self, page):
        return [p.text for p in part(page, "counts").all("p")]

    def test_pictures_and_groups_of_each_class_in_each_split(self, manifest, tmp_path):
        page = written(manifest, [], tmp_path)
        assert self.rows(page) == [
            ["class", "train", "val", "test", "all"],
            ["a", "2 1 group", "1 1 group", "0 0 groups", "3 2 groups"],
            ["b", "1 1 group", "0 0 groups", "2 1 group", "3 2 groups"],
            ["all", "3 2 groups", "1 1 group", "2 1 group", "6 3 groups"],
        ]
        assert self.sentences(page) == [
            "Groups come from the data, and are never divided between splits. "
            "A picture without a group counts as one of its own."
        ]

    def test_groups_of_near_duplicates_are_called_derived(self, manifest, tmp_path):
        page = written(replace(manifest, groups_from=("near-duplicates",)), [], tmp_path)
        assert self.rows(page)[-1] == [
            "all",
            *(f"{n} derived group{'s' * (n[-1] != '1')}" for n in ("3 2", "1 1", "2 1", "6 3")),
        ]
        assert self.sentences(page) == [
            "Groups come from near-duplicates, and are never divided between splits. Those from near-duplicates are "
            "derived: pictures of nearly the same are taken for one patient's. "
            "A picture without a group counts as one of its own."
        ]
        page = written(replace(manifest, groups_from=("pattern", "near-duplicates")), [], tmp_path)
        assert part(page, "counts").one("caption").text == "Pictures, and partly derived groups that they are from"
        assert self.sentences(page)[0].startswith(
            "Groups come from the paths of the files and near-duplicates, united where they overlap, and are never"
        )

    def test_what_is_missing_is_said(self, manifest, tmp_path):
        bare = manifest.table.assign(split=None, group=None)
        bare.loc[0, "label"] = None
        page = written(replace(manifest, table=bare, groups_from=()), [], tmp_path)
        assert self.rows(page) == [["class", "all"], ["a", "2"], ["b", "3"], ["no label", "1"], ["all", "6"]]
        assert self.sentences(page) == [
            "No groups: several pictures of one patient, if there are any, may stand in different splits.",
            "The pictures are not divided into training, validation and test parts yet.",
        ]

    def test_pictures_outside_every_split_are_counted(self, manifest, tmp_path):
        table = manifest.table.assign(group=None)
        table.loc[[4, 5], "split"] = None
        page = written(replace(manifest, table=table), [], tmp_path)
        assert self.rows(page)[0] == ["class", "train", "val", "not divided", "all"]
        assert self.rows(page)[-1] == ["all", "3", "1", "2", "6"]

    def test_counts_are_of_what_is_used_and_the_rest_is_said(self, manifest, tmp_path):
        ignored = pd.DataFrame(
            {"image": ["x/.a", "x/b.txt", "x/c.txt"], "reason": ["hidden", "not an image", "not an image"]},
            dtype=object,
        )
        manifest = replace(manifest, ignored=ignored)
        page = written(manifest, [], tmp_path, used=manifest.take(np.array([0, 1, 2, 3, 4])))
        assert [row[-1] for row in self.rows(page)] == ["all", "3 2 groups", "2 2 groups", "5 3 groups"]
        section = part(page, "left-out")
        assert section.one("p").text == "1 picture of 6 left out after the check."
        assert section.one("caption").text == "3 files passed over while reading"
        assert section.one("table").rows() == [
            ["reason", "files", "example"],
            ["hidden", "1", "x/.a"],
            ["not an image", "2", "x/b.txt"],
        ]


class TestAppearance:
    def test_classes_and_splits_are_described_by_numpys_quantiles(self, manifest, tmp_path):
        given = measured(manifest)
        page = written(manifest, [], tmp_path, measured=given)
        rows = part(page, "appearance").one("table").rows()
        assert rows[0] == [
            *("class or split", "width × height", "longer side, pixels", "brightness, 0 to 255", "sharpness"),
            "mean red, green, blue",
        ]
        assert [row[0] for row in rows[1:]] == ["a", "b", "train", "val", "test"]
        lower, median, upper = np.quantile(given.brightness[:3], [0.05, 0.5, 0.95])
        assert rows[1] == [
            *("a", "50×40 100 %", "50.0 (50.0 – 50.0)", f"{median:.1f} ({lower:.1f} – {upper:.1f})"),
            *("2.00 (1.10 – 2.90)", "200, 100, 50"),
        ]
        # The unreadable one counts neither as 0 pixels nor as black.
        assert rows[2][1:3] == ["50×40 100 %", "50.0 (50.0 – 50.0)"]
        assert rows[2][5] == "200, 100, 50"
        drawings = part(page, "appearance").all("svg")
        assert drawings[1].attributes["aria-label"] == f"median {median:.1f}, 90 % between {lower:.1f} and {upper:.1f}"
        assert drawings[3].attributes["aria-label"] == "colour 200, 100, 50"

    def test_other_sizes_are_counted_and_a_share_is_never_rounded_up_to_all(self, manifest, tmp_path):
        n = 1000
        table = table_of([{"image": f"{i}.png", "label": "a"} for i in range(n)])
        width = np.full(n, 512)
        width[[3, 9]] = 300, 400
        given = Measured(np.full(n, 512), width, np.zeros((n, 3)), np.zeros(n), np.zeros(n))
        page = written(Manifest(table, manifest.root, ("a", "none of it")), [], tmp_path, measured=given)
        rows = part(page, "appearance").one("table").rows()
        assert rows[0][0] == "class"
        assert rows[1][1] == "512×512 99 %, and 2 other sizes"
        assert rows[2] == ["none of it", *"–––––"]
