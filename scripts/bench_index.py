"""How fast the index takes documents in and finds passages, beside stock LlamaIndex over Chroma with the same model.

    uv run --extra peer python scripts/bench_index.py                    # 1,000, 10,000 and 100,000 passages
    uv run --extra peer python scripts/bench_index.py --sizes 1000       # a quick look
    uv run python scripts/bench_index.py --sizes 0 --lexical 1000000     # words alone, of so many passages

The text is real: the documentation of the Python packages that are installed. Ingestion is measured with the embedded
model; searches with vectors made of hashed words, which cost next to nothing, so that what is left is the index.
"""

import argparse
import ast
import functools
import hashlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.config import Settings
from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import TextNode
from llama_index.vector_stores.chroma import ChromaVectorStore
from pydantic import PrivateAttr

from index import Document, Index, split, weights
from index.core import DEFAULT_MODEL
from index.embed import MiniLM

DIMENSIONS = 384
INGESTED_CHARACTERS = 250_000
UNCHANGED_FILES = 10_000
QUERIES = 200
WARM_UP = 20
K = 10
GATHERED = 2000
DOCSTRING_CHARACTERS, PARAGRAPH_CHARACTERS, MIXED = 200, 80, 8


def documentation() -> Iterator[str]:
    """Docstrings of the installed packages, each once, then mixtures of their paragraphs without end."""
    seen: list[str] = []
    known = set()
    for file in sorted(Path(sysconfig.get_path("purelib")).rglob("*.py")):
        for text in docstrings(file):
            if text not in known:
                known.add(text)
                seen.append(text)
                yield text
    paragraphs = [part for text in seen for part in text.split("\n\n") if len(part) > PARAGRAPH_CHARACTERS]
    chance = random.Random(0)  # noqa: S311 - nothing is secret here
    while True:
        yield "\n\n".join(chance.sample(paragraphs, MIXED))


def docstrings(file: Path) -> Iterator[str]:
    """The longer docstrings of a Python file."""
    try:
        tree = ast.parse(file.read_text("utf-8"))
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text and len(text) > DOCSTRING_CHARACTERS:
                yield text


def documents() -> Iterator[Document]:
    """The same as documents."""
    for number, text in enumerate(documentation()):
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        yield Document(f"d{number}", (f"{number}.txt",), text.split("\n")[0][:80], text, "text/plain", digest)


def questions() -> list[str]:
    """Some of the words of sentences here and there in the text."""
    chance = random.Random(1)  # noqa: S311 - nothing is secret here
    texts = chance.sample(list(islice(documentation(), 3000)), QUERIES + WARM_UP)
    sentences = [chance.choice(re.split(r"(?<=[.!?])\s+", text)) for text in texts]
    return [" ".join(re.findall(r"\w+", sentence)[:12]) or "nothing" for sentence in sentences]


@functools.cache
def word_vector(word: str) -> Any:
    """A direction for a word."""
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)


def hashed(text: str) -> list[float]:
    """A vector that is near that of another text which shares words with it."""
    words = re.findall(r"\w+", text.lower())[:120] or ["nothing"]
    vector = np.sum([word_vector(word) for word in words], axis=0)
    return [float(value) for value in vector / (np.linalg.norm(vector) or 1.0)]


class Hashed(BaseEmbedding):
    """Hashed words as vectors, and the seconds that took."""

    seconds: float = 0.0

    def _get_text_embedding(self, text: str) -> list[float]:
        begun = time.perf_counter()
        vector = hashed(text)
        self.seconds += time.perf_counter() - begun
        return vector

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


class Timed(MiniLM):
    """The embedded model, and the seconds that it took."""

    _seconds: float = PrivateAttr(default=0.0)

    @property
    def seconds(self) -> float:
        """Inside the model so far."""
        return self._seconds

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        begun = time.perf_counter()
        found = super()._get_text_embeddings(texts)
        self._seconds += time.perf_counter() - begun
        return found


def hashed_words() -> Hashed:
    """The model for searches."""
    return Hashed(model_name="hashed words")


def minilm() -> Timed:
    """The embedded model, warm."""
    model = Timed(model_name=DEFAULT_MODEL)
    model.get_text_embedding("warm up")
    model._seconds = 0.0
    return model


def ingestion(peer: bool) -> None:
    """Print how fast files become findable with the embedded model, and how much of that is the model's own time."""
    for name in weights.EMBEDDER:
        weights.get(name)
    texts, characters = [], 0
    for text in documentation():
        texts.append(text)
        characters += len(text)
        if characters > INGESTED_CHARACTERS:
            break
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "files")
        write(texts, files)
        model = minilm()
        begun = time.perf_counter()
        with Index.open(Path(folder, "ix"), model) as index:
            index.add([files])
            report("Footnoted", time.perf_counter() - begun, model, index.passage_count, characters)
        if peer:
            stock_ingestion(files, Path(folder, "peer"), characters)


def write(texts: Iterable[str], folder: Path) -> None:
    """Write each text into a file of its own."""
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number:05}.txt").write_text(text, "utf-8", errors="replace")


def stock_ingestion(files: Path, folder: Path, characters: int) -> None:
    """Print the same for stock LlamaIndex: its reader, its default splitter, its vector store over Chroma."""
    model = minilm()
    begun = time.perf_counter()
    found = SimpleDirectoryReader(str(files)).load_data()
    collection = stock(folder)
    context = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection))
    VectorStoreIndex.from_documents(found, storage_context=context, embed_model=model)
    report("stock LlamaIndex", time.perf_counter() - begun, model, collection.count(), characters)


def report(who: str, seconds: float, model: Timed, passages: int, characters: int) -> None:
    """Print one line of the table of ingestion."""
    speeds = f"{passages / seconds:6.1f} passages/s  {characters / seconds:8,.0f} characters/s"
    outside = 1 - model.seconds / seconds
    print(f"{who:18} {passages:6} passages  {speeds}  outside the model {outside:6.1%}", flush=True)


def stock(folder: Path) -> Any:
    """A Chroma collection in a folder, as LlamaIndex's users make it."""
    client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    return client.get_or_create_collection("stock", configuration={"hnsw": {"space": "cosine"}})


def unchanged() -> None:
    """Print how long a folder takes that has not changed."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "files")
        some = islice(documentation(), UNCHANGED_FILES)
        write((f"{number}\n\n{text[:300]}" for number, text in enumerate(some)), files)
        with Index.open(Path(folder, "ix"), hashed_words()) as index:
            index.add([files])
        with Index.open(Path(folder, "ix"), model := hashed_words()) as index:
            begun = time.perf_counter()
            again = index.add([files])
            seconds = time.perf_counter() - begun
        print(f"{len(again.unchanged):,} unchanged files again: {seconds:.2f} s, {model.seconds:.2f} s of it embedding")


def searching(sizes: Iterable[int], peer: bool) -> None:
    """Print what a search takes by the number of passages, each in a process of its own."""
    print("passages  who               opening    first       p50       p95   memory and disk a passage   making")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            for who in ("Footnoted", "stock LlamaIndex")[: 1 + peer]:
                at = Path(folder, f"{who.split()[0]}-{size}")
                making = child("make", who, at, size)
                found = child("search", who, at, size)
                disk = sum(file.stat().st_size for file in at.rglob("*") if file.is_file())
                seconds = (
                    f"{found['open']:6.2f} s {found['first']:6.2f} s {found['p50']:6.1f} ms {found['p95']:6.1f} ms"
                )
                room = f"{found['memory'] / size / 1024:8.1f} KiB {disk / size / 1024:8.1f} KiB"
                print(f"{size:8,}  {who:16} {seconds} {room} {making['seconds']:12.0f} s", flush=True)


def child(task: str, who: str, at: Path, size: int) -> dict[str, float]:
    """Run a part of this in a process of its own."""
    command = [sys.executable, __file__, "--child", task, who, str(at), str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def make(who: str, at: Path, size: int) -> dict[str, float]:
    """Make an index of so many passages; the seconds it took without hashing their words."""
    model = hashed_words()
    # The same passages for both, so that the same number is searched.
    found = list(islice((one for document in documents() for one in split.passages(document)), size))
    if who == "Footnoted":
        texts = [Document(one.id, (one.id,), one.title, one.text, "text/plain", one.id) for one in found]
        begun = time.perf_counter()
        with Index.open(at, model) as index:
            index.add_documents(texts)
    else:
        nodes = [TextNode(text=f"{one.title}\n{one.text}", id_=one.id) for one in found]
        begun = time.perf_counter()
        context = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=stock(at)))
        VectorStoreIndex(nodes, storage_context=context, embed_model=model)
    return {"seconds": time.perf_counter() - begun - model.seconds}


def search(who: str, at: Path) -> dict[str, float]:
    """Open an index and search it: seconds for opening and the first search, milliseconds for others, bytes in use."""
    model = hashed_words()
    asked = questions()
    before = memory()
    begun = time.perf_counter()
    if who == "Footnoted":
        find: Callable[[str], Any] = functools.partial(Index.open(at, model).search, k=K)
    else:
        store = ChromaVectorStore(chroma_collection=stock(at))
        find = VectorStoreIndex.from_vector_store(store, embed_model=model).as_retriever(similarity_top_k=K).retrieve
    opened = time.perf_counter()
    find(asked[0])
    first = time.perf_counter()
    p50, p95 = timed(find, asked, model)
    return {"open": opened - begun, "first": first - opened, "p50": p50, "p95": p95, "memory": memory() - before}


def timed(find: Callable[[str], Any], asked: Sequence[str], model: Hashed) -> tuple[float, float]:
    """The median and the 95th percentile, in milliseconds without the query's embedding."""
    seconds = []
    for question in asked:
        begun, embedding = time.perf_counter(), model.seconds
        find(question)
        seconds.append(time.perf_counter() - begun - (model.seconds - embedding))
    cuts = statistics.quantiles(seconds[WARM_UP:], n=20)
    return 1000 * cuts[9], 1000 * cuts[18]


class Unwilling(Hashed):
    """Embeds nothing, so that passages are found by their words alone."""

    def _get_text_embedding(self, text: str) -> list[float]:
        raise RuntimeError("they are not meant to be")


def lexical(size: int) -> None:
    """Print what a search by words alone takes among so many passages, none of which is embedded."""
    model = Unwilling(model_name="none")
    texts = documentation()
    with tempfile.TemporaryDirectory() as folder, Index.open(Path(folder, "ix"), model) as index:
        begun = time.perf_counter()
        number = 0
        while index.passage_count < size:
            number += 1
            text = "\n\n".join(islice(texts, GATHERED))
            index.add_documents(
                [Document(f"{number}", (f"{number}",), "", text, "text/plain", f"{number}")], wait=False
            )
        making = time.perf_counter() - begun
        p50, p95 = timed(functools.partial(index.search, k=K, by="lexical"), questions(), model)
        held = index.passage_count
    print(f"{held:,} passages by words alone: p50 {p50:.1f} ms, p95 {p95:.1f} ms (made in {making:.0f} s)")


def memory() -> int:
    """Bytes that this process has in memory, where the system tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Print the figures that the documentation quotes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000", help="passages, parted by commas; 0 for none")
    parser.add_argument("--lexical", type=int, default=0, help="passages that are searched by words alone")
    parser.add_argument("--no-peer", action="store_true", help="leave stock LlamaIndex out")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        task, who, at, size = chosen.child
        print(json.dumps(make(who, Path(at), int(size)) if task == "make" else search(who, Path(at))))
        return
    sizes = [int(size) for size in chosen.sizes.split(",") if int(size)]
    if sizes:
        ingestion(peer=not chosen.no_peer)
        unchanged()
        searching(sizes, peer=not chosen.no_peer)
    if chosen.lexical:
        lexical(chosen.lexical)


if __name__ == "__main__":
    main()
