"""What more than a sentence is asked for, and of what."""

import pytest

from assistant import asks, longer


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("Tell me about the boat trip.", "the boat trip"),
        ("Hello! Tell me about the boat trip.", "the boat trip"),
        ("Could you please summarise the life of Anna Berg?", "the life of Anna Berg"),
        ("Hi, can you summarise the life of Anna Berg for me, please?", "the life of Anna Berg"),
        ("Give me a short overview of the Ossel", "the Ossel"),
        ("I'd like a summary of the study in three sentences.", "the study"),
        ("Compare Quiet mode and Laundry mode.", "Quiet mode and Laundry mode"),
        ("What are the differences between cats and dogs?", "cats and dogs"),
        ("What does the lease say about dogs?", "dogs"),
        ("What was said about dogs?", "dogs"),
        ("What is the manual about?", "the manual"),
        ("List what she wrote about", "what she wrote about"),
        ("Also, list the prices", "the prices"),
    ],
)
def test_what_is_to_be_told_is_told_apart_from_how(question: str, subject: str) -> None:
    assert longer.asked(question)
    assert longer.subject(question) == subject
    assert not longer.whole(question)


@pytest.mark.parametrize(
    "question",
    [
        "Summarise the article.",
        "Ok, summarise the article.",
        "Thanks! Now summarise the document",
        "Please summarise the article, thanks",
        "Summarise this for me.",
        "Summarise both documents briefly",
        "Summarise the attached document in three sentences",
        "Summary please",
        "I'd like a summary of the whole thing.",
        "What are the main points of this text?",
        "What's it all about?",
        "So what is this about?",
        "What is in the document?",
        "Describe the contents of the document",
    ],
)
def test_all_of_a_document_is_asked_for_without_saying_which(question: str) -> None:
    assert longer.asked(question)
    assert longer.whole(question)
    assert longer.subject(question) == ""


@pytest.mark.parametrize("question", ["Explain it.", "Compare", "List", "Name two."])
def test_a_bare_verb_asks_for_no_document(question: str) -> None:
    assert not longer.whole(question)
    assert longer.subject(question) == ""


@pytest.mark.parametrize(
    "question",
    [
        "Who opened the bakery?",
        "What did Anna say about dogs?",
        "What is the baker worried about?",
        "What is written on the door?",
        "What was written on the sign?",
        "Who wrote the book about bees?",
        "List price of the D40?",
        "Outline planning permission: when was it granted?",
        "Contrast ratio of the screen?",
        "What is the summary judgment?",
        "When was the list published?",
        "",
        "?",
    ],
)
def test_what_a_sentence_answers_asks_for_no_more(question: str) -> None:
    assert not longer.asked(question)
    assert not longer.whole(question)
    assert asks.kind(question) != "several"
