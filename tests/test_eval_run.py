"""Asking a suite's cases, one after the other, so that a run that is killed can go on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from assistant import llm
from assistant.errors import ModelInterrupted, ModelUnreachable
from assistant.settings import Settings
from eval.corpus import open_index
from eval.errors import EvalError
from eval.footnoted import Footnoted
from eval.outcome import Outcome, Reply
from eval.replies import KeptModel, Replies
from eval.run import MOST_FAILURES_IN_A_ROW, Journal, run
from eval.suite import Case, Suite, find, read
from index import Index
from tests.fakes import Breaks, ScriptedLLM, document
from tests.index_fakes import model

OPEN = Settings(risk=1.0)


@pytest.fixture(scope="module")
def seeds() -> Suite:
    return read(find("seeds"))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "outcomes.jsonl")


@pytest.fixture
def replies(tmp_path: Path) -> Iterator[Replies]:
    kept = Replies(tmp_path / "replies.sqlite3")
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def corpus(seeds: Suite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with Index.open(tmp_path_factory.mktemp("corpus"), model()) as opened:
        opened.add_documents(seeds.documents.values())
        yield opened


def system(
    suite: Suite, index: Index, replies: Replies, writer: ScriptedLLM, settings: Settings = OPEN, **options: bool
) -> Footnoted:
    return Footnoted(suite, index, KeptModel(llm.wrap(writer), replies), settings, **options)


def named(suite: Suite, *names: str) -> list[Case]:
    return [case for case in suite.cases if case.id in names]


def test_cases_are_asked_in_order(seeds: Suite, corpus: Index, replies: Replies, journal: Journal) -> None:
    writer = ScriptedLLM(["The foreign minister is Fumio Kishida.", "The rules were last revised in 1997."])
    asked = run(system(seeds, corpus, replies, writer), named(seeds, "fact-01", "fact-05"), journal)
    first, second = asked
    assert (first.case, second.case) == ("fact-01", "fact-05")
    assert first.reply is not None
    assert first.reply.answered
    assert first.reply.citations[0].quote in seeds.documents[first.reply.citations[0].source].text
    assert first.passages
    assert first.plain is None
    assert first.error is None
    assert 0.0 < first.reply.timings["first_word"] <= first.reply.timings["total"]


def test_what_was_withheld_is_asked_without_a_second_call(
    seeds: Suite, corpus: Index, replies: Replies, journal: Journal
) -> None:
    writer = ScriptedLLM(["The foreign minister is Fumio Kishida."])
    strict = Settings(risk=0.0)
    (one,) = run(system(seeds, corpus, replies, writer, strict), named(seeds, "fact-01"), journal)
    assert one.reply is not None
    assert one.eager is not None
    assert (one.reply.answered, one.eager.answered) == (False, True)
    assert 0.0 < (one.eager.confidence or 0.0) < 1.0
    assert len(writer.calls) == 1


def test_a_case_is_asked_with_its_history(seeds: Suite, corpus: Index, replies: Replies, journal: Journal) -> None:
    case = next(case for case in seeds.cases if case.kind == "follow-up")
    writer = ScriptedLLM(["Not stated."] * 2)
    (one,) = run(system(seeds, corpus, replies, writer), [case], journal)
    assert case.history[0][1] in writer.prompt(0)
    assert one.plain is not None
    assert one.query != ""


def test_retrieval_alone_calls_no_model(seeds: Suite, corpus: Index, replies: Replies, journal: Journal) -> None:
    writer = ScriptedLLM([])
    (one,) = run(system(seeds, corpus, replies, writer), named(seeds, "fact-01"), journal, retrieval_only=True)
    assert one.passages
    assert (one.reply, one.error, writer.calls) == (None, None, [])


@pytest.mark.parametrize("retrieval_only", [True, False])
def test_a_follow_up_that_was_not_rewritten_because_the_model_failed_is_an_error(
    seeds: Suite, corpus: Index, replies: Replies, journal: Journal, retrieval_only: bool
) -> None:
    case = next(case for case in seeds.cases if case.kind == "follow-up")
    down = ModelUnreachable("nothing answers")
    writer = ScriptedLLM([down, "Not stated.", down])
    (one,) = run(system(seeds, corpus, replies, writer), [case], journal, retrieval_only=retrieval_only)
    assert one.error == "ModelUnreachable: nothing answers"
    assert journal.outcomes() == {}


def test_a_reply_that_broke_off_and_was_asked_for_again_is_no_error(
    seeds: Suite, corpus: Index, replies: Replies, journal: Journal
) -> None:
    writer = ScriptedLLM([Breaks("The", ModelInterrupted("gone")), "The foreign minister is Fumio Kishida."])
    (one,) = run(system(seeds, corpus, replies, writer), named(seeds, "fact-01"), journal)
    assert one.error is None
    assert one.reply is not None
    assert one.reply.answered


def test_an_error_is_a_row_and_not_the_end(seeds: Suite, corpus: Index, replies: Replies, journal: Journal) -> None:
    broken: Sequence[str | Breaks | Exception] = [
        ModelUnreachable("nothing answers"),
        ZeroDivisionError("by zero"),
        "The Japanese Defence Minister is Gen Nakatani.",
    ]
    asked = run(
        system(seeds, corpus, replies, ScriptedLLM(broken)), named(seeds, "fact-01", "fact-02", "fact-03"), journal
    )
    first, second, third = asked
    assert first.error == "ModelUnreachable: nothing answers"
    assert second.error is not None
    assert "by zero" in second.error
    assert third.error is None


def test_an_endpoint_that_is_down_is_not_asked_forever(
    seeds: Suite, corpus: Index, replies: Replies, journal: Journal
) -> None:
    down = ScriptedLLM([ModelUnreachable("nothing answers")] * 20)
    with pytest.raises(EvalError, match="the run goes on from here"):
        list(run(system(seeds, corpus, replies, down), seeds.cases, journal))
    assert len(down.calls) == MOST_FAILURES_IN_A_ROW


class Counting:
    """A system that counts how often it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def retrieve(self, case: Case) -> Outcome:
        return self.answer(case)

    def answer(self, case: Case) -> Outcome:
        self.asked.append(case.id)
        return Outcome(case=case.id, reply=Reply(text="No.", kind="refusal"))

    def close(self) -> None:
        """Nothing is held."""


def test_a_run_that_was_stopped_goes_on(seeds: Suite, journal: Journal, tmp_path: Path) -> None:
    first = Counting()
    asked = run(first, seeds.cases[:10], journal)
    for _ in range(4):
        next(asked)
    del asked
    with (tmp_path / "outcomes.jsonl").open("ab") as file:
        file.write('{"case": "fact-05", "query": "Wh…'.encode()[:-1])  # as a kill leaves it
    second = Counting()
    outcomes = list(run(second, seeds.cases[:10], journal))
    assert [outcome.case for outcome in outcomes] == [case.id for case in seeds.cases[:10]]
    assert first.asked + second.asked == [case.id for case in seeds.cases[:10]]
    third = Counting()
    assert list(run(third, seeds.cases[:10], journal)) == outcomes
    assert third.asked == []


def test_cases_that_ended_in_an_error_are_asked_again(
    seeds: Suite, corpus: Index, replies: Replies, journal: Journal
) -> None:
    cases = named(seeds, "fact-01")
    list(run(system(seeds, corpus, replies, ScriptedLLM([ModelUnreachable("nothing answers")])), cases, journal))
    writer = ScriptedLLM(["The foreign minister is Fumio Kishida."])
    (one,) = run(system(seeds, corpus, replies, writer), cases, journal)
    assert one.error is None
    assert list(journal.outcomes()) == ["fact-01"]


def pets(**more: object) -> Suite:
    cats, dogs = document("Cats purr when content.", "cats.txt"), document("Dogs bark at strangers.", "dogs.txt")
    case = Case(
        id="cats", question="When do cats purr?", answerable=True, answers=("content",), kind="fact"
    ).model_copy(update=more)
    return read(find("seeds")).model_copy(
        update={
            "name": "pets",
            "mode": "supplied",
            "cases": (case,),
            "documents": {"cats.txt": cats, "dogs.txt": dogs},
        }
    )


@pytest.mark.parametrize("field", ["supplied", "relevant"])
def test_where_documents_are_supplied_no_others_are_read(
    tmp_path: Path, replies: Replies, journal: Journal, field: str
) -> None:
    suite = pets(**{field: ("cats.txt",)})
    writer = ScriptedLLM(["Cats purr when content."])
    with Index.open(tmp_path / "ix", model()) as empty:
        (one,) = run(system(suite, empty, replies, writer, supplied=True), suite.cases, journal)
    assert one.reply is not None
    assert one.reply.answered
    assert one.passages == ()
    assert "Cats purr" in writer.prompt()
    assert "Dogs bark" not in writer.prompt()


def test_the_cited_words_are_cut_out_and_the_question_asked_again(
    seeds: Suite, corpus: Index, replies: Replies, journal: Journal
) -> None:
    writer = ScriptedLLM(["The foreign minister is Fumio Kishida.", "Not stated."])
    (one,) = run(system(seeds, corpus, replies, writer, deletion=True), named(seeds, "fact-01"), journal)
    assert one.reply is not None
    assert one.without is not None
    assert one.without.answered is False
    assert one.reply.citations[0].quote in writer.prompt(0)
    assert one.reply.citations[0].quote not in writer.prompt(1)
    assert "Nakatani" in writer.prompt(1)


def test_without_the_cited_words_the_rest_of_what_was_read_is_read_again_in_the_same_order(
    tmp_path: Path, replies: Replies, journal: Journal
) -> None:
    filler = [" ".join(f"word{number}{letter}" for letter in "abcdefghijkl" * 5) for number in range(20)]
    paragraphs = [f"Paragraph {number} is about {words}." for number, words in enumerate(filler)]
    paragraphs[17] = "The old mill was bought by Anna Berg in 1990. " + filler[17]
    paragraphs[19] = "Who bought the old mill? Anna Berg did. " + filler[19]
    text = document("\n\n".join(paragraphs), "mill.txt")
    case = Case(id="one", question="Who bought the old mill?", answerable=True, answers=("Anna Berg",), kind="fact")
    suite = Suite(name="mill", mode="end-to-end", cases=(case,), documents={"mill.txt": text})
    writer = ScriptedLLM(["The old mill was bought by Anna Berg in 1990."] * 2)
    with Index.open(tmp_path / "ix", model()) as index:
        index.add_documents([text])
        (one,) = run(system(suite, index, replies, writer, deletion=True), [case], journal)
    assert one.reply is not None
    assert one.without is not None
    assert "in 1990" in writer.prompt(0)
    assert "in 1990" not in writer.prompt(1)
    # It stands near the end of the document, where a reader from its beginning would not come.
    assert "Anna Berg did." in writer.prompt(1)


def test_where_documents_are_supplied_the_conversation_is_heard(
    tmp_path: Path, replies: Replies, journal: Journal
) -> None:
    history = (("user", "What do cats do?"), ("assistant", "They purr."))
    suite = pets(supplied=("cats.txt",), history=history, question="Why do they do it?")
    writer = ScriptedLLM(["Why do cats purr?", "Not stated."])
    with Index.open(tmp_path / "ix", model()) as empty:
        (one,) = run(system(suite, empty, replies, writer, supplied=True), suite.cases, journal)
    assert one.query == "Why do cats purr?"
    assert "Why do cats purr?" in writer.prompt(1)


def test_two_files_of_the_same_content_are_two_where_gold_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models_folder: Path
) -> None:
    monkeypatch.setenv("FOOTNOTED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FOOTNOTED_MODELS_DIR", str(models_folder))
    twins = {name: document("Cats purr when content.", name) for name in ("a.txt", "b.txt")}
    with open_index(Suite(name="twins", mode="end-to-end", cases=(), documents=twins)) as index:
        (hit,) = index.search("cats")
        assert {hit.passage.source, *(one.source for one in hit.duplicates)} == {"a.txt", "b.txt"}
