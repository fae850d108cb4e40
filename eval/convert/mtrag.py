"""Import the generation tasks of MTRAG (github.com/IBM/mt-rag-benchmark): conversations about passages.

Reads the files of its folders ``generation_tasks``, such as ``mtrag-human/generation_tasks/reference.jsonl`` (the
passages that annotators chose) and ``RAG.jsonl`` (those that a search found): a task a line, with ``task_id``,
``input`` (the turns, the last of which asks), ``contexts``, ``targets`` and ``answerability``.
"""

from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, Field

from eval.case import Case
from eval.convert.made import Made, Options, Wrong, gather
from eval.documents import Text
from eval.lines import SuiteError, read_rows, told

_ROLES = {"user": "user", "agent": "assistant", "assistant": "assistant"}
_ANSWERABLE = {"ANSWERABLE": True, "PARTIAL": True, "UNANSWERABLE": False}
# Thanks and greetings, which no document answers and nobody should refuse.
_CHAT = "CONVERSATIONAL"


class _Turn(BaseModel):
    speaker: str
    text: str


class _Context(BaseModel):
    document_id: str = Field(min_length=1)
    text: str
    title: str | None = None


class _Target(BaseModel):
    text: str


class _Task(BaseModel):
    id: str = Field(validation_alias=AliasChoices("task_id", "id"))
    input: list[_Turn] = Field(min_length=1)
    contexts: list[_Context] = []
    targets: list[_Target] = []
    # A list of one word, the word, or NaN.
    answerability: Any = Field(validation_alias=AliasChoices("answerability", "Answerability"))
    # Whatever sort of question the annotators saw, likewise.
    type: Any = Field(default=None, validation_alias=AliasChoices("Question Type", "question_type"))


def convert(path: Path, options: Options) -> Made:
    """Make a suite in which each task supplies its passages, with the turns before it as history.

    Tasks without passages are left out, as there is nothing to read, and so are those that are mere chat.

    Raises:
        SuiteError: Lines are wrong; each is named.
    """
    rows = read_rows(path, _Task)
    if rows.faults:
        raise SuiteError(told(path, rows.faults))
    shelf = _Shelf()
    cases = gather(path, ((f"line {line}", task) for line, task in rows.good), lambda task: _case(task, shelf))
    left_out = len(rows.good) - len(cases)
    remarks = (f"left out: {left_out} tasks without passages or without a question",) if left_out else ()
    return Made("supplied", cases, tuple(shelf.texts.values()), remarks=remarks)


class _Shelf:
    """The passages of all tasks; each text once, and no two under one name."""

    def __init__(self) -> None:
        self.texts: dict[str, Text] = {}

    def put(self, context: _Context) -> str:
        """Take a passage in, and tell its name."""
        source, number = context.document_id, 1
        while (held := self.texts.get(source)) is not None and held.text != context.text:
            number += 1
            source = f"{context.document_id}-{number}"
        if held is None:
            self.texts[source] = Text(source=source, title=context.title or "", text=context.text)
        return source


def _case(task: _Task, shelf: _Shelf) -> Case | None:
    said = _word(task.answerability).upper()
    if said == _CHAT or not task.contexts:
        return None
    if said not in _ANSWERABLE:
        raise Wrong(f"answerability is {said or 'empty'}; it should be one of {', '.join(_ANSWERABLE)} or {_CHAT}")
    if task.input[-1].speaker != "user":
        raise Wrong("the last turn of 'input' is not the user's; it should be the question")
    return Case(
        id=task.id,
        question=task.input[-1].text,
        history=tuple((_role(turn), turn.text) for turn in task.input[:-1]),
        answerable=_ANSWERABLE[said],
        answers=tuple(target.text for target in task.targets if target.text.strip()),
        kind=_word(task.type).lower() or said.lower(),
        supplied=tuple(dict.fromkeys(shelf.put(context) for context in task.contexts)),
    )


def _role(turn: _Turn) -> Any:
    if turn.speaker not in _ROLES:
        raise Wrong(f"the speaker of a turn is {turn.speaker!r}; it should be one of {', '.join(_ROLES)}")
    return _ROLES[turn.speaker]


def _word(value: Any) -> str:
    """The first word of a list, a word, or nothing."""
    one = value[0] if isinstance(value, list) and value else value
    return one.strip() if isinstance(one, str) else ""
