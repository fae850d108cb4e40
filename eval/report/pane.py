"""The documents of a case, cut to the parts in which something is marked. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from eval.case import Case
from eval.outcome import Cited
from eval.report.highlight import Note, marked, windows, within
from eval.score import valid
from index.types import Document, Span


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is shown of one document.

    Attributes:
        source: The document's name.
        title: Its title.
        parts: The parts that are shown, in order; between them something is left out.
        begun: Whether the first part begins where the document does.
        ended: Whether the last part ends where the document does.
        unsound: The footnotes whose quote does not stand where they say.
    """

    source: str
    title: str
    parts: tuple[Markup, ...]
    begun: bool
    ended: bool
    unsound: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Pane:
    """What is shown of the documents of a case.

    Attributes:
        sheets: One a document, those with gold words first.
        strange: The footnotes to documents that the suite doesn't have.
        cut: Whether words are marked that are not shown, for want of room.
    """

    sheets: tuple[Sheet, ...] = ()
    strange: tuple[Cited, ...] = ()
    cut: bool = False

    @property
    def sound(self) -> bool:
        """Whether every footnote stands where it says."""
        return not self.strange and not any(sheet.unsound for sheet in self.sheets)


def pane(case: Case, citations: Sequence[Cited], documents: Mapping[str, Document], budget: int) -> Pane:
    """The documents in which a case has gold words, or an answer its footnotes.

    Args:
        case: The gold.
        citations: The footnotes.
        documents: The corpus, by source.
        budget: How many characters may be shown.
    """
    sources = dict.fromkeys([*(gold.source for gold in case.evidence), *(cited.source for cited in citations)])
    sheets: list[Sheet] = []
    cut = False
    for source in sources:
        if source not in documents:
            continue
        document = documents[source]
        here = [cited for cited in citations if cited.source == source]
        notes = [Note(cited.marker, Span(cited.start, cited.end)) for cited in here]
        gold = [Span(one.start, one.end) for one in case.evidence if one.source == source]
        wanted = windows(document.text, [*gold, *(note.span for note in notes)])
        shown = within(wanted, budget)
        budget -= sum(window.end - window.start for window in shown)
        cut |= shown != wanted
        if shown or not wanted:
            sheets.append(_sheet(document, shown, gold, notes, here))
    strange = tuple(cited for cited in citations if cited.source not in documents)
    return Pane(tuple(sheets), strange, cut)


def _sheet(
    document: Document, shown: Sequence[Span], gold: Sequence[Span], notes: Sequence[Note], cited: Sequence[Cited]
) -> Sheet:
    text = document.text
    return Sheet(
        source=document.source,
        title=document.title,
        parts=tuple(marked(text, window, gold, notes) for window in shown),
        begun=bool(shown) and shown[0].start == 0,
        ended=bool(shown) and shown[-1].end == len(text),
        unsound=tuple(one for one in cited if not valid(one, {document.source: document})),
    )
