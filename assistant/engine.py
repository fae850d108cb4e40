"""The pipeline as LlamaIndex sees it: a ``BaseRetriever`` over the index, a ``BaseQueryEngine`` over the assistant.

Both fit wherever LlamaIndex takes one: tools, routers, agents, evaluators.
"""

import asyncio

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.core import Assistant
from assistant.types import Answer, Citation
from index import Index, nodes


class FootnotedRetriever(BaseRetriever):
    """Retrieves passages by hybrid search.

    Args:
        index: Where to search.
        k: How many passages at most.
    """

    def __init__(self, index: Index, k: int = 10) -> None:
        super().__init__()
        self._index = index
        self._k = k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [nodes.of_hit(hit) for hit in self._index.search(query_bundle.query_str, self._k)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class FootnotedQueryEngine(BaseQueryEngine):
    """Answers with footnotes.

    The response's text carries the markers; its source nodes are the citations, in the order of their markers: each
    node's text is the cited span, with its offsets. The whole ``Answer`` is in ``response.metadata["answer"]``. A
    refusal is a response whose source nodes, if any, are what is nearest.

    Args:
        assistant: Who answers.
    """

    def __init__(self, assistant: Assistant) -> None:
        super().__init__(CallbackManager([]))
        self._assistant = assistant

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return _response(self._assistant.ask(query_bundle.query_str))

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def _response(answer: Answer) -> Response:
    cited = [NodeWithScore(node=_citation_node(citation), score=answer.confidence) for citation in answer.citations]
    return Response(response=answer.text, source_nodes=cited, metadata={"answer": answer, "answered": answer.answered})


def _citation_node(citation: Citation) -> TextNode:
    metadata = {"source": citation.source, "marker": citation.marker, "page": citation.page}
    name = f"{citation.document_id}:{citation.start}-{citation.end}"
    return nodes.of_span(
        name, citation.quote, citation.start, citation.end, document_id=citation.document_id, metadata=metadata
    )
