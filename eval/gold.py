"""Draft gold pairs: a model proposes a question about a passage and its answer, for a human to judge.

What the model says is never believed: the answer has to stand in the passage, and the quote is the sentences in which
it stands. ``review`` takes it from here.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from assistant.condense import needs_history
from assistant.llm import Message, Model
from assistant.prompts import inert
from assistant.words import covered, keys, words
from eval.case import Gold
from eval.convert.made import describe
from eval.lines import SuiteError, append_row, read_log
from eval.outcome import Place, Written
from eval.quotes import word_spans
from eval.suite import DRAFTS, read_about, write_about
from index import split
from index.types import Document, Passage, Span

PROMPT = """\
You write quiz questions. Given a document, write one question that it answers and then the answer.
The question names whom or what it asks about, so that it is understood without the document.
The answer is one to five words, copied from the document."""

# As turns of the conversation: with the example in the system prompt, the 1.5B model kept to the form in none of six
# replies, so in five of five.
EXAMPLE = (
    """\
<document>
Bakery history
Anna Berg opened the Oslo bakery in 1987. It sells forty kinds of bread.
</document>
Write one question and its answer.""",
    """\
Question: In which year did the Oslo bakery open?
Answer: 1987""",
)

MAX_TOKENS = 80
# Headings and captions: too little to ask about.
LEAST_PASSAGE_WORDS = 15
# A reference counts where an answer contains it, which long ones are in no answer.
MOST_ANSWER_WORDS = 12

_REPLY = re.compile(r"\s*Question:[^\S\n]*(?P<question>\S[^\n]*)\n\s*Answer:[^\S\n]*(?P<answer>\S[^\n]*)")
_POINTS_AT_TEXT = re.compile(
    r"\b(?:the|this) (?:given )?(?:document|text|passage|article|paragraph|excerpt|author|quiz)\b", re.IGNORECASE
)
_QUOTES = "\"'“”‘’«»`* \t"


class Draft(Written):
    """A proposal, or why there is none of a passage.

    Attributes:
        id: What its case will be called; empty where nothing is proposed.
        passage: The passage that was asked about.
        question: What could be asked.
        answer: The words that answer it; they stand in the evidence.
        evidence: The sentences that hold the answer; None where nothing is proposed.
        dropped: Why nothing is proposed, else None.
    """

    id: str = ""
    passage: Place
    question: str = ""
    answer: str = ""
    evidence: Gold | None = None
    dropped: str | None = None


def sampled(documents: Iterable[Document], seed: int = 0) -> list[Passage]:
    """The passages that are worth asking about, in a random order that takes one of each document in turn.

    Args:
        documents: Where they come from.
        seed: Another seed gives another order.
    """

    def drawn(name: str) -> str:
        return hashlib.sha256(f"{seed}:{name}".encode("utf-8", "surrogatepass")).hexdigest()

    rounds: list[tuple[int, str, Passage]] = []
    for document in documents:
        kept = [passage for passage in split.passages(document) if len(passage.text.split()) >= LEAST_PASSAGE_WORDS]
        kept.sort(key=lambda passage: drawn(f"{passage.source}:{passage.start}"))
        rounds += [(turn, drawn(document.source), passage) for turn, passage in enumerate(kept)]
    return [passage for _, _, passage in sorted(rounds, key=lambda one: one[:2])]


def draft(model: Model, documents: Sequence[Document], folder: Path, count: int, *, seed: int = 0) -> Iterator[Draft]:
    """Propose questions and write each down at once, until there are as many as wanted or no passages left.

    Passages that were asked about before are not asked about again.

    Args:
        model: Who proposes.
        documents: What is asked about.
        folder: The suite's folder, where the proposals of an earlier run stand.
        count: How many there should be, with those of earlier runs.
        seed: Draws the passages.

    Yields:
        The new proposals.

    Raises:
        ModelError: The model can't be asked; what was proposed so far is kept.
    """
    known = read_drafts(folder)
    asked = {(one.passage.source, one.passage.start) for one in known}
    gists = {gist for one in known if one.id for gist in _gists(one.question, one.answer)}
    made = sum(bool(one.id) for one in known)
    for passage in sampled(documents, seed):
        if made >= count:
            return
        if (passage.source, passage.start) in asked:
            continue
        one = propose(model, passage)
        if one.dropped is None and gists & (found := _gists(one.question, one.answer)):
            one = _dropped(passage, "the question was proposed before")
        if one.dropped is None:
            made += 1
            gists |= found
            one = one.model_copy(update={"id": f"drafted-{made:03}"})
        append_row(folder / DRAFTS, one)
        if one.dropped is None:
            yield one


def prompt(passage: Passage) -> tuple[Message, ...]:
    """What the model is asked about a passage."""
    document = f"<document>\n{inert(passage.title)}\n{inert(passage.text)}\n</document>"
    shown, answered = EXAMPLE
    return (
        Message("system", PROMPT),
        Message("user", shown),
        Message("assistant", answered),
        Message("user", f"{document}\nWrite one question and its answer."),
    )


def propose(model: Model, passage: Passage) -> Draft:
    """Ask the model for a question about a passage, and see whether what it proposes is one.

    Raises:
        ModelError: It can't be asked.
    """
    reply = "".join(delta.text for delta in model.stream(prompt(passage), MAX_TOKENS))
    match = _REPLY.match(reply)
    if match is None:
        return _dropped(passage, "the reply is not a question and an answer")
    question = match["question"].strip()
    answer = match["answer"].lstrip(_QUOTES).rstrip(f"{_QUOTES}.")
    if said := _objection(question, answer):
        return _dropped(passage, said)
    evidence = align(question, answer, passage)
    if evidence is None:
        return _dropped(passage, "the answer does not stand in the passage")
    return Draft(passage=Place.of(passage), question=question, answer=answer, evidence=evidence)


def align(question: str, answer: str, passage: Passage) -> Gold | None:
    """The sentences of a passage in which an answer stands, None where it doesn't.

    Where it stands more than once, the sentences that say most of the question are taken.
    """
    found = [_sentences(place, passage) for place in word_spans(passage.text, answer)]
    if not found:
        return None
    asked = words(question)
    cut = {span: passage.text[span.start - passage.start : span.end - passage.start] for span in found}
    said = {span: keys(text) for span, text in cut.items()}
    best = max(found, key=lambda span: sum(covered(word, said[span]) for word in asked))
    return Gold(source=passage.source, start=best.start, end=best.end, quote=cut[best])


def read_drafts(folder: Path) -> list[Draft]:
    """What was proposed so far, and what was dropped; nothing where there is no file."""
    return read_log(folder / DRAFTS, Draft)


def begin(folder: Path, documents: Path) -> None:
    """Make the folder of a suite about documents, or see that it is one.

    Raises:
        SuiteError: It holds something else, or is about other documents.
    """
    folder, documents = folder.absolute(), documents.absolute()
    if (folder / "suite.json").is_file():
        corpus = read_about(folder).corpus
        if corpus is None or (folder / corpus).resolve() != documents.resolve():
            raise SuiteError(f"{folder} is a suite about other documents; name another folder with --into")
        return
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise SuiteError(f"{folder} holds something else; name a folder for the suite alone with --into")
    about = describe(folder, folder.name, "Drafted by a model, judged by a human", "end-to-end", documents)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_about(folder, about)
    except OSError as error:
        raise SuiteError(f"{folder}: can't be written: {error.strerror or error}") from error


def _dropped(passage: Passage, why: str) -> Draft:
    return Draft(passage=Place.of(passage), dropped=why)


def _objection(question: str, answer: str) -> str | None:
    """Why a question and its answer are no gold, as far as that can be told without the passage."""
    if not question.endswith("?"):
        return "the question is none"
    if needs_history(question) or _POINTS_AT_TEXT.search(question):
        return "the question can't be understood alone"
    told = words(answer)
    if not told or len(answer.split()) > MOST_ANSWER_WORDS:
        return "the answer is too short or too long to be a reference"
    if all(covered(word, keys(question)) for word in told):
        return "the question says its answer"
    return None


def _gists(question: str, answer: str) -> set[str]:
    """What two drafts that ask the same have in common: the question's words, or what it is about and the answer."""
    about = sorted({word.key for word in words(question)})
    return {" ".join(re.findall(r"\w+", question.casefold())), f"{' '.join(about)}: {answer.casefold()}"}


def _sentences(place: Span, passage: Passage) -> Span:
    """The sentences of the passage that a place in its text touches, as a span of the document."""
    start, end = place.start + passage.start, place.end + passage.start
    touched = [sentence for sentence in passage.sentences if sentence.start < end and start < sentence.end]
    return Span(touched[0].start, touched[-1].end)
