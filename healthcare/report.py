"""The report of a finding: one HTML page that needs nothing else, and a PDF to file or print.

    page = report_html(finding, model.card)
    paper = report_pdf(finding, model.card)

Both carry the notice of research use, state the convention in which slices are shown, and name nobody.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthcare import report_content
from healthcare.figures import Picture, legend_png
from healthcare.finding import RESEARCH_USE, Finding
from healthcare.report_charts import bars_svg, reliability_svg
from healthcare.report_content import Content, content_of

if TYPE_CHECKING:
    from pydicom import Dataset

PAGE, PAPER = "report.html", "report.pdf"


def report_html(finding: Finding, card: Mapping[str, Any] | None = None) -> str:
    """The report as one HTML page: no script, no request, light, dark and on paper.

    Args:
        finding: of `healthcare.diagnose`, with its scan.
        card: the model's card; None: the page says that there is none.

    Returns:
        The page; whatever stands in the finding or card is shown as text, never as markup.

    Raises:
        ValueError: the finding has no scan.
    """
    return _page(content_of(finding, card))


def _page(content: Content) -> str:
    import jinja2

    source = resources.files("healthcare").joinpath("report_template.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["data"] = _data
    return environment.from_string(source).render(
        c=content,
        use=RESEARCH_USE,
        legend=base64.b64encode(legend_png()).decode("ascii"),
        bars=bars_svg(content.bars, f"{content.bars_title}, with intervals") if content.bars else None,
        curve=_curve(content),
        planes=report_content.PLANES,
        steps=report_content.STEPS,
        no_card=report_content.NO_CARD,
    )


def report_pdf(finding: Finding, card: Mapping[str, Any] | None = None) -> bytes:
    """The report as PDF on A4, with the notice of research use on every page.

    Args:
        finding: of `healthcare.diagnose`, with its scan.
        card: the model's card; None: the report says that there is none.

    Raises:
        ValueError: the finding has no scan.
        MissingExtraError: fpdf2 is not installed.
    """
    return _paper(content_of(finding, card), finding)


def _paper(content: Content, finding: Finding) -> bytes:
    from common.errors import MissingExtraError

    try:
        from healthcare.report_pdf import pdf_of
    except ImportError as error:
        raise MissingExtraError("fpdf2", "healthcare") from error
    return pdf_of(content, str(finding.provenance.get("made_at_utc", "")))


def write_all(
    finding: Finding,
    folder: Path,
    *,
    card: Mapping[str, Any] | None = None,
    sources: Sequence[Dataset] = (),
) -> list[Path]:
    """Write report.html, report.pdf, the exports and the sealed `result/` into a folder.

    Args:
        finding: of `healthcare.diagnose`.
        folder: made when it is not there; older files of these names are replaced.
        card: the model's card.
        sources: the de-identified series where the scan came as DICOM.

    Returns:
        The files written beside `result/`.

    Raises:
        StoreError: a file cannot be written.
        DataError: the sources are not those of the scan.
    """
    from common.results import write_result
    from common.store import atomic_write
    from healthcare.exports import write_exports

    content = content_of(finding, card)  # drawn once for both
    pdf = _paper(content, finding)
    atomic_write(folder / PAGE, _page(content))
    atomic_write(folder / PAPER, pdf)
    written = write_exports(finding, folder, sources=sources or None, pdf=pdf)
    write_result(finding, folder)
    return [folder / PAGE, folder / PAPER, *written]


def _curve(content: Content) -> Any:
    if not content.reliability:
        return None
    return reliability_svg(content.reliability, "Share that came true by the probability that was said")


def _data(picture: Picture) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.png).decode('ascii')}"
