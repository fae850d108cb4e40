"""PowerPoint presentations: a page a slide. The only importer of python-pptx."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from index.formats import archive
from index.formats.content import Block, Content, paged

if TYPE_CHECKING:
    from pptx.slide import Slide

MAX_MARKUP = 100 * 2**20
"""Of all members together: their trees need some ten times as many bytes."""


def read(data: bytes) -> Content:
    """Read a .pptx file: of each slide its title as a heading, its words, tables and speaker's notes."""
    from pptx import Presentation  # noqa: PLC0415 - only presentations should pay for it

    with archive.opened(data, "ppt/presentation.xml", MAX_MARKUP) as package:
        title = archive.core_title(package)
    presentation = Presentation(io.BytesIO(data))
    return paged(map(_slide, presentation.slides), title)


def _slide(slide: "Slide") -> Iterator[Block]:
    title = slide.shapes.title
    if title is not None:
        yield Block(title.text_frame.text, level=1)
    for shape in _shapes(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape)
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None and notes.text.strip():
        yield Block(f"Notes: {notes.text}")


def _shapes(shapes: Any) -> Iterator[Any]:
    """Every shape in its order, those of a group in its place."""
    waiting = list(shapes)[::-1]
    while waiting:
        shape = waiting.pop()
        if hasattr(shape, "shapes"):
            waiting.extend(list(shape.shapes)[::-1])
        elif not _is_furniture(shape):
            yield shape


def _shape(shape: Any) -> Iterator[Block]:
    if shape.has_text_frame:
        for paragraph in shape.text_frame.paragraphs:
            yield Block(paragraph.text)
    elif getattr(shape, "has_table", False):
        for row in shape.table.rows:
            yield Block(" | ".join(" ".join(cell.text_frame.text.split()) for cell in row.cells))
    elif getattr(shape, "has_chart", False):
        yield from _chart(shape.chart)


def _chart(chart: Any) -> Iterator[Block]:
    if chart.has_title:
        yield Block(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        names = [str(category) for category in plot.categories]
        for series in plot.series:
            values = [f"{value:.15g}" for value in series.values if value is not None]
            pairs = zip(names, values, strict=False) if len(names) == len(values) else ()
            yield Block(f"{series.name}: " + "; ".join(f"{name}: {value}" for name, value in pairs))


def _is_furniture(shape: Any) -> bool:
    """Whether it is the date, the footer or the number that stands on every slide."""
    from pptx.enum.shapes import PP_PLACEHOLDER  # noqa: PLC0415 - as above

    furniture = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
    return shape.is_placeholder and shape.placeholder_format.type in furniture
