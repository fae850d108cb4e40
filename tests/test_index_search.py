"""What a search takes and gives beside the ranking: filters, near-duplicates, rerankers, neighbours, headings."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant import Assistant
from index import Document, Hit, Index, Passage, search
from index.types import Heading, Retrieval
from tests.fakes import ScriptedLLM
from tests.index_fakes import model


def document(name: str, text: str, **metadata: str) -> Document:
    return Document(name, (name,), name, text, "text/plain", name, metadata=metadata)


@pytest.fixture
def ix(tmp_path: Path) -> Iterator[Index]:
    with Index.open(tmp_path / "ix", model()) as opened:
        yield opened


def found(hits: list[Hit]) -> list[str]:
    return [hit.passage.source for hit in hits]


def test_a_search_is_confined_by_what_the_documents_tell(ix: Index) -> None:
    ix.add_documents(
        [
            document("a", "Cats purr at night.", author="Ann", year="2024"),
            document("b", "Cats purr by day.", author="Bob", year="2024"),
            document("c", "Cats purr always, it seems.", author="Ann", year="2025"),
        ]
    )
    assert set(found(ix.search("cats", where={"author": "Ann"}))) == {"a", "c"}
    assert found(ix.search("cats", where={"author": "Ann", "year": "2024"})) == ["a"]
    assert set(found(ix.search("cats", where={"author": ["Ann", "Bob"], "year": "2024"}))) == {"a", "b"}
    assert found(ix.search("cats", where={"year": "1999"})) == []
    assert set(found(ix.search("cats", where={"media_type": "text/plain"}))) == {"a", "b", "c"}
    with pytest.raises(
        ValueError, match=r"can be told by 'colour'; .*: source, path, document_id, media_type, author, year"
    ):
        ix.search("cats", where={"colour": "red"})


def test_a_search_is_confined_to_any_number_of_documents(ix: Index) -> None:
    ix.add_documents([document(f"{n:03}", f"Cats purr in house {n}.") for n in range(300)])
    many = [f"{n:03}" for n in range(0, 300, 2)]
    assert set(found(ix.search("cats purr", k=300, where={"source": many}))) == set(many)


def test_a_background_counts_by_its_weight(ix: Index) -> None:
    texts = ("Cats purr at night.", "Dogs bark at night.", "Cats climb trees.", "The night is long.")
    ix.add_documents([document(text, text) for text in texts])
    for weight in (0.0, 0.25, 1.0, 3.0):
        hits = ix.search("night", k=10, background={"cats purr": weight})
        parts = [(1.0, {hit.passage.id: hit for hit in ix.search("night", k=10)})]
        if weight:
            parts.append((weight, {hit.passage.id: hit for hit in ix.search("cats purr", k=10)}))
        for hit in hits:
            for name in ("vectors", "lexical"):
                expected = sum(part * (hits_[hit.passage.id].scores.get(name, 0.0)) for part, hits_ in parts)
                assert hit.scores.get(name, 0.0) == pytest.approx(expected, abs=1e-3), (weight, name, hit.passage.text)
    assert found(ix.search("night", background={"cats purr": 1.0}))[0] == "Cats purr at night."
    assert found(ix.search("night", background={"dogs bark": 1.0}))[0] == "Dogs bark at night."


def test_a_background_of_nothing_changes_nothing(ix: Index) -> None:
    ix.add_documents([document("a", "Cats purr at night."), document("b", "Dogs bark.")])
    assert ix.search("cats", background={" ": 1.0, "dogs": 0.0}) == ix.search("cats")
    assert ix.search(" ", background={"dogs": 1.0}) == []
    assert found(ix.search("cats", background={"dogs \ud800": 5.0}))[0] == "b"
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="can't be below 0"):
            ix.search("cats", background={"dogs": wrong})


@pytest.mark.parametrize("by", ["vectors", "lexical"])
def test_a_background_counts_for_each_retriever_alone(ix: Index, by: Retrieval) -> None:
    ix.add_documents([document("a", "Cats purr at night."), document("b", "Dogs bark at night.")])
    assert found(ix.search("night", by=by, background={"dogs bark": 1.0}))[0] == "b"
    assert found(ix.search("night", by=by, background={"cats purr": 1.0}))[0] == "a"


PARAGRAPH = "The committee met on Monday and agreed that the budget of 2024 is to be raised by a tenth of its sum. "


def test_near_duplicates_are_folded_into_the_best(ix: Index) -> None:
    ix.add_documents(
        [
            document("draft", PARAGRAPH * 2 + "It is not final."),
            document("copy", PARAGRAPH * 2 + "It is not yet final."),
            document("later", PARAGRAPH.replace("2024", "2025") * 2 + "It is not final."),
            document("other", "The budget of the committee was debated for a year, on Mondays and on Fridays alike."),
        ]
    )
    hits = ix.search("Which budget did the committee agree on?")
    assert len(hits) == 3
    twins = next(hit for hit in hits if hit.duplicates)
    assert {twins.passage.source, *(one.source for one in twins.duplicates)} == {"draft", "copy"}
    assert all(isinstance(one, Passage) for one in twins.duplicates)


@pytest.mark.parametrize("other", ["30 days", "never 60 days", "Monday 60 days"])
def test_what_answers_differ_in_is_not_folded(other: str) -> None:
    said = "the deposit is paid back within {} after the flat has been given back and looked at by both of us"
    hits = [hit(said.format("60 days"), 2), hit(said.format(other), 1)]
    assert len(search.fold(hits, 9)) == 2


def test_what_stands_behind_many_duplicates_is_found(ix: Index) -> None:
    copies = [document(f"copy{n}", f"{PARAGRAPH} And so it was said, {'x' * (n + 1)}.") for n in range(120)]
    others = [document(f"other{n}", f"The budget of house{n} was raised by the committee.") for n in range(20)]
    ix.add_documents([*copies, *others])
    assert len(ix.search("Which budget did the committee raise on Monday?", k=10)) == 10


def hit(text: str, score: float) -> Hit:
    return Hit(Passage(text, "d", "s", "n", "t", text, 0, len(text), ()), score)


def test_folding_keeps_k_and_looks_no_further() -> None:
    def hits() -> Iterator[Hit]:
        yield hit("one two three four", 3)
        yield hit("one, two, three: four!", 2)
        yield hit("five six seven", 1)
        yield hit("eight nine ten", 0)
        raise AssertionError("nobody needs this one")

    kept = search.fold(hits(), 2)
    assert [one.score for one in kept] == [3, 1]
    assert [one.text for one in kept[0].duplicates] == ["one, two, three: four!"]
    assert search.fold([hit("", 1), hit("...", 0), hit("word", 0)], 9)[1].passage.text == "word"


class Shortest(BaseNodePostprocessor):
    """Prefers the shortest, leaves out those that say "not", and adds a node of its own."""

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        assert query_bundle is not None
        assert query_bundle.query_str == "cats"
        kept = sorted((one for one in nodes if " not" not in one.text), key=lambda one: len(one.text))
        scored = [NodeWithScore(node=one.node, score=float(-len(one.text))) for one in kept]
        return [NodeWithScore(node=TextNode(text="invented"), score=1.0), *scored]


def test_a_reranker_has_the_last_word(tmp_path: Path) -> None:
    with Index.open(tmp_path / "ix", model(), reranker=Shortest()) as ix:
        ix.add_documents(
            [document("a", "Cats, cats, cats and cats."), document("b", "Cats do not."), document("c", "A cats.")]
        )
        hits = ix.search("cats")
        assert found(hits) == ["c", "a"]
        assert [one.score for one in hits] == [-7.0, -26.0]
        assert set(hits[0].scores) == {"vectors", "lexical"}


def test_a_passage_knows_its_neighbours_and_headings(ix: Index) -> None:
    parts = ["Guide", "Cats", "Cats purr. " * 50, "Food", "They eat fish. " * 30, "Dogs", "Dogs bark. " * 50]
    text = "\n\n".join(part.strip() for part in parts)
    levels = {"Guide": 1, "Cats": 2, "Food": 3, "Dogs": 2}
    headings, at = [], 0
    for part in parts:
        if part in levels:
            headings.append(Heading(at, at + len(part), levels[part]))
        at += len(part.strip()) + 2
    ix.add_documents(
        [Document("g", ("guide",), "Guide", text, "text/plain", "g", headings=tuple(headings))],
    )
    assert ix.document("g").headings == tuple(headings)
    passages = ix.passages("g")
    assert [one.headings for one in passages] == [
        ("Guide", "Cats"),
        ("Guide", "Cats", "Food"),
        ("Guide", "Dogs"),
    ]
    assert [one.text.split("\n")[0] for one in passages] == ["Guide", "Food", "Dogs"]
    assert ix.neighbours(passages[1]) == passages
    assert ix.neighbours(passages[0], before=5, after=0) == passages[:1]
    assert ix.search("fish")[0].passage == passages[1]
    ix.remove("guide")
    assert ix.neighbours(passages[1]) == []


def test_an_assistant_asks_the_reranker_too(tmp_path: Path) -> None:
    class Last(BaseNodePostprocessor):
        def _postprocess_nodes(
            self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
        ) -> list[NodeWithScore]:
            return nodes[-1:]

    with Index.open(tmp_path / "ix", model()) as ix:
        ix.add_documents([document("a", "Cats purr."), document("b", "Dogs bark at cats.")])
    llm = ScriptedLLM(["Not stated."])
    with Assistant.open(tmp_path / "ix", llm, model(), reranker=Last()) as assistant:
        assert len(assistant.ask("Do cats purr?").hits) == 1
