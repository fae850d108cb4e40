"""The pipeline as LlamaIndex sees it."""

import asyncio

from llama_index.core.schema import MetadataMode, NodeRelationship, TextNode

from assistant import llm
from assistant.core import Assistant
from assistant.engine import FootnotedQueryEngine, FootnotedRetriever
from assistant.settings import Settings
from index import Index
from tests.fakes import ScriptedLLM

MINISTER = "Who is Japan's foreign minister?"


def engine(index: Index, *replies: str) -> FootnotedQueryEngine:
    return FootnotedQueryEngine(Assistant(index, llm.wrap(ScriptedLLM(replies)), Settings(risk=1.0)))


def test_the_retriever_gives_what_the_search_finds(article: Index) -> None:
    found = FootnotedRetriever(article, k=2).retrieve(MINISTER)
    hits = article.search(MINISTER, 2)
    assert [(one.node.node_id, one.score) for one in found] == [(hit.passage.id, hit.score) for hit in hits]
    node = found[0].node
    assert isinstance(node, TextNode)
    document = article.document(hits[0].passage.document_id)
    assert document.text[node.start_char_idx : node.end_char_idx] == node.text
    assert node.metadata["source"] == document.source
    assert node.get_content(MetadataMode.LLM) == node.text, "no metadata in other people's prompts"
    assert asyncio.run(FootnotedRetriever(article, k=2).aretrieve(MINISTER))[0].node == node


def test_the_source_nodes_of_a_response_are_the_cited_spans(article: Index) -> None:
    both = "Who is Japan's foreign minister, and when were the rules last revised?"
    response = engine(article, "It is Fumio Kishida. The rules were last revised in 1997.").query(both)
    assert response.metadata is not None
    answer = response.metadata["answer"]
    assert str(response) == answer.text == "It is Fumio Kishida [1]. The rules were last revised in 1997 [2]."
    nodes = [one.node for one in response.source_nodes]
    assert [node.metadata["marker"] for node in nodes] == [1, 2]
    for node, citation in zip(nodes, answer.citations, strict=True):
        assert isinstance(node, TextNode)
        assert (node.text, node.start_char_idx, node.end_char_idx) == (citation.quote, citation.start, citation.end)
        assert node.ref_doc_id == citation.document_id
        assert NodeRelationship.SOURCE in node.relationships


def test_a_refusal_is_a_response_without_sources(article: Index) -> None:
    response = asyncio.run(engine(article, "Not stated.").aquery("What is the capital of France?"))
    assert response.source_nodes == []
    assert response.metadata is not None
    assert response.metadata["answered"] is False
    assert "France" in str(response)
