"""Hits as LlamaIndex's nodes, and back from its rerankers. Importing this costs seconds: only who needs nodes does."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

from index.types import Hit


def reranked(query: str, hits: Sequence[Hit], reranker: BaseNodePostprocessor) -> list[Hit]:
    """Order hits as a reranker does, with its scores.

    Args:
        query: What was searched for.
        hits: What was found, best first.
        reranker: It may leave hits out; nodes of its own making are passed over, since passages are cut from documents.

    Returns:
        Those it kept, in its order.
    """
    by_id = {hit.passage.id: hit for hit in hits}
    kept = reranker.postprocess_nodes([of_hit(hit) for hit in hits], query_str=query)
    found = [(by_id[one.node.node_id], one.score) for one in kept if one.node.node_id in by_id]
    return [replace(hit, score=hit.score if score is None else float(score)) for hit, score in found]


def of_hit(hit: Hit) -> NodeWithScore:
    """A hit as a node: its text is the passage, its metadata where that is from."""
    passage = hit.passage
    metadata = {"source": passage.source, "title": passage.title, "page": passage.page}
    node = of_span(
        passage.id, passage.text, passage.start, passage.end, document_id=passage.document_id, metadata=metadata
    )
    return NodeWithScore(node=node, score=hit.score)


def of_span(id_: str, text: str, start: int, end: int, *, document_id: str, metadata: dict[str, Any]) -> TextNode:
    """A span of a document as a node."""
    return TextNode(
        id_=id_,
        text=text,
        start_char_idx=start,
        end_char_idx=end,
        metadata=metadata,
        # What the embedding and the prompt of somebody else's pipeline see is the text alone.
        excluded_embed_metadata_keys=list(metadata),
        excluded_llm_metadata_keys=list(metadata),
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document_id)},
    )
