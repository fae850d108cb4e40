"""Real files of every format, made in the test: bytes by a file's name."""

import datetime
import io
import zipfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

import docx
import openpyxl
from docx.oxml import OxmlElement
from pptx import Presentation
from pptx.chart.data import ChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches


def pdf(
    pages: Sequence[str | None],
    title: str = "",
    outline: Sequence[tuple[str, int]] = (),
    encrypted: bool = False,
) -> bytes:
    """A PDF with a line a line; a page that is None has no text layer."""
    objects: list[bytes] = [b"", b""]
    font = _add(objects, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    numbers = [_pdf_page(objects, text, font) for text in pages]
    entries = _pdf_outline(objects, outline, numbers)
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R%s >>" % (b" /Outlines %d 0 R" % entries if entries else b"")
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(numbers))
    extra = b" /Info %d 0 R" % _add(objects, b"<< /Title (%s) >>" % title.encode("cp1252"))
    if encrypted:
        key = b"<" + b"00" * 32 + b">"
        lock = _add(objects, b"<< /Filter /Standard /V 1 /R 2 /P -4 /O %s /U %s >>" % (key, key))
        extra += b" /Encrypt %d 0 R /ID [<00> <00>]" % lock
    return _pdf_file(objects, extra)


def pdf_drawing(packed: bytes, filters: bytes = b"/FlateDecode", more: bytes = b"null", pages: int = 1) -> bytes:
    """A PDF whose pages all draw the same forty times; ``more`` is object 3."""
    drawing = b"<< /Length %d /Filter %s >>\nstream\n%s\nendstream" % (len(packed), filters, packed)
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 5 + pages))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents [%s] >>" % (b"4 0 R " * 40)
    tree = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages)
    return _pdf_file([b"<< /Type /Catalog /Pages 2 0 R >>", tree, more, drawing, *([page] * pages)], b"")


def _add(objects: list[bytes], content: bytes) -> int:
    objects.append(content)
    return len(objects)


def _pdf_page(objects: list[bytes], text: str | None, font: int) -> int:
    shown = b""
    for line in (text or "").split("\n") if text is not None else ():
        escaped = line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        shown += b"(%s) Tj T* " % escaped
    stream = b"BT /F1 12 Tf 14 TL 50 750 Td %sET" % shown if shown else b"0 0 100 100 re f"
    contents = _add(objects, b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    return _add(
        objects,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
        b"/Resources << /Font << /F1 %d 0 R >> >> >>" % (contents, font),
    )


def _pdf_outline(objects: list[bytes], outline: Sequence[tuple[str, int]], pages: Sequence[int]) -> int:
    if not outline:
        return 0
    first = len(objects) + 2
    last = first + len(outline) - 1
    root = _add(objects, b"<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count %d >>" % (first, last, len(outline)))
    for number, (title, page) in enumerate(outline, start=first):
        following = b" /Next %d 0 R" % (number + 1) if number < last else b""
        target = b"[%d 0 R /Fit]" % pages[page]
        _add(objects, b"<< /Title (%s) /Parent %d 0 R /Dest %s%s >>" % (title.encode(), root, target, following))
    return root


def _pdf_file(objects: Sequence[bytes], extra: bytes) -> bytes:
    written = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n"
    return written + head + table + trailer % (len(objects) + 1, extra, len(written))


def word() -> bytes:
    made = docx.Document()
    made.core_properties.title = "Annual report"
    made.add_heading("The year", 1)
    line = made.add_paragraph("Net sales were ")
    line.add_run("5%").bold = True
    line.add_run(" up_on_last *year*, <b>see</b> 10")
    line.add_run("6").font.superscript = True
    for words in ("mills", "bakeries"):
        made.add_paragraph(words, style="List Bullet")
    table = made.add_table(rows=2, cols=2)
    for number, words in enumerate(["Region", "Sum", "North\nWest", "1|2"]):
        table.cell(number // 2, number % 2).text = words
    made.add_heading("Outlook", 2)
    changed = made.add_paragraph("It was ")
    _change(changed, "w:ins", "w:t", "inserted.")
    _change(changed, "w:del", "w:delText", "deleted.")
    made.add_paragraph("Seen. ").add_run("Hidden.").font.hidden = True
    formula = made.add_paragraph("Mass: ")
    element, text = OxmlElement("m:oMath"), OxmlElement("m:t")
    text.text = "E=mc²"
    element.append(text)
    formula._p.append(element)
    made.sections[0].header.paragraphs[0].text = "A header"
    return _saved(made)


WORD = (
    "The year\n\nNet sales were 5% up_on_last *year*, <b>see</b> 10⁶\n\n- mills\n- bakeries\n\nRegion | Sum\n\n"
    "North West | 1|2\n\nOutlook\n\nIt was inserted.\n\nSeen.\n\nMass: E=mc²"
)


def _change(paragraph: Any, kind: str, holder: str, words: str) -> None:
    change, run, text = OxmlElement(kind), OxmlElement("w:r"), OxmlElement(holder)
    text.text = words
    run.append(text)
    change.append(run)
    paragraph._p.append(change)


def slides() -> bytes:
    made = Presentation()
    made.core_properties.title = "PowerPoint Presentation"
    first = made.slides.add_slide(made.slide_layouts[1])
    first.shapes.title.text = "Slide one"
    first.placeholders[1].text = "Point A\nPoint B"
    first.notes_slide.notes_text_frame.text = "Say hello."
    made.slides.add_slide(made.slide_layouts[6])
    last = made.slides.add_slide(made.slide_layouts[5])
    last.shapes.title.text = "Slide three"
    table = last.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for number, words in enumerate(["Name", "Age", "Ann", "41"]):
        table.cell(number // 2, number % 2).text = words
    return _saved(made)


def charted() -> bytes:
    made = Presentation()
    slide = made.slides.add_slide(made.slide_layouts[6])
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(1), Inches(1), Inches(1)).text_frame.text = "In a group"
    figures: Any = ChartData()  # type: ignore[no-untyped-call]
    figures.categories = ["North", "South"]
    figures.add_series("Sales", (5, 7.5))
    place = (Inches(1), Inches(2), Inches(4), Inches(3))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *place, figures).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "The year"
    return _saved(made)


SLIDES = "Slide one\n\nPoint A\n\nPoint B\n\nNotes: Say hello.\n\nSlide three\n\nName | Age\n\nAnn | 41"


def workbook() -> bytes:
    made = openpyxl.Workbook()
    people = made.active
    people.title = "People"
    for row in (
        ["Members of the club"],
        ["name", "born", "share", "id", None],
        ["ann", datetime.date(1980, 2, 3), 0.125, None, "left"],
        [],
        ["bob", datetime.datetime(1990, 1, 1, 10, 30), 0.1 + 0.2, 12345678901, None],
    ):
        people.append(row)
    people["C3"].number_format = "0.0%"
    people["H5"] = "=1+2"
    made.create_sheet("Empty")
    figures = made.create_sheet("Figures")
    figures.append([1, 2])
    figures.append([3, True])
    hidden = made.create_sheet("Secret")
    hidden.append(["Unseen"])
    hidden.sheet_state = "hidden"
    return _saved(made)


WORKBOOK = (
    "People\n\nMembers of the club\n\nname: ann; born: 1980-02-03; share: 12.5%; left\n\n"
    "name: bob; born: 1990-01-01 10:30; share: 0.3; id: 12345678901\n\nFigures\n\n1; 2\n\n3; TRUE"
)

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)
PACKAGE = (
    '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
    '<dc:title>The Mill</dc:title></metadata><manifest><item id="b" href="two%20b.xhtml"/>'
    '<item id="a" href="one.xhtml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
)
ONE = (
    '<?xml version="1.0" encoding="iso-8859-1"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/>'
    '<script src="x.js"/></head><body><h1>One</h1><p>A caf\xe9&nbsp;by the mill.</p></body></html>'
)


def epub(more: Mapping[str, str] | None = None) -> bytes:
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OPS/book.opf": PACKAGE,
            "OPS/one.xhtml": ONE.encode("iso-8859-1"),
            "OPS/two b.xhtml": "<html><body><h2>Two</h2><p>It <br>closed.</body>",
            **(more or {}),
        }
    )


EPUB = "One\n\nA café by the mill.\n\nTwo\n\nIt\nclosed."


def mail(html_only: bool = False) -> bytes:
    made = EmailMessage()
    made["Subject"] = "Größe of the mill"
    made["From"] = "Anna Berg <anna@example.org>"
    made["To"] = "Jörg <joerg@example.org>"
    made["Date"] = "Mon, 02 Mar 2026 10:00:00 +0100"
    if html_only:
        made.set_content("<p>Dear <b>Jörg</b>,</p><p>it is 12&nbsp;m.</p>", subtype="html")
    else:
        made.set_content("Dear Jörg,\n\nit is 12 m.\n")
        made.add_alternative("<p>Other words.</p>", subtype="html")
    made.add_attachment(b"x", maintype="application", subtype="pdf", filename="plan.pdf")
    return made.as_bytes()


MAIL = (
    "Größe of the mill\n\nFrom: Anna Berg <anna@example.org>\nTo: Jörg <joerg@example.org>\n"
    "Date: Mon, 02 Mar 2026 10:00:00 +0100\n\nDear Jörg,\n\nit is 12 m.\n\nAttachments: plan.pdf"
)


def archive(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as written:
        for name, content in members.items():
            written.writestr(name, content)
    return made.getvalue()


def ole(*streams: str) -> bytes:
    """The beginning of a container of Office 97, with the names of its streams."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + b"".join(name.encode("utf-16-le") for name in streams)


def _saved(made: Any) -> bytes:
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


HTML = """<!doctype html><html><head><meta charset="cp1252"><title>My &amp; page</title><style>x{}</style></head><body>
<nav><a href="/">Home</a></nav><script>alert(1)</script><h1>Head <em>line</em></h1><!-- no -->
<p>The caf\xe9 &mdash; see <a href="http://192.0.2.1/x">this</a>, 2*3 and a_b<br>
next   line.<span hidden>no</span><span style="color:red; display: none">no</span></p>
<ol start="3"><li>three<ul><li>nested</li></ul></li><li><p>four</p><p>and more</p></li></ol>
<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td><p>2|3</p></td></tr></table>
<table><tr><td><table><tr><td>Only</td></tr></table></td><td><h2>Laid out</h2></td></tr></table>
<pre>code
  indented</pre><img src="http://192.0.2.1/x.png" alt="no"><p>10<sup>6</sup> of H<sub>2</sub>O<sup>[1]</sup></p>"""

HTML_TEXT = (
    "Head line\n\nThe café — see this, 2*3 and a_b\nnext line.\n\n3. three\n  - nested\n4. four\n\nand more\n\n"
    "A | B\n\n1 | 2|3\n\nOnly\n\nLaid out\n\ncode\n  indented\n\n10⁶ of H2O[1]"
)
GOOD: Mapping[str, bytes] = {
    "plain.txt": b"A headline\n\nThe story.",
    "notes.md": b"# Notes\n\nWords.",
    "page.html": HTML.encode("cp1252"),
    "old.htm": b"<p>Only a paragraph.",
    "paper.pdf": pdf(["One line\nand more.", None, "Last."], "A paper", [("Last.", 2)]),
    "report.docx": word(),
    "deck.pptx": slides(),
    "book.xlsx": workbook(),
    "rows.csv": "name;city\nann;Köln\n".encode("cp1252"),
    "rows.tsv": b"name\tcity\nbob\tRome\n",
    "novel.epub": epub(),
    "letter.eml": mail(),
}
"""One of every kind that can be read."""
