"""Evidence as a PDF that an auditor reads and keeps.

Text is drawn in DejaVu Sans, which lies beside this file: Latin, Greek, Cyrillic and more. A character that it does not
have stands as its code, such as [U+4E2D], because a box or a gap would hide that something is there.
"""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from hub.audit.sections import Section

FONT = "DejaVuSans"
_FILE = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_MARGIN = 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_WIDEST = 7.0
"""Points of the widest letter of a cell."""
_LINES_OF_A_CELL = 75
"""A row of a table must fit on one page, so no cell may have more."""
_LONGEST = 4000
"""Characters of one paragraph, and of a line at the foot of a page."""

_TITLE = ParagraphStyle("title", fontName=FONT, fontSize=15, leading=19, spaceAfter=8)
_HEADING = ParagraphStyle("heading", fontName=FONT, fontSize=11, leading=14, spaceBefore=10, spaceAfter=4)
_TEXT = ParagraphStyle("text", fontName=FONT, fontSize=8.5, leading=11, spaceAfter=3)
_CELL = ParagraphStyle("cell", fontName=FONT, fontSize=6.8, leading=8.6, splitLongWords=1)
_LINES = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
)


def as_pdf(title: str, sections: Sequence[Section]) -> bytes:
    """Sections as a PDF; the same sections make the same bytes."""
    glyphs = _glyphs()
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 4 * mm,
        title=title,
        author="SiteLedger",
        invariant=1,
    )

    def numbered(canvas: Any, _document: Any) -> None:
        canvas.setFont(FONT, 7)
        canvas.drawString(_MARGIN, 10 * mm, drawable(title, glyphs)[:110])
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(canvas.getPageNumber()))

    story: list[Any] = [_paragraph(title, _TITLE, glyphs)]
    for section in sections:
        story.append(_paragraph(section.title, _HEADING, glyphs))
        story += [_paragraph(line, _TEXT, glyphs) for line in section.lines]
        if section.facts:
            story.append(_table(section.facts, (1, 3), glyphs))
        if section.rows:
            story.append(_table((section.columns, *section.rows), section.widths, glyphs, headed=True))
        story.append(Spacer(1, 2 * mm))
    document.build(story, onFirstPage=numbered, onLaterPages=numbered)
    return out.getvalue()


def drawable(text: str, glyphs: frozenset[int]) -> str:
    """The text with a code in the place of every character that the font does not have."""
    return "".join(each if ord(each) in glyphs or each in "\n " else f"[U+{ord(each):04X}]" for each in text)


def _paragraph(text: str, style: ParagraphStyle, glyphs: frozenset[int]) -> Paragraph:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … {len(text) - _LONGEST} characters more"
    return Paragraph(_marked_up(drawable(shown, glyphs)), style)


def fitting(text: str, across: int) -> str:
    """As much of a text as fits into one cell, and how much is left out."""
    lines = 0
    shown = 0
    for line in text.split("\n"):
        takes = max(1, -(-len(line) // max(across, 1)))
        if lines + takes > _LINES_OF_A_CELL:
            shown += max(_LINES_OF_A_CELL - lines, 0) * across
            return f"{text[:shown]} … {len(text) - shown} characters more"
        lines += takes
        shown += len(line) + 1
    return text


def _marked_up(text: str) -> str:
    return escape(text).replace("\n", "<br/>")


def _table(
    rows: Sequence[Sequence[str]], shares: Sequence[int], glyphs: frozenset[int], *, headed: bool = False
) -> LongTable:
    whole = sum(shares)
    widths = [_WIDTH * share / whole for share in shares]
    cells = [
        [
            Paragraph(_marked_up(fitting(drawable(cell, glyphs), int((width - 6) / _WIDEST))), _CELL)
            for cell, width in zip(row, widths, strict=True)
        ]
        for row in rows
    ]
    table = LongTable(cells, colWidths=widths, repeatRows=1 if headed else 0)
    table.setStyle(_LINES)
    if headed:
        table.setStyle(TableStyle([("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)]))
    return table


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    font = TTFont(FONT, str(_FILE))
    pdfmetrics.registerFont(font)  # pyright: ignore[reportUnknownMemberType] - the stubs leave it out
    return frozenset(font.face.charToGlyph)
