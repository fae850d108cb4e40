from dataclasses import replace

from assistant.types import Answer, Citation, Claim, Found, Said, Settled, Turn, Working
from assistant.web.conversation import NEAREST, Conversation, Exchange, Place, Waiting
from index import split
from index.types import Hit, Passage
from tests.fakes import document

TEXT = "Anna Berg opened the bakery in 1987. It sells forty kinds of bread. Nobody knows its secret."


def passage() -> Passage:
    return split.passages(document(TEXT))[0]


def said(sentence: str, quote: str, marker: int) -> Said:
    start = TEXT.index(quote)
    citation = Citation.cut(passage(), start, start + len(quote), marker)
    return Said(f"{sentence} [{marker}]", Claim(sentence, (marker,), 1.0, 0.9), (citation,))


OPENED = said("Anna Berg opened it.", "Anna Berg opened the bakery in 1987.", 1)
SELLS = said("It sells bread.", "It sells forty kinds of bread.", 2)
HITS = (Hit(passage(), 1.0),) * (NEAREST + 2)


def answer(*sentences: Said, **fields: object) -> Answer:
    values: dict[str, object] = {
        "question": "Who?",
        "query": "Who?",
        "text": " ".join(one.text for one in sentences),
        "kind": "answer",
        "confidence": 0.9,
        "citations": tuple(citation for one in sentences for citation in one.citations),
        "hits": HITS,
        "claims": tuple(one.claim for one in sentences),
    }
    return Answer(**{**values, **fields})  # type: ignore[arg-type]


def refusal() -> Answer:
    return answer(kind="refusal", text="They don't say.", reason="They don't say.")


def test_events_are_gathered() -> None:
    conversation = Conversation().asked("Who?")
    for event in (Working("search"), Found("Who?", HITS), OPENED):
        conversation = conversation.told(event)
    exchange = conversation.last
    assert exchange is not None
    assert (exchange.stage, exchange.hits, exchange.said) == ("search", HITS, (OPENED,))
    assert exchange.open
    assert conversation.open
    assert not conversation.told(Settled(answer(OPENED))).open


def test_the_place_in_the_line_is_forgotten_when_the_turn_comes() -> None:
    waiting = Exchange(1, "Who?").told(Waiting(2))
    assert waiting.before == 2
    assert waiting.told(Working("condense")).before == 0


def test_a_footnote_is_a_place_as_soon_as_its_sentence_stands() -> None:
    growing = Exchange(2, "Who?").told(OPENED).told(SELLS)
    settled = growing.told(Settled(answer(OPENED, SELLS)))
    assert growing.places == settled.places == settled.cited
    assert [(place.key, place.label, place.quote) for place in settled.places] == [
        ("a2-1", 1, "Anna Berg opened the bakery in 1987."),
        ("a2-2", 2, "It sells forty kinds of bread."),
    ]
    assert all(TEXT[place.start : place.end] == place.quote for place in settled.places)


def test_what_was_found_is_a_place_until_something_is_said() -> None:
    found = Exchange(3, "Who?").told(Found("Who?", HITS))
    assert [place.key for place in found.places] == ["p3-1", "p3-2", "p3-3"]
    assert [place.key for place in found.told(OPENED).places] == ["a3-1"]
    assert found.told(Settled(answer(OPENED))).places == found.told(OPENED).places


def test_a_refusal_offers_the_nearest_passages_and_cites_nothing() -> None:
    refused = Exchange(3, "Who?").told(Settled(refusal()))
    assert [place.key for place in refused.places] == ["p3-1", "p3-2", "p3-3"]
    assert refused.places[0].quote == passage().text
    assert refused.cited == ()


def test_of_the_nearest_passages_a_refusal_shows_the_sentences_that_are_nearest() -> None:
    settled = Settled(replace(refusal(), query="Which kinds of bread are free?"))
    place = Exchange(3, "And which are free?").told(settled).places[0]
    assert place.quote == TEXT[place.start : place.end] == "It sells forty kinds of bread."


def test_history_has_the_settled_exchanges_with_their_markers() -> None:
    conversation = Conversation().asked("Who?").told(Settled(answer(OPENED))).asked("What?").failed("no model")
    conversation = conversation.asked("Why?").told(Settled(refusal())).asked("And now?")
    assert conversation.history() == [
        Turn("user", "Who?"),
        Turn("assistant", "Anna Berg opened it. [1]"),
        Turn("user", "Why?"),
        Turn("assistant", "They don't say."),
    ]


def test_what_was_said_before_a_stop_belongs_to_the_history() -> None:
    conversation = Conversation().asked("Who?").told(OPENED).stopped().asked("What?").stopped().asked("Why?")
    assert conversation.history() == [Turn("user", "Who?"), Turn("assistant", "Anna Berg opened it. [1]")]


def test_stopping_leaves_what_is_settled_alone() -> None:
    settled = Conversation().asked("Who?").told(Settled(answer(OPENED)))
    assert settled.stopped() == settled
    assert Conversation().stopped() == Conversation()
    stopped = Conversation().asked("Who?").stopped()
    assert stopped.last is not None
    assert stopped.last.stopped
    assert not stopped.open


def test_a_place_is_found_by_its_key_and_no_other() -> None:
    conversation = (
        Conversation().asked("Who?").told(Settled(answer(OPENED))).asked("What?").told(Settled(answer(SELLS)))
    )
    found = conversation.find("a2-2")
    assert found is not None
    exchange, place = found
    assert (exchange.question, place.quote) == ("What?", "It sells forty kinds of bread.")
    assert [conversation.find(key) for key in ("a2-1", "a9-1", "", "p1-1")] == [None] * 4


def test_places_are_plain_values() -> None:
    place = Exchange(1, "Who?").told(OPENED).places[0]
    assert place == Place("a1-1", 1, 0, 36, TEXT[:36], "d.txt", passage().document_sha256, "d.txt", None)
