"""The embedded MiniLM itself, on the article that ships."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import seeds
from index import Index
from index.core import DEFAULT_MODEL
from index.embed import MiniLM

ARTICLE = "000_2370e6ea2087606b.txt"


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


@pytest.fixture(scope="module")
def ix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with Index.open(tmp_path_factory.mktemp("seeds") / "ix") as opened:
        opened.add([Path(seeds.PATH) / ARTICLE])
        yield opened


def test_vectors_have_length_one_and_do_not_depend_on_their_company(minilm: MiniLM) -> None:
    texts = [f"Sentence number {n} says " + "something more " * (n % 9) for n in range(21)]
    together = minilm.encode(texts)
    assert together.shape == (21, 384)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([minilm.encode([text]) for text in texts])
    # int8 activations are scaled by batch, so that the last digits differ.
    assert np.min(np.sum(together * alone, axis=1)) > 0.97


def test_meaning_is_near(minilm: MiniLM) -> None:
    cat, kitten, stock = minilm.encode(["A cat sleeps.", "The kitten is napping.", "Stocks fell on Monday."])
    assert cat @ kitten > 0.5
    assert cat @ stock < 0.2


def test_it_is_a_llamaindex_embedding(minilm: MiniLM) -> None:
    assert minilm.model_name == DEFAULT_MODEL
    one = minilm.get_query_embedding("A cat sleeps.")
    assert one == minilm.get_text_embedding_batch(["A cat sleeps."])[0]
    assert np.asarray(one).shape == (384,)
    assert minilm.encode([]).shape == (0, 384)
    assert np.isfinite(minilm.encode([""])).all()


def test_threads_get_what_they_asked_for(minilm: MiniLM) -> None:
    texts = [f"This is about number {n}." for n in range(24)]
    expected = [minilm.get_query_embedding(text) for text in texts]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(minilm.get_query_embedding, texts)) == expected


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Who is Japan's Defence Minister?", "Gen Nakatani"),
        ("How many American soldiers are based in Japan?", "around 47,000 service personnel"),
        ("When were the guidelines last changed?", "last revised in 1997"),
        ("Which newspaper did Carter speak to?", "Yomiuri Shimbun"),
        ("What may Japan's forces do for an ally?", "come to the aid of an ally under attack"),
    ],
)
def test_the_article_answers_from_its_first_passages(ix: Index, question: str, words: str) -> None:
    hits = ix.search(question, k=2)
    assert words in " ".join(hit.passage.text for hit in hits)
    assert {hit.passage.source for hit in hits} == {ARTICLE}
