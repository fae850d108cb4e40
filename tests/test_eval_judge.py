"""Judges: LlamaIndex's verdicts are read, and what is no verdict is not one."""

import pytest
from llama_index.core.settings import Settings, _Settings

from assistant.llm import wrap
from eval.judge import Judges
from eval.outcome import Reply, Verdict
from eval.suite import Case
from tests.fakes import AnsweringLLM, ScriptedLLM

CASE = Case(id="one", question="Who opened it?", answerable=True, answers=("Anna Berg", "Berg"), kind="fact")
REPLY = Reply(text="It was Anna Berg [1].", kind="answer")
CONTEXTS = ["Anna Berg opened the Oslo bakery in 1987."]


@pytest.fixture(autouse=True)
def no_default_models(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: _Settings) -> None:
        raise AssertionError("a model of the global settings was asked for")

    for name in ("llm", "embed_model"):
        monkeypatch.setattr(type(Settings), name, property(none))


def judged(
    *replies: str | Exception, case: Case = CASE, reply: Reply = REPLY
) -> tuple[dict[str, Verdict], ScriptedLLM]:
    llm = ScriptedLLM(replies)
    return Judges(wrap(llm)).verdicts(case, reply, CONTEXTS), llm


def faithful(said: str) -> float | None:
    return judged(said, "YES", "5\nFine.")[0]["faithfulness"].value


def correct(said: str) -> float | None:
    return judged("YES", "YES", said)[0]["correctness"].value


def test_three_judges_say_what_they_think() -> None:
    verdicts, llm = judged("YES", "NO", "4.0\nIt names her.")
    assert {name: one.value for name, one in verdicts.items()} == {
        "faithfulness": 1.0,
        "relevancy": 0.0,
        "correctness": 0.75,
    }
    assert [one.reason for one in verdicts.values()] == ["YES", "NO", "4.0\nIt names her."]
    assert all("It was Anna Berg." in llm.prompt(call) for call in range(3))
    assert all(CONTEXTS[0] in llm.prompt(call) for call in range(2))
    assert all("Who opened it?" in llm.prompt(call) for call in (1, 2))
    assert "Anna Berg / Berg" in llm.prompt(2)


def test_the_answer_is_judged_without_its_markers() -> None:
    assert "[1]" not in judged("YES", "YES", "5\nFine.")[1].prompt(2)


@pytest.mark.parametrize("kind", ["refusal", "clarification", "chat", "rebuttal"])
def test_only_answers_are_judged(kind: str) -> None:
    verdicts, llm = judged(reply=Reply.model_validate({"text": "Nothing says so.", "kind": kind}))
    assert verdicts == {}
    assert llm.calls == []


@pytest.mark.parametrize(
    "case",
    [CASE.model_copy(update={"answers": ()}), CASE.model_copy(update={"answerable": False})],
    ids=["no reference", "references that mean nothing"],
)
def test_without_a_reference_nobody_says_whether_it_is_correct(case: Case) -> None:
    assert set(judged("YES", "YES", case=case)[0]) == {"faithfulness", "relevancy"}


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("YES", 1.0),
        ("yes, it is.", 1.0),
        ("**No.** The context says 1988.", 0.0),
        ("Answer: NO", 0.0),
        ("The answer is yes", 1.0),
        ("NO. A YES would need more.", 0.0),
        ("There is no contradiction.\nYES", 1.0),
    ],
)
def test_a_verdict_is_read_where_it_stands(said: str, value: float) -> None:
    assert faithful(said) == value


@pytest.mark.parametrize("said", ["The eyes of yesterday.", "There is no contradiction.", "Maybe.", "", "Nothing."])
def test_a_reply_without_a_verdict_is_unscored(said: str) -> None:
    verdict = judged(said, "YES", "5\nFine.")[0]["faithfulness"]
    assert verdict.value is None
    assert "no verdict" in verdict.reason
    assert said in verdict.reason


@pytest.mark.parametrize(
    ("said", "value"),
    [("1", 0.0), ("5\nFine.", 1.0), ("3.0", 0.5), ("**Score: 4/5**\n\nGood.", 0.75), ("\n2\nBad", 0.25)],
)
def test_a_score_of_one_to_five_is_scaled(said: str, value: float) -> None:
    assert correct(said) == value


@pytest.mark.parametrize(
    "said", ["", "0\nBad.", "6\nGreat.", "45", "It is correct.", "There are 3 mistakes.\n2", "4 or 5"]
)
def test_a_reply_without_a_score_is_unscored(said: str) -> None:
    verdict = judged("YES", "YES", said)[0]["correctness"]
    assert verdict.value is None
    assert "no verdict" in verdict.reason


def test_a_judge_that_fails_is_no_verdict_and_stops_no_other() -> None:
    verdicts, _ = judged(ValueError("out of memory"), "YES", "5\nFine.")
    assert verdicts["faithfulness"].value is None
    assert "out of memory" in verdicts["faithfulness"].reason
    assert verdicts["relevancy"].value == 1.0
    assert verdicts["correctness"].value == 1.0


@pytest.mark.parametrize("contexts", [[], [""]])
def test_an_answer_that_rests_on_nothing_can_only_be_compared_with_the_reference(contexts: list[str]) -> None:
    llm = ScriptedLLM(["5\nFine."])
    verdicts = Judges(wrap(llm)).verdicts(CASE, REPLY, contexts)
    assert verdicts["faithfulness"].reason == "there is nothing to judge it by"
    assert {name: one.value for name, one in verdicts.items()} == {
        "faithfulness": None,
        "relevancy": None,
        "correctness": 1.0,
    }


def test_a_follow_up_is_judged_with_what_came_before_it() -> None:
    case = CASE.model_copy(update={"question": "Who did?", "history": (("user", "Was the bakery opened?"),)})
    _, llm = judged("YES", "YES", "5\nFine.", case=case)
    assert all("user: Was the bakery opened?\nuser: Who did?" in llm.prompt(call) for call in (1, 2))


def test_contexts_that_do_not_fit_one_prompt_are_judged_in_turn() -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "YES"

    contexts = ["The bakery sells bread. " * 900, "The bakery sells rolls. " * 900]
    verdicts = Judges(wrap(AnsweringLLM(answer))).verdicts(CASE.model_copy(update={"answers": ()}), REPLY, contexts)
    assert verdicts["faithfulness"].value == 1.0
    assert len(asked) > 2
