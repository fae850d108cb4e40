"""Small talk and questions that ask nothing, told from questions to the documents."""

import pytest

from assistant.dialogue import aside, reply
from assistant.types import Turn

TITLES = ["Bread", "Bridges", "Cats", "Dogs"]
BEFORE = [Turn("user", "What do cats do?")]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        *((said, "greeting") for said in ("Hello", "hi there!", "Good morning.", "HEY")),
        *((said, "thanks") for said in ("Thanks!", "ok, thank you very much", "Great.", "Bye", "got it, thanks")),
    ],
)
def test_small_talk_is_small_talk_whatever_went_before(said: str, kind: str) -> None:
    assert aside(said, []) == aside(said, BEFORE) == kind


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        *(
            (said, "capabilities")
            for said in (
                "What can I ask?",
                "What can I ask you about?",
                "what can you do for me?",
                "Help!",
                "Who are you?",
                "Which documents do you have?",
                "What are these documents about?",
                "How do you work?",
                "What questions can I ask?",
            )
        ),
        *(
            (said, "vague")
            for said in (
                "Why?",
                "Tell me more.",
                "What about it?",
                "And then?",
                "???",
                "Explain that, please.",
                "What is it?",
            )
        ),
        ("List the documents you have.", "capabilities"),
    ],
)
def test_what_asks_for_nothing_gets_a_question_back_unless_something_went_before(said: str, kind: str) -> None:
    assert aside(said, []) == kind
    # What can be asked can be asked at any time.
    assert aside(said, BEFORE) == (kind if kind == "capabilities" else None)


def test_a_reply_names_some_of_what_can_be_asked_about() -> None:
    kind, text = reply("greeting", TITLES, 9)
    assert (kind, text[:6]) == ("chat", "Hello.")
    assert "what 9 documents say: “Bread”, “Bridges”, “Cats” and 6 others." in text
    assert reply("capabilities", TITLES[:1], 1)[1].startswith("Ask me what this document says: “Bread”.")
    kind, text = reply("vague", TITLES[:2], 2)
    assert (kind, text.partition("?")[0]) == ("clarification", "What is it that you would like to know")
    assert "“Bread” and “Bridges”." in text
    assert reply("which", TITLES, 9)[1].startswith("Which document do you mean? Ask me what 9 documents say: “Bread”")
    assert reply("which", [], 0)[1].startswith("There are no documents")
    assert reply("thanks", TITLES, 9)[0] == "chat"


def test_without_documents_nothing_can_be_asked() -> None:
    assert reply("capabilities", [], 0)[1].startswith("There are no documents")


@pytest.mark.parametrize(
    "said",
    [
        "What can cats do?",
        "Who are the ministers?",
        "What is this bridge called?",
        "Thank you for what, does the letter say?",
        "Help desk hours?",
        "Hello Kitty was designed by whom?",
        "When did he say more about it than his counterpart?",
        "Why 1997?",
        "为什么?",
        "Qué es esto?",
        "Where was it?  Oslo?",
        "What is the document about?",
        "What is this about?",
        "Summarise it.",
        "Give me an overview of the text.",
        "What is C?",
        "Summarise C++.",
        "What is the lease about?",
        "What is C++?",
        "What is R?",
        "What is Go?",
        "Who is Will?",
        "Who are The Who?",
        "How does it work, the bridge?",
    ],
)
def test_whatever_could_be_a_question_to_the_documents_is_one(said: str) -> None:
    assert aside(said, []) is None
