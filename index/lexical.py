"""Find passages by their words: BM25 over stemmed English. The only importer of tantivy.

tantivy's folder is a cache of the catalog. Any process may read it; whichever comes first brings it level, one at a
time.
"""

import json
import logging
import shutil
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import tantivy
from filelock import FileLock

from index.catalog import Catalog
from index.errors import IndexFailure
from index.rows import Changes
from index.turn import turn

logger = logging.getLogger(__name__)

_HEAP_BYTES = 50_000_000
_WAIT_SECONDS = 0.5
# What tantivy raises where its files are not what they should be.
_DAMAGE = (ValueError, OSError, RuntimeError)
# How often it is compared anew with a catalog that others are just changing.
_TRIES = 3
# What counts in which field. A passage is found by the words around it too, the title's and its neighbours', which it
# takes for granted: with these fields instead of its title and its own text, fused, recall@1 is .853 instead of .820 on
# SQuAD's questions, nDCG@10 .902 instead of .876 on SciFact's claims.
_FIELDS = {"title": 0.5, "around": 1.0}
# Words that ask and join. In a question they are many and in short passages few, so that BM25 takes them for telling:
# without them R@5 of words alone is .748 instead of .731 on INSCIT, fused .799 instead of .781; on long reports span
# recall@5 .861 instead of .847, fused .890 instead of .888.
_STOPWORDS = (
    "a about after an and any are as at be been before being but by can could did do does for from give had has have "
    "he her his how i if in into is it its many may me might much must my no not of on or our over please she should "
    "so some tell than that the their them then there these they this those to was we were what when where which who "
    "whom whose why will with would you your"
).split()


class _BusyError(Exception):
    """Another writer is at work."""


class Lexical:
    """The words of one index. Safe to share between threads.

    Attributes:
        fault: Why passages can't be found by their words, in a sentence; None where they can.
    """

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        """Open nothing yet.

        Args:
            folder: tantivy's, which need not exist.
            catalog: The truth.
        """
        self._folder = folder
        self._catalog = catalog
        self._state = folder / "footnoted.json"
        # tantivy's own lock lies in the folder, and goes with it when it is made again.
        self._writing = FileLock(folder.with_suffix(".lock"), timeout=_WAIT_SECONDS, thread_local=False)
        self._schema = _new_schema()
        self._analyzer, self._every_word = _new_analyzer(_STOPWORDS), _new_analyzer()
        self._lock = threading.RLock()
        self._index: tantivy.Index | None = None
        self._generation = -1
        self.fault: str | None = None

    def search(
        self, texts: Mapping[str, float], limit: int, document_ids: Collection[str] | None = None
    ) -> dict[str, float]:
        """Find the passages that share the most telling words with some texts.

        Args:
            texts: Any texts, which are never read as a query language, each with what it counts for.
            limit: How many passages at most.
            document_ids: Only passages of these documents; of all when None.

        Returns:
            The BM25 score, above 0, by passage id.
        """
        words = self._weighed(texts)
        for attempt in range(3):
            # What is open can be searched as it is, so nobody waits for one who is just writing.
            self.level(_WAIT_SECONDS if self._index is None else 0)
            with self._lock:
                if self._index is None or not words:
                    return {}
                try:
                    return self._found(self._index, self._query(words, document_ids), limit)
                except _DAMAGE as error:
                    # Another process may have made it again, so it is opened anew before it is given up.
                    self._index, self._generation = None, -1
                    if attempt:
                        self._give_up(error)
        return {}

    def level(self, patience: float = _WAIT_SECONDS) -> None:
        """Bring the folder level with the catalog, or leave it to the process that is just doing so.

        Args:
            patience: Seconds to wait for that process.
        """
        with self._lock:
            if self._index is not None and self._generation == self._catalog.generation("passages"):
                return
            if self._is_level():
                return
            with turn(self._writing, patience) as ours:
                if ours:
                    self._make_level()
                else:
                    logger.debug("another process is writing %s; it is searched as it is", self._folder)

    def problems(self) -> list[str] | None:
        """In what it differs from the catalog; None where other processes are just writing."""
        with self._lock:
            for _ in range(_TRIES):
                self.level()
                if self._index is None:
                    return None
                try:
                    held = Counter(self._every_id(self._index))
                except _DAMAGE as error:
                    return [f"tantivy can't be read: {error}"]
                generation, wanted = self._catalog.passage_ids()
                if generation == self._generation:
                    return _differences(held, wanted)
        return None

    def rebuild(self) -> None:
        """Make the folder again from the catalog.

        Raises:
            IndexFailure: Another process is writing to it.
        """
        with self._lock, turn(self._writing) as ours:
            if not ours:
                raise IndexFailure(f"another process is writing {self._folder}: wait for it, then rebuild")
            self._wipe()
            self.level()

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            self._index, self._generation = None, -1

    def _found(self, index: tantivy.Index, query: tantivy.Query, limit: int) -> dict[str, float]:
        searcher = index.searcher()
        found = searcher.search(query, limit, count=False)
        return {searcher.doc(address)["id"][0]: float(score) for score, address in found.hits}

    def _every_id(self, index: tantivy.Index) -> list[str]:
        searcher = index.searcher()
        found = searcher.search(tantivy.Query.all_query(), max(1, searcher.num_docs), count=False)
        return [searcher.doc(address)["id"][0] for _, address in found.hits]

    def _is_level(self) -> bool:
        """Look whether another process has brought the folder level; if not, it can be searched as it is."""
        try:
            if self._index is None and (self._folder / "meta.json").is_file():
                self._index = self._opened()
            if self._index is None:
                return False
            recorded = self._recorded()
            self._index.reload()
            if recorded != self._catalog.generation("passages"):
                return False
            self._require(self._index, self._catalog.passage_count(), recorded)
        except _DAMAGE:
            # Whoever writes next looks at it anew, and says so if it is damaged.
            self._index, self._generation = None, -1
            return False
        self._generation = recorded
        return True

    def _make_level(self) -> None:
        for _ in range(2):
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                # Anew, since one that is open doesn't know the files of other processes.
                index = self._opened()
                self._generation = self._write(index)
                self._index, self.fault = index, None
            except _BusyError:
                logger.debug("another process is writing %s; it is searched as it is", self._folder)
            except _DAMAGE as error:
                self._give_up(error)
                continue
            return
        self.fault = f"tantivy in {self._folder} can't be used, so passages are found by their meaning alone"
        logger.warning(self.fault)

    def _opened(self) -> tantivy.Index:
        index = tantivy.Index(self._schema, path=str(self._folder))
        index.config_reader(reload_policy="manual")
        return index

    def _write(self, index: tantivy.Index) -> int:
        """Take in what has changed; the generation that the folder has then."""
        writer = self._writer(index)
        try:
            # What a killed writer left would be in the way of a file of the same name.
            writer.garbage_collect_files()
            # Only now, since another writer may have been here before.
            recorded = self._recorded()
            known = 0 <= recorded <= self._catalog.generation("passages")
            if not known:
                writer.delete_all_documents()
            changes = self._catalog.texts_since(recorded if known else 0)
            _take(writer, changes)
            # A crash between these two only means that the same changes are taken in again.
            writer.commit()
            self._record(changes.generation)
            index.reload()
            self._require(index, changes.total, changes.generation)
        finally:
            writer.wait_merging_threads()
        return changes.generation

    def _require(self, index: tantivy.Index, total: int, generation: int) -> None:
        held = index.searcher().num_docs
        if held != total and generation == self._catalog.generation("passages"):
            raise ValueError(f"it holds {held} of {total} passages")

    def _writer(self, index: tantivy.Index) -> tantivy.IndexWriter:
        until = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                return index.writer(_HEAP_BYTES, 1)
            except ValueError as error:
                if "LockBusy" not in str(error):
                    raise
                if time.monotonic() > until:
                    raise _BusyError from error
            time.sleep(0.02)

    def _weighed(self, texts: Mapping[str, float]) -> dict[str, float]:
        """What each word of the texts counts for."""
        weights: dict[str, float] = {}
        for text, weight in texts.items():
            # "Who are you?" has nothing but such words.
            for word in set(self._analyzer.analyze(text) or self._every_word.analyze(text)):
                weights[word] = weights.get(word, 0.0) + weight
        return weights

    def _query(self, words: Mapping[str, float], document_ids: Collection[str] | None) -> tantivy.Query:
        terms = [
            tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, field, word, "freq"), boost * weight)
            for field, boost in _FIELDS.items()
            for word, weight in sorted(words.items())
        ]
        query = tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])
        if document_ids is None:
            return query
        among = tantivy.Query.term_set_query(self._schema, "document_id", list(document_ids))
        within = tantivy.Query.const_score_query(among, 0.0)
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, within)])

    def _recorded(self) -> int:
        """The generation that the folder has, -1 where it is of another catalog or doesn't say."""
        try:
            state = json.loads(self._state.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return -1
        known = isinstance(state, dict) and state.get("catalog") == self._catalog.id
        return int(state["generation"]) if known else -1

    def _record(self, generation: int) -> None:
        new = self._state.with_suffix(".new")
        new.write_text(json.dumps({"catalog": self._catalog.id, "generation": generation}), "utf-8")
        new.replace(self._state)

    def _give_up(self, error: Exception) -> None:
        with turn(self._writing) as ours:
            if ours:
                logger.warning("tantivy in %s failed and is made again from the catalog: %s", self._folder, error)
                self._wipe()

    def _wipe(self) -> None:
        self._index, self._generation = None, -1
        if self._folder.is_file():
            self._folder.unlink()
        # First what says that there is something, so that no kill leaves it over what is half deleted.
        for said in (self._state, self._folder / "meta.json"):
            with suppress(OSError):
                said.unlink()
        shutil.rmtree(self._folder, ignore_errors=True)


def _differences(held: Counter[str], wanted: set[str]) -> list[str]:
    faults = (
        ("lacks", wanted - held.keys()),
        ("has too many, by", held.keys() - wanted),
        ("holds twice", {id_ for id_, times in held.items() if times > 1}),
    )
    return [f"tantivy {what} {len(ids)} passages" for what, ids in faults if ids]


def _take(writer: tantivy.IndexWriter, changes: Changes) -> None:
    for id_ in changes.deleted:
        writer.delete_documents_by_term("id", id_)
    for id_, document_id, title, *texts in changes.rows:
        around = "\n".join([title, *(text for text in texts if text)])
        writer.delete_documents_by_term("id", id_)
        writer.add_document(tantivy.Document(id=[id_], document_id=[document_id], title=[title], around=[around]))


def _new_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("document_id", tokenizer_name="raw", index_option="basic")
    for field in _FIELDS:
        builder.add_text_field(field, tokenizer_name="en_stem", index_option="freq")
    return builder.build()


def _new_analyzer(stopwords: list[str] | None = None) -> tantivy.TextAnalyzer:
    """Make what tantivy calls ``en_stem``, for the query: its words are looked up, never parsed as a query language."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.remove_long(40)).filter(tantivy.Filter.lowercase())
    builder = builder.filter(tantivy.Filter.custom_stopword(stopwords or []))
    return builder.filter(tantivy.Filter.stemmer("english")).build()
