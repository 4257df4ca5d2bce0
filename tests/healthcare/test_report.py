"""The report: a page and a PDF that carry the notice, show what was found, fetch nothing and name nobody."""

from __future__ import annotations

import re
import sys
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from outlines import by_intensity, volume
from test_diagnose import ERRORS, Sorter, picture
from test_model import EASY

from common.results import read_result
from healthcare import figures
from healthcare.data import Scan
from healthcare.diagnose import diagnose
from healthcare.finding import RESEARCH_USE, Finding, Label, Volume
from healthcare.report import report_html, report_pdf, write_all
from healthcare.report_charts import bars_svg, dot_sizes
from healthcare.report_content import Bar, content_of

HOSTILE = "<script>alert(1)</script>&'\""
CARD = {
    "name": "by intensity",
    "intended_use": "outlining cores",
    "metrics": {"dice_core": {"value": 0.912, "low": 0.9, "high": 0.92}},
    "calibration": {"ece": 0.021, "reliability": {"said": [0.1, 0.9], "true": [0.2, 0.8], "cases": [5, 20]}},
    "data": {"source": "made for tests", "cases": 12},
}


class Page(HTMLParser):
    """What a page holds and what it would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def texts(pdf: bytes) -> list[str]:
    """The drawing instructions of every page."""
    found = []
    for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            content = zlib.decompress(part).decode("latin-1")
        except zlib.error:
            continue
        if " Tf" in content:
            found.append(content)
    return found


@pytest.fixture(scope="module")
def finding() -> Finding:
    model = by_intensity(quality=EASY, volume_errors=ERRORS)
    return diagnose(volume(1)[0], model)


@pytest.fixture(scope="module")
def page(finding) -> Page:
    return Page(report_html(finding, CARD))


@pytest.fixture(autouse=True, scope="module")
def small():
    """Pictures as small as they may be: encoding them is what takes time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "WIDTH_PX", 120)
        patch.setattr(figures, "SMALL_PX", 80)
        yield


def test_the_page_shows_what_was_found(finding, page):
    assert finding.summary in page.text
    for words in (*finding.warnings, "core", "shell", "0.91", "0.90 to 0.92", "outlining cores"):
        assert words in page.text
    assert page.text.count(RESEARCH_USE) >= 3
    assert "radiological convention" in page.text
    assert finding.provenance["model_sha256"] in page.text
    assert finding.provenance["input_sha256"] in page.text


def test_the_page_needs_nothing_else(page):
    assert page.links
    assert all(link.startswith("data:image/png;base64,") for link in page.links)
    assert not {"script", "link", "iframe", "object", "base"} & set(page.tags)
    html = report_html(diagnose(picture(9.0), Sorter()))
    assert "Content-Security-Policy" in html
    assert not re.search(r"https?://", html)
    assert "url(" not in html


def test_charts_are_drawn_from_the_card(finding, page):
    assert page.tags.count("svg") == 2
    assert "How far its probabilities hold" in page.text
    bare = Page(report_html(finding))
    assert bare.tags.count("svg") == 1
    assert "no model card" in bare.text


def test_what_is_not_calibrated_promises_nothing(finding):
    assert "hold the volume of an expert's outline" in content_of(finding).measure
    assert "neither an interval" in content_of(diagnose(volume(1)[0], by_intensity())).measure


def test_nothing_that_stands_in_a_finding_is_markup(finding):
    label = Label(1, HOSTILE)
    segmented = replace(finding.segmented, volumes=(Volume(label, 1.0, 0.9, 1.1),))
    hostile = replace(
        finding,
        summary=HOSTILE,
        warnings=[HOSTILE],
        segmented=segmented,
        labels=(label,),
        provenance={"model": HOSTILE, "settings": {HOSTILE: HOSTILE}},
    )
    card = CARD | {"intended_use": HOSTILE, "metrics": {HOSTILE: 1.0}}
    page = Page(report_html(hostile, card))
    assert "script" not in page.tags
    assert HOSTILE in page.text
    assert report_pdf(hostile, card).startswith(b"%PDF")


def test_the_notice_stands_on_every_page_of_the_pdf(finding):
    many = replace(finding, warnings=[f"warning number {n} " + "of many words " * 12 for n in range(60)])
    for one in (finding, many):
        pdf = report_pdf(one, CARD)
        pages = texts(pdf)
        assert len(pages) == len(re.findall(rb"/Type /Page\b", pdf)) >= 2
        assert all(RESEARCH_USE in content for content in pages)
    assert len(pages) > 3


def test_the_pdf_says_what_the_page_says(finding):
    said = "".join(texts(report_pdf(finding, CARD)))
    for words in ("Core", "Shell", "Before you use it", "Slice by slice", "Expected Dice", "Outlining cores"):
        assert words.lower() in said.lower()
    assert finding.provenance["model_sha256"] in said


def test_the_same_finding_gives_the_same_files(finding):
    assert report_pdf(finding, CARD) == report_pdf(finding, CARD)
    assert report_html(finding, CARD) == report_html(finding, CARD)


def test_letters_that_the_standard_fonts_lack_do_not_stop_the_pdf(finding):
    odd = replace(finding, summary="σ ≥ 2 – “ja” … 日本", provenance={"model": "Łódź"})
    assert "sure" in "".join(texts(report_pdf(odd)))


def test_a_picture_and_its_heat_are_shown():
    class Warm(Sorter):
        def classify(self, scan, coverage=0.9):
            heat = np.linspace(0, 1, scan.array.size, dtype=np.float32).reshape(scan.array.shape)
            return replace(super().classify(scan, coverage), heat=heat)

    finding = diagnose(picture(5.1), Warm())
    page = Page(report_html(finding, CARD))
    assert len(page.links) == 2  # the picture, and the heat over it
    assert "which side is which is for the markers in it to say" in page.text
    assert "radiological convention" not in page.text
    assert "I don't know" in page.text
    assert report_pdf(finding, CARD).startswith(b"%PDF")


def test_an_oblique_scan_is_said_to_be_shown_in_its_own_planes(finding):
    assert "obliquely" not in content_of(finding).convention
    a = np.radians(20)
    turn = np.array([[1, 0, 0, 0], [0, np.cos(a), -np.sin(a), 0], [0, np.sin(a), np.cos(a), 0], [0, 0, 0, 1]])
    scan = finding.scan
    assert isinstance(scan, Scan)
    oblique = replace(finding, scan=replace(scan, affine=turn @ scan.affine))
    assert "obliquely" in content_of(oblique).convention
    assert "tilted 20°" in content_of(oblique).key[0].words


def test_nobody_is_named(finding):
    scan = finding.scan
    assert scan is not None
    told = dict(scan.provenance) | {"PatientName": "Janssen^Piet", "file": "janssen.dcm", "date": "20200101"}
    model = by_intensity(quality=EASY, volume_errors=ERRORS)
    named = diagnose(replace(scan, provenance=told), model)
    said = report_html(named, CARD) + "".join(texts(report_pdf(named, CARD)))
    for name in ("Janssen", "janssen", "20200101"):
        assert name not in said


def test_bars_keep_their_proportions():
    nan = float("nan")
    svg = bars_svg(
        [Bar("a", 10, 5, 20, "10 ml", (1, 2, 3)), Bar("b", 5, nan, nan, "5 ml", (4, 5, 6))], "volumes"
    )
    widths = [float(w) for w in re.findall(r'width="([\d.]+)" height="18', svg)]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)
    assert svg.count('class="whisker"') == 3
    assert "rgb(1, 2, 3)" in svg


def test_dots_grow_with_their_cases():
    small, large = dot_sizes([{"said": 0, "true": 0, "cases": 1}, {"said": 0, "true": 0, "cases": 100}])
    assert small < large
    assert len(set(dot_sizes([{"said": 0, "true": 0}] * 3))) == 1


def test_everything_is_written_into_one_folder(finding, tmp_path):
    written = write_all(finding, tmp_path, card=CARD)
    names = {path.name for path in written}
    assert {"report.html", "report.pdf", "mask.nii.gz", "volumes.csv"} <= names
    assert all(path.is_file() for path in written)
    assert read_result(tmp_path).summary == finding.summary
