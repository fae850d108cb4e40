"""Word documents, read by mammoth, whose HTML becomes plain text. The only importer of mammoth."""

import io
import re
import zipfile
from xml.sax.saxutils import escape

from index.formats import archive, markup
from index.formats.content import Content, compose
from index.formats.render import Element

MAX_MARKUP = 32 * 2**20
"""Of all members together: mammoth needs 35 times as many bytes, so some 1.1 GB."""

_DOCUMENT = "word/document.xml"
_RELATIONS = "_rels/.rels"
_MAIN = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="/{}"/>'
    "</Relationships>"
)
# The arrow behind each footnote that leads back to where it is cited.
_BACK = re.compile(r'<a href="#(?:foot|end)note-ref-[^"]*">↑</a>')
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


def read(data: bytes) -> Content:
    """Read a .docx file: text as it stands with changes accepted, lists, tables, footnotes; no headers or footers."""
    import mammoth  # noqa: PLC0415 - only Word documents should pay for it

    with archive.opened(data, _DOCUMENT, MAX_MARKUP) as package:
        title = archive.core_title(package)
        readable = _readable(package)
    converted = mammoth.convert_to_html(
        readable,
        style_map=_STYLES,
        include_embedded_style_map=False,
        convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
        external_file_access=False,
    )
    html = _BACK.sub("", converted.value)
    return compose(markup.blocks(markup.parse_html(html)) if html.strip() else (), title)


def _readable(package: zipfile.ZipFile) -> io.BytesIO:
    """The package without hidden text, and with formulas as their characters, all of which mammoth leaves out."""
    main = archive.main_part(package)
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w") as written:
        # So that mammoth can't read another part than the one that is made readable here.
        written.writestr(_RELATIONS, _MAIN.format(escape(main or _DOCUMENT, {'"': "&quot;"})))
        for member in package.infolist():
            if member.filename == main:
                root = markup.parse_xml(package.read(member))
                _drop_hidden(root)
                _spell_formulas(root)
                written.writestr(member.filename, markup.dump_xml(root))
            elif member.filename != _RELATIONS and archive.is_markup(package, member):
                written.writestr(member.filename, package.read(member))
    copy.seek(0)
    return copy


def _drop_hidden(root: Element) -> None:
    # Files of the strict kind have other namespaces, the same names.
    for mark in list(root.iter("{*}vanish")):
        run = next(mark.iterancestors("{*}r"), None)
        if run is not None and (parent := run.getparent()) is not None and _is_on(mark):
            parent.remove(run)


def _is_on(mark: Element) -> bool:
    return not any(name.endswith("}val") and value in ("0", "false", "off") for name, value in mark.items())


def _spell_formulas(root: Element) -> None:
    namespace = root.tag.rpartition("}")[0] + "}"
    for formula in list(root.iter("{*}oMath")):
        words = "".join(text.text or "" for text in formula.iter("{*}t"))
        formula.clear(keep_tail=True)
        formula.tag = f"{namespace}r"
        text = formula.makeelement(f"{namespace}t", {})
        text.text = words
        formula.append(text)
    # What holds a formula on a line of its own; its runs are read where it is what holds runs.
    for place in list(root.iter("{*}oMathPara")):
        place.tag = f"{namespace}ins"
