"""Which passages are read, in which order, within the budget."""

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from assistant import context
from index import split
from index.types import Hit
from tests.fakes import document

TEXTS = st.lists(st.sampled_from(["One word.", "Two more words. And then some.", "word " * 60]), min_size=1, max_size=8)
# What a machine without a network sees: proxies where nobody listens.
DEAD = "http://127.0.0.1:9"


def hits(texts: list[str], ranks: list[int]) -> list[Hit]:
    passages = [split.passages(document(text, f"{number}.txt"))[0] for number, text in enumerate(texts)]
    return [Hit(passages[rank], 1.0 / place) for place, rank in enumerate(ranks, start=1)]


@given(TEXTS, st.integers(1, 300), st.randoms(use_true_random=False))
def test_the_best_that_fits_is_read_in_the_order_of_the_documents(
    texts: list[str], budget: int, random: object
) -> None:
    ranks = list(range(len(texts)))
    getattr(random, "shuffle")(ranks)  # noqa: B009 - hypothesis names no type for it
    found = hits(texts, ranks)
    read = context.fit(found, budget)
    assert [item.number for item in read] == list(range(1, len(read) + 1))
    assert found[0].passage in [item.passage for item in read]
    assert sorted(item.passage.source for item in read) == [item.passage.source for item in read]
    assert all(item.sentences == item.passage.sentences for item in read)
    spent = sum(context.tokens(item.text) + context.LINE_TOKENS for item in read)
    assert spent <= budget or len(read) == 1
    for hit in found:
        cost = context.tokens(hit.passage.text) + context.LINE_TOKENS
        better = [item for item in read if ranks.index(int(item.passage.source[0])) < found.index(hit)]
        before = sum(context.tokens(item.text) + context.LINE_TOKENS for item in better)
        assert hit.passage in [item.passage for item in read] or before + cost > budget


def test_the_same_passages_make_the_same_evidence_whatever_their_ranks() -> None:
    texts = ["One word.", "Two words.", "Three words."]
    assert context.fit(hits(texts, [2, 0, 1]), 500) == context.fit(hits(texts, [1, 2, 0]), 500)


def test_passages_of_one_document_stand_in_its_order() -> None:
    passages = split.passages(document("Cats sleep. Dogs bark. Birds sing.", "d.txt"), 12)
    assert len(passages) == 3
    read = context.fit([Hit(passage, 1.0) for passage in reversed(passages)], 500)
    assert [item.text for item in read] == ["Cats sleep.", "Dogs bark.", "Birds sing."]


def test_nothing_found_is_nothing_read() -> None:
    assert context.fit([], 100) == ()


def test_a_control_token_in_a_text_is_counted_as_text() -> None:
    assert context.tokens("<|endoftext|>") > 1


def test_tokens_are_counted_without_a_network(tmp_path: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if "TIKTOKEN" not in name and "DATA_GYM" not in name}
    offline = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), DEAD)
    temporary = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", "from assistant.context import tokens; print(tokens('To be, or not to be'))"],
        env=bare | offline | temporary,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "7"), done.stderr


BERG = "Cats sleep most of the day. Anna Berg opened the Oslo bakery in 1987. It sells bread."
DAHL = "Nils Dahl keeps the keys. Dogs bark at night."


def test_the_sentences_that_a_question_is_about_are_read_first() -> None:
    found = hits([DAHL, BERG], [0, 1])
    (one,) = context.narrow(found, "When was the Oslo bakery opened?", 20)
    assert one.text == "Anna Berg opened the Oslo bakery in 1987."
    assert one.number == 1


def test_sentences_that_follow_one_another_are_one_piece_of_evidence_and_others_are_not() -> None:
    text = "Anna bakes bread. Anna bakes cakes. Dogs bark at night. Anna bakes rolls."
    read = context.narrow(hits([text], [0]), "What does Anna bake?", 30)
    assert [item.text for item in read] == ["Anna bakes bread. Anna bakes cakes.", "Anna bakes rolls."]
    assert [item.number for item in read] == [1, 2]


@given(TEXTS, st.integers(1, 100))
def test_what_is_narrowed_fits_and_is_in_the_order_of_the_documents(texts: list[str], budget: int) -> None:
    read = context.narrow(hits(texts, list(range(len(texts)))), "Two words?", budget)
    sentences = [(item.passage.source, sentence.start) for item in read for sentence in item.sentences]
    assert sentences == sorted(set(sentences))
    spent = sum(
        context.tokens(item.words(sentence)) + context.LINE_TOKENS for item in read for sentence in item.sentences
    )
    assert spent <= budget or len(sentences) == 1


def test_of_nothing_nothing_is_read() -> None:
    assert context.narrow([], "What?", 100) == ()
