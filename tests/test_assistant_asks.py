"""What a question asks for, and whether a sentence is that."""

import pytest

from assistant import asks


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who opened the bakery?", "name"),
        ("By whom was it opened?", "name"),
        ("What is the name of the bridge?", "name"),
        ("When was it opened?", "time"),
        ("In what year was it opened?", "time"),
        ("On exactly which date will it open?", "time"),
        ("And in May, when is it open?", "time"),
        ("How long ago was that?", "time"),
        ("How many rooms are there?", "number"),
        ("What percentage of people agree?", "number"),
        ("What was the price of a ticket?", "number"),
        ("Why did it close?", "why"),
        ("For what reason did it close?", "why"),
        ("How come it closed?", "why"),
        ("Did it close?", "yes-no"),
        ("So was it sold?", "yes-no"),
        ("Under the old rules, were guests allowed when it rained?", "yes-no"),
        ("Hasn't it closed yet?", "yes-no"),
        ("Is it in Oslo or in Bergen?", "other"),
        ("Won't it close?", "yes-no"),
        ("Does the U.S. defend Japan?", "yes-no"),
        ("Did Mr. Carter visit Tokyo?", "yes-no"),
        ("May I know who opened it?", "name"),
        ("Do you happen to know when it opened?", "time"),
        ("When was the bridge opened? By whom?", "name"),
        ("Who opened the bakery? And when was that?", "time"),
        ("How much is a room? And for five?", "number"),
        ("When guests arrive, what must they sign?", "other"),
        ("Of those who came, how many left?", "number"),
        ("What did he do, when did he go?", "other"),
        ("In what capacity did Berg attend?", "other"),
        ("Can you tell me who opened it?", "name"),
        ("Could you please explain the rules?", "several"),
        ("Can we keep a dog?", "yes-no"),
        ("I have a dog. Can it stay?", "yes-no"),
        ("Is it open? If so, when does it close?", "time"),
        ("What gadget did they use to tell how long it took?", "other"),
        ("I was here in May. What's the price of a room?", "number"),
        ("Summarise the article.", "several"),
        ("What are the main points?", "several"),
        ("What is the difference between the two?", "several"),
        ("Tell me about the trip.", "several"),
        ("Can you tell me a bit about the trip?", "several"),
        ("What does the lease say about dogs?", "several"),
        ("What did Anna say about dogs?", "other"),
        ("What was said about dogs?", "several"),
        ("What is the manual about?", "several"),
        ("What is the baker worried about?", "other"),
        ("What did it sell?", "other"),
        ("Which bridge did the rain damage?", "other"),
        ("", "other"),
        ("?", "other"),
    ],
)
def test_the_kind_of_a_question(question: str, kind: asks.Kind) -> None:
    assert asks.kind(question) == kind


@pytest.mark.parametrize(
    ("question", "claim", "fits"),
    [
        ("How many rooms are there?", "There are twelve rooms.", True),
        ("How many rooms are there?", "There are several rooms.", True),
        ("How many sisters has he?", "He has one sister.", True),
        ("How long did the repair take?", "The repair was done within a year.", True),
        ("How long is the trip?", "It is a three-day visit.", True),
        ("How often did it ring?", "It rang once.", True),
        ("How often is it cleaned?", "It is cleaned daily.", True),
        ("How tall is it?", "It was measured last year.", False),
        ("When was it opened?", "It was opened in May.", True),
        ("How many rooms are there?", "There are rooms for guests.", False),
        ("How old were the 3 guests?", "The 3 guests were old.", False),
        ("When was it opened?", "It was opened in 1987.", True),
        ("When was it opened?", "It was opened last spring.", True),
        ("When was it opened?", "It was opened by Anna Berg.", False),
        ("When may they leave?", "They may leave if nobody objects.", True),
        ("On which date was it opened?", "It was opened at the end of April.", False),
        ("On which date was it opened?", "It was opened on 4 April.", True),
        ("What is the name of the official who came?", "A senior official came.", False),
        ("What is the name of the official who came?", "The official was Anna Berg.", True),
        ("Who opened it?", "Anna opened it.", True),
        ("Was it opened?", "Yes, it was opened.", True),
        ("What did it sell?", "It did sell.", False),
        ("What did it sell?", "It sold bread.", True),
    ],
)
def test_whether_a_claim_is_of_the_kind_asked_for(question: str, claim: str, fits: bool) -> None:
    assert asks.fits(question, claim) == fits


@pytest.mark.parametrize(
    ("sentence", "said", "rest"),
    [
        ("Yes, it was.", "Yes", "it was."),
        ("no: it was not.", "No", "it was not."),
        ("No. It was not.", "No", "It was not."),
        ("No.", "No", ""),
        ("Yes", "Yes", ""),
        ("No cakes are sold.", "", "No cakes are sold."),
        ("No. 5 is open.", "", "No. 5 is open."),
        ("“Yes.” Dogs are welcome.", "Yes", "Dogs are welcome."),
        ("**Yes.** It was.", "Yes", "It was."),
        ("Yes\nDogs are welcome.", "Yes", "Dogs are welcome."),
        ("Yesterday it was.", "", "Yesterday it was."),
        ("", "", ""),
    ],
)
def test_what_a_sentence_begins_with(sentence: str, said: str, rest: str) -> None:
    assert asks.polarity(sentence) == (said, rest)


def test_the_word_that_asks_is_known() -> None:
    assert asks.asking_word("By whom was it opened?") == "whom"
    assert asks.asking_word("When it rains, where do they go?") == "where"
    assert asks.asking_word("Is it open?") == ""
