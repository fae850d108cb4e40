"""A peer: stock LlamaIndex over Chroma, as most people would write it, with the same models as ours.

Everything is LlamaIndex's default: ``SentenceSplitter`` (1,024 tokens, 200 of them shared), the best 2 passages,
``CitationQueryEngine`` (sources of 512 tokens), ``CondenseQuestionChatEngine`` in front. No model is taken from its
global ``Settings``. What it has no flag for is read from its reply, in its favour. Knows nothing of scores.
"""

import hashlib
import importlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import llama_index.core
from filelock import FileLock, Timeout
from llama_index.core import Document, Response, StorageContext, VectorStoreIndex
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.chat_engine import CondenseQuestionChatEngine
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine, RetrieverQueryEngine
from llama_index.core.response_synthesizers.no_text import NoText
from llama_index.core.schema import BaseNode, NodeWithScore, TextNode

from assistant.clock import Clock
from assistant.ground import strip_markers
from assistant.llm import Model
from eval.errors import EvalError
from eval.footnoted import PASSAGES, supplied_sources
from eval.llama import ModelLLM
from eval.measures.text import contains
from eval.outcome import Cited, Outcome, Place, Reply
from eval.replies import KeptModel
from eval.suite import Case, Suite
from eval.wording import markers, named, plain, refuses
from index.types import Document as Text

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

EXTRA = "llama_index.vector_stores.chroma"


class PeerError(EvalError):
    """A peer can't be asked."""


class LlamaIndexPeer:
    """Stock LlamaIndex, asked the cases of a suite. For one thread at a time.

    Where nothing is searched, its index holds the documents that the case names, in memory; making it takes no part in
    the timings.

    Args:
        suite: Where the cases come from.
        model: Who writes.
        folder: Where the index of the corpus is made, once.
        embed_model: What turns text into vectors; the embedded MiniLM when None.
        supplied: Whether each case is answered from the documents that it names, and nothing is searched; as the
            suite says when None.

    Raises:
        PeerError: The extra isn't installed, or another run has the folder.
    """

    name = "llamaindex"

    def __init__(
        self,
        suite: Suite,
        model: Model,
        folder: Path,
        embed_model: "BaseEmbedding | None" = None,
        *,
        supplied: bool | None = None,
    ) -> None:
        self._suite = suite
        self._model = model
        self._llm = ModelLLM(model)
        self._embedding = embed_model or _minilm()
        self._now = model.now if isinstance(model, KeptModel) else time.perf_counter
        self._supplied = suite.mode == "supplied" if supplied is None else supplied
        # Two processes in one folder of Chroma break it.
        self._lock = FileLock(folder / "lock", timeout=0, thread_local=False)
        self._corpus = None if self._supplied else self._opened(folder)

    def retrieve(self, case: Case) -> Outcome:
        """Condense and search as for an answer, for more passages, and stop there."""
        # Its shortcut for this synthesizer would hand it the model of the global settings.
        searcher = RetrieverQueryEngine(self._index(case).as_retriever(), response_synthesizer=NoText(llm=self._llm))
        query, _ = self._asked(searcher, case)
        return self._found(case, query)

    def answer(self, case: Case) -> Outcome:
        """Ask."""
        index = self._index(case)
        self._llm.reset()
        clock = Clock(self._now)
        query, response = self._asked(CitationQueryEngine.from_args(index, llm=self._llm), case)
        reply = self._reply(case, response, clock)
        outcome = Outcome(case=case.id, query=query) if self._supplied else self._found(case, query)
        return outcome.model_copy(update={"reply": reply})

    def close(self) -> None:
        """Release the folder and the model. LlamaIndex can't close Chroma, which goes with the process."""
        self._lock.release()
        self._model.close()

    def _opened(self, folder: Path) -> VectorStoreIndex:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise PeerError(f"another run uses {folder}; wait until it has ended, or use another folder") from error
        try:
            return _corpus_index(folder, list(self._suite.documents.values()), self._embedding)
        except BaseException:
            self._lock.release()
            raise

    def _index(self, case: Case) -> VectorStoreIndex:
        if self._corpus is not None:
            return self._corpus
        documents = [self._suite.documents[source] for source in supplied_sources(case)]
        return _made(documents, self._embedding, StorageContext.from_defaults())

    def _asked(self, engine: BaseQueryEngine, case: Case) -> tuple[str, Response]:
        """The question made to stand alone, where it has a history, and what the engine responds to it."""
        history = [ChatMessage(role=MessageRole(role), content=text) for role, text in case.history]
        # Its default memory is a database with a thread of its own; this one hands over the same messages.
        memory = ChatMemoryBuffer.from_defaults(history, token_limit=self._llm.metadata.context_window - 256)
        chat = CondenseQuestionChatEngine.from_defaults(engine, memory=memory, llm=self._llm)
        (source,) = chat.chat(case.question).sources
        return source.raw_input["query"], source.raw_output

    def _found(self, case: Case, query: str) -> Outcome:
        plain = self._search(case, case.question) if case.history else None
        return Outcome(case=case.id, query=query, passages=self._search(case, query), plain=plain)

    def _search(self, case: Case, query: str) -> tuple[Place, ...]:
        nodes = self._index(case).as_retriever(similarity_top_k=PASSAGES).retrieve(query)
        places = (self._place(found.node, found.node.get_content()) for found in nodes)
        return tuple(place for place in places if place is not None)

    def _reply(self, case: Case, response: Response, clock: Clock) -> Reply:
        said = (response.response or "").strip()
        text = plain(said)
        # In its favour: what says that the sources don't say refuses, unless it has the answer all the same.
        refused = refuses(text) and not (case.answerable and contains(strip_markers(text), case.answers))
        # Likewise: a source that it only names is cited where there is one, and no false citation where there is none.
        numbers = {*markers(said), *named(said).intersection(range(1, len(response.source_nodes) + 1))}
        usage = self._llm.usage
        return Reply(
            text=text,
            kind="refusal" if refused else "answer",
            reason=text if refused else None,
            citations=tuple(self._cited(number, response.source_nodes) for number in sorted(numbers)),
            model=usage.model,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            calls=usage.calls,
            timings=clock.timings(),
        )

    def _cited(self, marker: int, sources: Sequence[NodeWithScore]) -> Cited:
        """The words of a source and where they stand; no words, and so invalid, where there is no such source."""
        if not 1 <= marker <= len(sources):
            return Cited(source="", start=0, end=0, marker=marker, quote="")
        node = sources[marker - 1].node
        quote = node.get_content().removeprefix(f"Source {marker}:\n").removesuffix("\n")
        place = self._place(node, quote) or Place(source=node.ref_doc_id or "", start=0, end=0)
        return Cited(source=place.source, start=place.start, end=place.end, marker=marker, quote=quote)

    def _place(self, node: BaseNode, words: str) -> Place | None:
        """Where a node's words stand in its document, exactly; None where they don't.

        They are looked for where LlamaIndex has lost their offsets, as its citations always have.
        """
        document = self._suite.documents.get(node.ref_doc_id or "")
        if document is None or not words:
            return None
        start = node.start_char_idx if isinstance(node, TextNode) else None
        if start is None or not document.text.startswith(words, start):
            start = document.text.find(words)
        return Place(source=document.source, start=start, end=start + len(words)) if start >= 0 else None


def _corpus_index(folder: Path, documents: Sequence[Text], embedding: "BaseEmbedding") -> VectorStoreIndex:
    """The index of a corpus, made unless it was made before, with the same embedding and the same LlamaIndex."""
    key = _key(documents, embedding)
    marker = folder / f"{key}.complete"
    if marker.is_file() and (made := folder / marker.read_text("utf-8")).is_dir():
        return VectorStoreIndex.from_vector_store(_chroma(made), embed_model=embedding)
    for broken in folder.glob(f"{key}-*"):
        shutil.rmtree(broken, ignore_errors=True)
    # A new one each time: Chroma remembers within a process what it has opened, even where that was deleted.
    home = Path(tempfile.mkdtemp(prefix=f"{key}-", dir=folder))
    index = _made(documents, embedding, StorageContext.from_defaults(vector_store=_chroma(home)))
    # Chroma writes its graph at the first search.
    index.as_retriever().retrieve("anything")
    new = marker.with_suffix(".new")
    new.write_text(home.name, "utf-8")
    new.replace(marker)
    return index


def _made(documents: Sequence[Text], embedding: "BaseEmbedding", storage: StorageContext) -> VectorStoreIndex:
    return VectorStoreIndex.from_documents(
        [Document(id_=one.source, text=one.text, metadata={"title": one.title}) for one in documents],
        storage_context=storage,
        embed_model=embedding,
        transformations=[SentenceSplitter()],
    )


def _chroma(folder: Path) -> Any:
    # Chroma reads its settings from here, and LlamaIndex hands none on.
    os.environ["ANONYMIZED_TELEMETRY"] = "False"
    try:
        store = importlib.import_module(EXTRA).ChromaVectorStore
    except ModuleNotFoundError as error:
        raise PeerError(
            "stock LlamaIndex over Chroma isn't installed; it is the extra 'peer': in a clone, run this command with "
            "uv run --extra peer"
        ) from error
    return store.from_params(collection_name="peer", persist_dir=str(folder))


def _key(documents: Sequence[Text], embedding: "BaseEmbedding") -> str:
    corpus = sorted((one.source, one.title, one.text) for one in documents)
    made_with = [embedding.model_name, llama_index.core.__version__]
    return hashlib.sha256(json.dumps([made_with, corpus]).encode()).hexdigest()[:16]


def _minilm() -> "BaseEmbedding":
    from index.embed import MiniLM  # noqa: PLC0415 - takes seconds

    return MiniLM()
