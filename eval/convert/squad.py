"""Import SQuAD 1.1 or 2.0: one JSON object with ``data``, articles, their paragraphs, and questions about each.

Each paragraph becomes a document, and is what its questions supply.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from eval.case import Case, Gold
from eval.convert.made import Made, Options, Wrong, gather, text_of
from eval.documents import Text
from eval.lines import SuiteError, parsed, wrongs
from eval.quotes import brief, spans

_NOT_A_NAME = re.compile(r"[^\w.-]+")


class _Answer(BaseModel):
    text: str
    answer_start: int


class _Question(BaseModel):
    id: str | int
    question: str
    answers: list[_Answer] = []
    is_impossible: bool = False


class _Paragraph(BaseModel):
    context: str
    qas: list[_Question] = []


class _Article(BaseModel):
    title: str = ""
    paragraphs: list[_Paragraph]


class _Squad(BaseModel):
    data: list[_Article]


class _Posed(NamedTuple):
    question: _Question
    text: Text


def convert(path: Path, options: Options) -> Made:
    """Make a suite in which each question supplies its paragraph; end to end where the options say so.

    The evidence of a question is its first answer: the others are what further annotators marked instead of it.

    Raises:
        SuiteError: The file is no SQuAD, or answers don't stand in their paragraphs; each is named.
    """
    mode = options.mode or "supplied"
    articles = _read(path).data
    names = _names(articles)
    texts: list[Text] = []
    posed: list[tuple[str, _Posed]] = []
    for article, name in zip(articles, names, strict=True):
        for number, paragraph in enumerate(article.paragraphs):
            text = Text(source=f"{name}-p{number:03}", title=article.title.replace("_", " "), text=paragraph.context)
            texts.append(text)
            posed += [(f"question {question.id}", _Posed(question, text)) for question in paragraph.qas]
    cases = gather(path, posed, lambda one: _case(one, supplies=mode == "supplied"))
    return Made(mode, cases, tuple(texts))


def _read(path: Path) -> _Squad:
    try:
        return _Squad.model_validate(parsed(text_of(path)))
    except ValidationError as error:
        raise SuiteError(f"{path}: is not as SQuAD has it: {wrongs(error)}") from error
    except ValueError as error:
        raise SuiteError(f"{path}: {error}") from error


def _names(articles: list[_Article]) -> Iterator[str]:
    """A name for each article that can be read and typed, no two alike even where case doesn't count."""
    taken: set[str] = set()
    for number, article in enumerate(articles, start=1):
        name = _NOT_A_NAME.sub("-", article.title).strip("-.") or f"article-{number}"
        while name.casefold() in taken:
            name = f"{name}-{number}"
        taken.add(name.casefold())
        yield name


def _case(posed: _Posed, *, supplies: bool) -> Case:
    question, source = posed.question, posed.text.source
    answerable = not question.is_impossible
    answers = question.answers if answerable else []
    return Case(
        id=str(question.id),
        question=question.question,
        answerable=answerable,
        answers=tuple(dict.fromkeys(answer.text for answer in answers if answer.text.strip())),
        evidence=tuple(_evidence(answers[0], posed.text) for answer in answers[:1]),
        relevant=(source,) if answerable else (),
        kind="answerable" if answerable else "unanswerable",
        supplied=(source,) if supplies else (),
    )


def _evidence(answer: _Answer, text: Text) -> Gold:
    start, end = answer.answer_start, answer.answer_start + len(answer.text)
    if text.text[start:end] != answer.text or not answer.text:
        # Offsets that count bytes or UTF-16 are off, but the words tell where they belong if they stand there once.
        places = spans(text.text, answer.text)
        if len(places) != 1:
            raise Wrong(f"the answer {brief(answer.text)} does not stand at {start} of its context")
        start, end = places[0]
    return Gold(source=text.source, start=start, end=end, quote=text.text[start:end])
