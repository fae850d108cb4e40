"""The draft as it grows, and how sure the model was that there is anything to say."""

import math
from pathlib import Path

import pytest

from assistant import prompts, read
from assistant.adapters import Adapter
from assistant.llm import Delta
from assistant.types import Draft, Usage, Verdict
from tests.fakes import DeltaModel, evidence

CATS = evidence("Cats sleep most of the day.")


YES = [Delta("Yes", prompt_tokens=40, completion_tokens=1)]
STATED = Verdict(stated=True)


def test_the_draft_grows_until_it_is_final() -> None:
    model = DeltaModel(
        YES, [Delta(" Cats"), Delta(" sleep."), Delta("", prompt_tokens=50, cached_tokens=7, completion_tokens=3)]
    )
    progress = list(read.draft(model, "What do cats do?", CATS, 20))
    assert [one.draft.text for one in progress] == ["", "Cats", "Cats sleep.", "Cats sleep.", "Cats sleep."]
    assert [one.final for one in progress] == [False, False, False, False, True]
    assert model.calls == [read.prompt("What do cats do?", CATS, asked) for asked in (prompts.STATED, prompts.ANSWER)]
    assert [one.usage for one in progress[:-1]] == [None] * 4
    assert progress[-1].usage == Usage("deltas", 90, 7, 4, calls=2)


def test_a_model_that_was_trained_to_tell_is_asked_as_it_was_trained() -> None:
    model = DeltaModel([Delta("No", alternatives={"No": math.log(0.9), "Yes": math.log(0.1)})], [Delta("Cats sleep.")])
    model.adapter = Adapter(Path("cats.gguf"), "Check?")
    *_, last = read.draft(model, "What do cats do?", CATS, 20)
    found = last.draft.verdict
    # Nothing else is asked to compare it with.
    assert (found.stated, found.baseline) == (False, None)
    assert found.probability == pytest.approx(0.1)
    told, answered = (messages[-1].text for messages in model.calls)
    assert told == read.prompt("What do cats do?", CATS, "Check?")[-1].text
    assert answered == read.prompt("What do cats do?", CATS, prompts.ANSWER)[-1].text


def test_both_calls_read_the_same_up_to_the_end_of_the_question() -> None:
    stated, answered = (read.prompt("What?", CATS, asked) for asked in (prompts.STATED, prompts.ANSWER))
    examples = sum(map(len, prompts.EXAMPLES.values()))
    assert stated[:-1] == answered[:-1]
    assert stated[-1].text.removesuffix(prompts.STATED) == answered[-1].text.removesuffix(prompts.ANSWER)
    assert [message.role for message in stated] == ["system", *["user", "assistant"] * examples, "user"]


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("Summarise the article.", True),
        ("List the ministers", True),
        ("What are the main points?", True),
        ("Compare cats and dogs.", True),
        ("What is the difference between cats and dogs?", True),
        ("Name three allies.", True),
        ("Who is the minister?", False),
        ("When was the list published?", False),
        ("How did Smith describe the battle?", False),
        ("In contrast to Japan, what did China do?", False),
        ("Could you please outline the plan?", True),
        ("Give me a short summary.", True),
        ("What are cats?", False),
    ],
)
def test_a_question_for_a_list_or_a_summary_is_answered_in_several_sentences(question: str, several: bool) -> None:
    model = DeltaModel(YES, [Delta("Cats sleep.")])
    list(read.draft(model, question, CATS, 20))
    asked = prompts.ANSWER_SEVERAL if several else prompts.ANSWER
    assert model.calls[-1] == read.prompt(question, CATS, asked)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Do cats sleep?", prompts.ANSWER_YES_NO),
        ("Why do cats sleep?", prompts.ANSWER_WHY),
        ("When do cats sleep?", prompts.ANSWER),
    ],
)
def test_each_kind_of_question_is_answered_in_its_own_way(question: str, asked: str) -> None:
    model = DeltaModel(YES, [Delta("Cats sleep.")])
    list(read.draft(model, question, CATS, 20))
    assert model.calls[-1] == read.prompt(question, CATS, asked)


@pytest.mark.parametrize(
    ("question", "whether"),
    [
        ("Tell me about their sleep.", "Is anything said about their sleep?"),
        # Of all that it says nothing is left to ask but for its title.
        ("Summarise the document.", f"Is anything said about {CATS[0].passage.title}?"),
        ("How long do cats sleep?", "How long do cats sleep?"),
    ],
)
def test_of_what_is_asked_in_several_sentences_it_is_asked_whether_any_is_said(question: str, whether: str) -> None:
    model = DeltaModel(YES, [Delta("Cats sleep.")])
    list(read.draft(model, question, CATS, 20))
    assert model.calls[0] == read.prompt(whether, CATS, prompts.STATED)
    assert read.prompt(question, CATS, "")[-1].text.splitlines()[-2] in model.calls[1][-1].text


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Cats sleep. Dogs ba", "Cats sleep."),
        ("Cats sleep. Dogs bark.", "Cats sleep. Dogs bark."),
        ("Cats sleep (“a lot.”)", "Cats sleep (“a lot.”)"),
        ("Cats sle", "Cats sle"),
        ("", ""),
    ],
)
def test_a_sentence_that_is_cut_off_is_left_out_where_there_are_others(written: str, kept: str) -> None:
    for most, text in ((3, kept), (4, written)):
        model = DeltaModel(YES, [Delta(written), Delta("", completion_tokens=3)])
        *_, last = read.draft(model, "Summarise it.", CATS, most)
        assert last.draft.text == text


def test_a_draft_carries_the_mean_log_probability_of_what_is_written() -> None:
    model = DeltaModel(
        YES, [Delta("Cats", logprob=-0.2), Delta(" sleep.", logprob=-0.4), Delta("", completion_tokens=3)]
    )
    *_, last = read.draft(model, "What do cats do?", CATS, 20)
    assert last.draft.logprob == pytest.approx(-0.3)


@pytest.mark.parametrize(
    ("reply", "stated"),
    [
        ("Yes", True),
        (" yes.", True),
        ("**Yes**", True),
        ("Answer: Yes", True),
        ("No.", False),
        ("The document does.", None),
        ("Not quite", None),
        ("", None),
    ],
)
def test_what_is_neither_yes_nor_no_is_neither(reply: str, stated: bool | None) -> None:
    *_, last = read.draft(DeltaModel([Delta(reply)], [Delta("Cats sleep.")]), "What do cats do?", CATS, 20)
    assert last.draft == Draft("Cats sleep.", Verdict(stated))


def test_how_likely_yes_was_is_measured_against_no_alone() -> None:
    verdict = Delta("No", alternatives={"Yes": math.log(0.2), " No": math.log(0.6), "The": math.log(0.2)})
    other = Delta("No", alternatives={"Yes": math.log(0.1), "No": math.log(0.9)})
    model = DeltaModel([verdict], [other], [Delta("Cats sleep.")])
    *_, last = read.draft(model, "What do cats do?", CATS, 20)
    found = last.draft.verdict
    assert not found.stated
    assert found.probability == pytest.approx(0.25)
    assert found.baseline == pytest.approx(0.1)
    assert model.calls[1] == read.prompt(prompts.UNRELATED, CATS, prompts.STATED)
    assert last.usage is not None
    assert last.usage.calls == 3
    assert read.yes_probability({"The": -0.1}) is None


def test_what_is_known_of_the_evidence_is_not_asked_again() -> None:
    verdict = Delta("Yes", alternatives={"Yes": math.log(0.8), "No": math.log(0.2)})
    *_, last = read.draft(DeltaModel([verdict], [Delta("Cats sleep.")]), "What do cats do?", CATS, 20, baseline=0.3)
    assert last.draft.verdict == Verdict(stated=True, probability=pytest.approx(0.8), baseline=0.3)  # type: ignore[arg-type]
    assert read.baseline(DeltaModel([verdict]), CATS) == pytest.approx(0.8)
    assert read.baseline(DeltaModel(YES), CATS) is None


def test_a_model_that_writes_nothing_makes_an_empty_draft() -> None:
    _, last = read.draft(DeltaModel(YES, []), "What do cats do?", CATS, 20)
    assert last.final
    assert last.draft == Draft("", STATED)


def test_a_probability_is_at_most_one() -> None:
    assert read.probability({"Yes": 0.0, "yes ": 0.0}, "yes") == 1.0
    assert read.probability({"The": 0.0}, "yes") == 0.0


@pytest.mark.parametrize(
    ("text", "declines"),
    [
        ("Not stated.", True),
        ("not stated", True),
        ("The age is not stated.", True),
        ("The age is not mentioned in the document.", True),
        ("The document does not state how old she is.", True),
        ("The passage doesn't say.", True),
        ("I'm sorry, but nothing is said of that.", True),
        ("The age was not stated by Berg.", False),
        ("The documents were not signed.", False),
        ("Berg did not state her age.", False),
        ("It states nothing.", False),
        ("There is no information about that.", True),
        ("The provided text does not say.", True),
        ("I don't know.", True),
        ("No answer is given.", True),
        ("The article does not permit nuclear weapons.", False),
        ("The documents did not reach Berlin until 1945.", False),
        ("The document that Nixon signed did not mention Cambodia.", False),
        ("Sorry, Wrong Number was directed by Anatole Litvak.", False),
    ],
)
def test_a_draft_that_says_that_nothing_is_stated_declines(text: str, declines: bool) -> None:
    assert read.declines(text) is declines
