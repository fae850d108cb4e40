"""A follow-up and its history in, a question that stands alone out."""

import pytest

from assistant import prompts
from assistant.condense import (
    BACKGROUND_NEEDED,
    BACKGROUND_OTHERWISE,
    BACKGROUND_REWRITTEN,
    BACKGROUND_TURNS,
    HISTORY_TOKENS,
    background,
    needs_history,
    prime,
    standalone,
)
from assistant.context import tokens
from assistant.errors import ModelUnreachable
from assistant.llm import Delta, wrap
from assistant.types import Turn
from tests.fakes import DeltaModel, ScriptedLLM

HISTORY = (
    Turn("user", "Who is Japan's Defence Minister?"),
    Turn("assistant", "The Defence Minister is Gen Nakatani [1]."),
)
FOLLOW_UP = "Who was he meeting with?"


@pytest.mark.parametrize(
    "question",
    [
        "And his counterpart?",
        "Who did he meet?",
        "When was it revised?",
        "What about China?",
        "Why?",
        "How many?",
        "In which year?",
        "Are they stationed there?",
        "But when?",
        "What is the capital of that country?",
        "And the US?",
    ],
)
def test_a_follow_up_needs_its_history(question: str) -> None:
    assert needs_history(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who is Japan's foreign minister?",
        "How many US service personnel are stationed in Japan?",
        "When were the rules last revised?",
        "What is the capital of France?",
        "Which newspaper interviewed Carter?",
    ],
)
def test_a_question_that_stands_alone_needs_none(question: str) -> None:
    assert not needs_history(question)


@pytest.mark.parametrize(("question", "history"), [(FOLLOW_UP, ()), ("Which newspaper interviewed Carter?", HISTORY)])
def test_the_model_is_not_asked_where_it_is_not_needed(question: str, history: tuple[Turn, ...]) -> None:
    llm = ScriptedLLM()
    query, usage = standalone(question, history, wrap(llm))
    assert query == question
    assert (usage.calls, llm.calls) == (0, [])


def test_a_follow_up_is_rewritten() -> None:
    llm = ScriptedLLM(["Who was Gen Nakatani meeting with?\n\nHe met Carter."])
    query, usage = standalone(FOLLOW_UP, HISTORY, wrap(llm))
    assert query == "Who was Gen Nakatani meeting with?"
    assert (usage.calls, usage.model) == (1, "scripted")
    assert "User: Who is Japan's Defence Minister?" in llm.prompt()
    assert "Assistant: The Defence Minister is Gen Nakatani.\n" in llm.prompt(), "without the marker"
    assert llm.prompt().endswith(f"Last question: {FOLLOW_UP}\nRewritten question:")


@pytest.mark.parametrize("example", prompts.REWRITTEN)
def test_the_rewritings_that_the_model_is_shown_would_be_used(example: prompts.Rewriting) -> None:
    history = [Turn(role, text) for role, text in example.history]
    assert standalone(example.question, history, wrap(ScriptedLLM([example.reply])))[0] == example.reply


def test_a_rewriting_may_say_a_word_or_two_that_nobody_said() -> None:
    rewritten = "Who was Gen Nakatani meeting with during his job?"
    assert standalone(FOLLOW_UP, HISTORY, wrap(ScriptedLLM([rewritten])))[0] == rewritten


def test_the_tokens_of_a_rewriting_are_counted() -> None:
    model = DeltaModel([Delta("Who was Nakatani"), Delta(" meeting with?", prompt_tokens=90, completion_tokens=8)])
    _, usage = standalone(FOLLOW_UP, HISTORY, model)
    assert (usage.prompt_tokens, usage.completion_tokens, usage.calls) == (90, 8, 1)


@pytest.mark.parametrize(
    "rewriting",
    [
        "Who was Gen Nakatani meeting with in Paris?",
        "Who was Shinzo Abe meeting with?",
        "Who were the 12 people that Nakatani was meeting with?",
        "He was meeting with Ashton Carter.",
        "Which old friend from school was Nakatani meeting with?",
        "Who is the Defence Minister of Japan?",
        "Gen Nakatani",
        "?",
        "",
    ],
)
def test_a_rewriting_that_says_more_than_the_conversation_is_not_used(rewriting: str) -> None:
    query, _ = standalone(FOLLOW_UP, HISTORY, wrap(ScriptedLLM([rewriting])))
    assert query == f"Who is Japan's Defence Minister? {FOLLOW_UP}"


def test_a_request_that_is_rewritten_needs_no_question_mark_but_must_say_of_what() -> None:
    rewritten, _ = standalone(
        "Tell me more about it.", HISTORY, wrap(ScriptedLLM(["Tell me more about Gen Nakatani."]))
    )
    assert rewritten == "Tell me more about Gen Nakatani."
    for echo in ("Explain it.", "Compare them.", "Summarise that."):
        joined, _ = standalone(echo, HISTORY, wrap(ScriptedLLM([echo])))
        assert joined == f"{HISTORY[0].text} {echo}"


def test_a_model_that_fails_does_not_keep_the_question_from_being_asked() -> None:
    query, usage = standalone(FOLLOW_UP, HISTORY, wrap(ScriptedLLM([ModelUnreachable("nothing answers")])))
    assert query == f"Who is Japan's Defence Minister? {FOLLOW_UP}"
    assert usage.calls == 0


def test_a_conversation_that_the_assistant_began_has_nothing_to_join() -> None:
    history = [Turn("assistant", "Ask me about the defence talks.")]
    query, _ = standalone("What about them?", history, wrap(ScriptedLLM(["Who is Jane?"])))
    assert query == "What about them?"


def test_a_long_history_is_read_from_its_end() -> None:
    long = [Turn("user", f"Tell me about number {number}, please, in some detail.") for number in range(200)]
    llm = ScriptedLLM(["Who was number 199 meeting with?"])
    standalone(FOLLOW_UP, long, wrap(llm))
    asked = str(llm.calls[0][-1].content)
    assert "number 199," in asked
    assert "number 0," not in asked
    assert tokens(asked) < HISTORY_TOKENS * 2


def test_of_a_last_turn_that_is_too_long_the_beginning_is_read() -> None:
    llm = ScriptedLLM(["Who was Gen Nakatani meeting with?"])
    query, _ = standalone(FOLLOW_UP, [Turn("user", "Gen Nakatani " + "word " * 2000)], wrap(llm))
    assert query == "Who was Gen Nakatani meeting with?"
    assert len(llm.prompt()) < 3000


def test_what_was_asked_before_counts_in_a_search_the_last_turn_most() -> None:
    history = [Turn("user", "Who opened the bakery?"), Turn("assistant", "Anna Berg [1]."), Turn("user", "In Oslo?")]
    weights = background("And when was it?", history, "When was it in Oslo?")
    assert weights == {
        "Who opened the bakery?": pytest.approx(BACKGROUND_NEEDED / 4),
        "In Oslo?": pytest.approx(BACKGROUND_NEEDED * 3 / 4),
        "When was it in Oslo?": pytest.approx(BACKGROUND_REWRITTEN),
    }


def test_it_counts_for_less_beside_a_question_that_stands_alone() -> None:
    question = "When did Anna Berg open the bakery?"
    weights = background(question, HISTORY, question)
    assert weights == {"Who is Japan's Defence Minister?": pytest.approx(BACKGROUND_OTHERWISE)}
    assert BACKGROUND_OTHERWISE < BACKGROUND_NEEDED


def test_a_first_question_has_no_background() -> None:
    assert background("And when was it?", [], "And when was it?") == {}
    assert background("Why?", [Turn("user", " "), Turn("assistant", "Hello.")], "Why?") == {}


def test_a_question_asked_twice_counts_as_two_turns() -> None:
    asked = [Turn("user", "Who opened the bakery?")] * 2
    assert background("Why?", asked, "Why?") == {"Who opened the bakery?": pytest.approx(BACKGROUND_NEEDED)}


def test_only_so_many_turns_are_searched_for() -> None:
    history = [Turn("user", f"Who owns house {number}?") for number in range(100)]
    weights = background("Why?", history, "Why?")
    assert list(weights) == [f"Who owns house {number}?" for number in range(100 - BACKGROUND_TURNS, 100)]
    assert sum(weights.values()) == pytest.approx(BACKGROUND_NEEDED)


class Keeping(DeltaModel):
    """A model whose prompts can be kept; ``kept`` is what was prepared and kept, in that order."""

    def __init__(self, *replies: list[Delta]) -> None:
        super().__init__(*replies)
        self.kept: list[str] = []

    def prepare(self, key: str) -> None:
        self.kept.append(f"prepared {key}")

    def keep(self, key: str) -> None:
        self.kept.append(f"kept {key}")


def test_what_rewritings_begin_with_is_read_before_the_first_and_kept() -> None:
    model = Keeping([Delta("How old is Anna Berg?")], [Delta("Who was Gen Nakatani meeting with?")])
    prime(model)
    standalone(FOLLOW_UP, HISTORY, model)
    first, second = model.calls
    assert first[:-1] == second[:-1]
    key = model.key(first[:-1])
    assert model.kept == [f"prepared {key}", f"kept {key}"] * 2
