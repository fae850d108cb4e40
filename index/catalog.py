"""The catalog in SQLite: the truth about documents, passages and vectors. Knows nothing of models or rankings.

Everything else in an index folder is a cache of it. Each change bears a generation number, so that a cache that has
seen generation n is level again once it has taken what bears a higher one.
"""

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from index import rows
from index.errors import IndexBroken, IndexFailure, IndexMismatch
from index.rows import Changes, Cut, Held, Origin
from index.types import Document, Listed, Passage

Vectors = npt.NDArray[np.float32]

# How long another process that writes is waited for, and between two tries where SQLite itself doesn't wait.
BUSY_SECONDS = 30.0
BUSY_PAUSE = 0.02
_BY_ID = "where p.id in (select value from json_each(?))"
_COUNT_AMONG = """
select count(*) from passages p join vectors v on v.number = p.number
where p.document_id in (select value from json_each(?))
"""
_NEWEST = {
    "passages": "select max(generation) from passages",
    "vectors": "select max(generation) from vectors",
    "tombstones": "select max(generation) from tombstones",
}
_COUNT = {"passages": "select count(*) from passages", "vectors": "select count(*) from vectors"}
_CHANGED_VECTORS = """
select p.id, p.document_id, v.vector, v.generation from vectors v join passages p on p.number = v.number
where v.generation > ? order by v.generation, v.number
"""
# The passages of a document are always written together, so that no neighbour has changed without this one.
_CHANGED_TEXTS = """
select p.id, p.document_id, d.title || coalesce((select char(10) || group_concat(value, char(10))
        from json_each(p.headings)), ''),
    (select b.text from passages b where b.document_id = p.document_id and b.start < p.start
        order by b.start desc limit 1),
    p.text,
    (select a.text from passages a where a.document_id = p.document_id and a.start > p.start
        order by a.start limit 1)
from passages p join documents d on d.id = p.document_id
where p.generation > ? order by p.generation, p.number
"""
_WITHOUT_VECTOR = """
select p.number, p.id from passages p left join vectors v on v.number = p.number
where p.number > ? and v.number is null order by p.number limit ?
"""
_BEHIND = """
select (select count(*) from vectors where generation > ?) + (select count(*) from tombstones where generation > ?)
"""
# All passages of the same words get their vector with the first of them.
_FILL = """
insert or ignore into vectors
select number, ?, ? from passages where words = (select words from passages where id = ?)
"""
_DOCUMENTS_WITH = {
    "source": "select document_id from sources where source in (select value from json_each(?))",
    "path": "select document_id from sources where path in (select value from json_each(?))",
    "document_id": "select id from documents where id in (select value from json_each(?))",
    "media_type": "select id from documents where media_type in (select value from json_each(?))",
}
TOLD_BY = tuple(_DOCUMENTS_WITH)
"""What every document can be told by, beside the keys of its metadata."""
_DOCUMENTS_WITH_METADATA = """
select d.id from documents d join json_each(d.metadata) m
where m.value in (select value from json_each(?)) and m.key = ?
"""
_CUT_OF_NOTHING = "select distinct document_id from passages where document_id not in (select id from documents)"
_UNNAMED = "select id from documents where id not in (select document_id from sources)"


class Catalog:
    """One SQLite file. Safe to share between threads, and between processes each with a Catalog of its own.

    Attributes:
        path: The file.
        id: Made at random with the file, and anew when it is remade, so that a cache can tell whose it is.
    """

    def __init__(self, path: Path, made_with: Mapping[str, str], cut: Cut | None = None) -> None:
        """Open the catalog, or make it.

        Args:
            path: The file; its folder must exist.
            made_with: What a new catalog records, and an old one must have recorded, by name.
            cut: Cuts the documents of a catalog that was made with something else, which loses all its vectors then;
                None doesn't open such a one.

        Raises:
            IndexBroken: The file is not a catalog.
            IndexMismatch: It was made with something else.
        """
        self.path = path
        self.id = ""
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        try:
            with self._translated():
                self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
                made_with = {"schema": rows.VERSION, **made_with}
                self._prepare(made_with)
                self._compare(made_with, cut)
            self.id = str(self._one("select value from meta where key = 'catalog'"))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; whatever was written is safe already."""
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = None

    def generation(self, of: Literal["passages", "vectors"]) -> int:
        """The number of the last change to the passages or to their vectors."""
        return max(self._one(_NEWEST[of]) or 0, self._one(_NEWEST["tombstones"]) or 0)

    def document_count(self) -> int:
        """How many documents there are."""
        return int(self._one("select count(*) from documents"))

    def passage_ids(self) -> tuple[int, set[str]]:
        """The number of the last change to the passages, and the ids of all of them then."""
        with self._transaction("begin"):
            return self.generation("passages"), {row[0] for row in self._all("select id from passages")}

    def change(self) -> int:
        """The number of the last change of any kind."""
        return int(self._one("select value from meta where key = 'generation'"))

    def passage_count(self) -> int:
        """How many passages there are."""
        return int(self._one(_COUNT["passages"]))

    def vector_count(self, document_ids: Collection[str] | None = None) -> int:
        """How many passages have their vectors, in all or in these documents."""
        if document_ids is None:
            return int(self._one(_COUNT["vectors"]))
        return int(self._one(_COUNT_AMONG, _list(document_ids)))

    def is_empty(self) -> bool:
        """Whether there are no passages."""
        return self._one("select 1 from passages limit 1") is None

    def documents(self) -> list[Document]:
        """All documents, in the order of their sources."""
        found = [rows.to_document(row) for row in self._all(f"{rows.DOCUMENT} where {rows.NAMED}")]
        return sorted(found, key=lambda document: document.source)

    def sources(self) -> dict[str, str]:
        """The id of each document by its first source, in the order of these."""
        # SQLite takes the other columns from the row with the least number.
        first = "select source, document_id, min(number) from sources group by document_id order by source"
        return {row[0]: row[1] for row in self._all(first)}

    def listing(self) -> list[Listed]:
        """Every document under its first source, in the order of these."""
        return [Listed(*row) for row in self._all(rows.LISTED)]

    def document(self, document_id: str) -> Document | None:
        """One document, None where there is none of that id."""
        found = self._all(f"{rows.DOCUMENT} where id = ? and {rows.NAMED}", document_id)
        return rows.to_document(found[0]) if found else None

    def document_with(self, sha256: str, media_type: str) -> str | None:
        """The id of the document that has this content; the same bytes say something else as a page than as text."""
        found = self._one("select min(id) from documents where sha256 = ? and media_type = ?", sha256, media_type)
        return None if found is None else str(found)

    def hashes(self) -> list[tuple[str, str]]:
        """The id and SHA-256 of every document, sorted by id."""
        return [(row[0], row[1]) for row in self._all("select id, sha256 from documents order by id")]

    def metadata_keys(self) -> list[str]:
        """What the metadata of some document tells, sorted."""
        found = self._all("select distinct m.key from documents d join json_each(d.metadata) m order by 1")
        return [row[0] for row in found if row[0] not in _DOCUMENTS_WITH]

    def documents_with(self, key: str, values: Collection[str]) -> set[str]:
        """The ids of the documents of which a property, or else a key of their metadata, has one of these values."""
        if key in _DOCUMENTS_WITH:
            return {row[0] for row in self._all(_DOCUMENTS_WITH[key], _list(values))}
        return {row[0] for row in self._all(_DOCUMENTS_WITH_METADATA, _list(values), key)}

    def passages(self, document_id: str) -> list[Passage]:
        """The passages of one document, in order."""
        found = self._all(f"{rows.PASSAGE} where p.document_id = ? order by p.start", document_id)
        return [rows.to_passage(row) for row in found]

    def passages_by_id(self, ids: Collection[str]) -> dict[str, Passage]:
        """Those of these passages that there are."""
        return {row[0]: rows.to_passage(row) for row in self._all(f"{rows.PASSAGE} {_BY_ID}", _list(ids))}

    def origins(self) -> list[Origin]:
        """Where every source came from, in the order in which they were added."""
        return [Origin(*row) for row in self._all("select source, path, size, modified from sources order by number")]

    def held(self, source: str) -> Held | None:
        """What there is under a source, if anything."""
        found = self._all(
            "select d.id, d.sha256, s.source, s.path, s.size, s.modified, "
            "(select count(*) from sources o where o.document_id = d.id) > 1 "
            "from sources s join documents d on d.id = s.document_id where s.source = ?",
            source,
        )
        return Held(found[0][0], found[0][1], Origin(*found[0][2:6]), bool(found[0][6])) if found else None

    def name(self, path: str, names: Sequence[str]) -> tuple[str, Held | None]:
        """Name a file: as before if it is known, else by the first name that is free, else by the last of them.

        A name whose file is gone is free: the file was moved, or another now stands for it.

        Returns:
            The name, and what there is under it.
        """
        with self._transaction("begin"):
            source = self._source_for(path, names)
            return source, self.held(source)

    def vectors_since(self, generation: int) -> Changes:
        """What changed after a generation.

        Its rows are passage id, document id, vector as bytes of float16, and generation, in the order of that.
        """
        return self._since("vectors", _CHANGED_VECTORS, generation)

    def vectors_behind(self, generation: int) -> int:
        """How many passages, at least, have got a vector or gone after a generation."""
        return int(self._one(_BEHIND, generation, generation))

    def texts_since(self, generation: int) -> Changes:
        """What changed after a generation.

        Its rows are passage id, document id, title with headings, and the texts of the passage before it in the
        document, of itself and of the one after it; None where there is no such passage.
        """
        return self._since("passages", _CHANGED_TEXTS, generation)

    def put(
        self,
        document: Document,
        passages: Sequence[Passage],
        words: Sequence[str],
        origin: Origin,
        held: Held | None,
    ) -> bool:
        """Store a document in place of whatever has its id, and let the source mean it: all of it or, killed, nothing.

        Args:
            document: The document.
            passages: Its passages. Those that are embedded from the same words as others are have their vectors at
                once, the rest when ``fill`` brings them.
            words: What each is embedded from, in the same order.
            origin: Where it was read from.
            held: What there was under its source when this was decided.

        Returns:
            False, and nothing is stored, where another process has changed that meanwhile.
        """
        with self._writing() as (db, generation):
            if self.held(origin.source) != held or self._has_other_source(document.id, origin.source):
                return False
            db.execute(rows.PUT_DOCUMENT, rows.from_document(document))
            rows.put_passages(db, document.id, passages, words, generation)
            rows.point(db, origin, document.id, generation)
            return True

    def without_vector(self, limit: int, after: int = 0) -> tuple[list[Passage], int]:
        """Some of the passages that have no vector yet, the oldest first.

        Args:
            limit: How many at most.
            after: Where to go on looking, as it was returned before; from the first when 0.

        Returns:
            The passages, and where to go on.
        """
        found = self._all(_WITHOUT_VECTOR, after, limit)
        passages = self.passages_by_id([id_ for _, id_ in found])
        return list(passages.values()), found[-1][0] if found else after

    def fill(self, passage_ids: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors of passages; one that has gone meanwhile is passed over.

        Args:
            passage_ids: Which passages.
            vectors: Theirs in the same order, of shape (len(passage_ids), dimensions), of unit length; kept as float16.

        Raises:
            IndexMismatch: The vectors' dimensions are not those of the vectors that are there.
        """
        halves = [half.tobytes() for half in vectors.astype(np.float16)]
        with self._writing() as (db, generation):
            _require_dimensions(db, vectors.shape[1])
            filled = zip(halves, passage_ids, strict=True)
            db.executemany(_FILL, ((half, generation, id_) for half, id_ in filled))

    def attach(self, document_id: str, origin: Origin, held: Held | None) -> bool:
        """Let a source mean a document that is there; False where that, or what was ``held``, has gone meanwhile."""
        with self._writing() as (db, generation):
            if self.held(origin.source) != held:
                return False
            if db.execute("select 1 from documents where id = ?", (document_id,)).fetchone() is None:
                return False
            rows.point(db, origin, document_id, generation)
            return True

    def remove(self, source: str, path: str | None = None) -> bool:
        """Forget a source, and its document when it has no other; False where there is none, or none of that path."""
        with self._writing() as (db, generation):
            before = db.execute(
                "select document_id from sources where source = ?1 and path = coalesce(?2, path)", (source, path)
            ).fetchone()
            if before is None:
                return False
            db.execute("delete from sources where source = ?", (source,))
            rows.drop_orphan(db, before[0], generation)
            return True

    def recut(self, document_ids: Collection[str], cut: Cut) -> None:
        """Cut documents anew from the text that is stored: all of them or, killed, none."""
        with self._writing() as (db, generation):
            for document_id in document_ids:
                rows.recut(db, document_id, cut, generation)

    def distrust(self, document_id: str) -> None:
        """Let a document's sources look changed, so that the next ``add`` reads them."""
        with self._writing() as (db, _):
            db.execute("update documents set sha256 = '' where id = ?", (document_id,))
            db.execute("update sources set size = -1 where document_id = ?", (document_id,))

    def damage(self) -> list[str]:
        """What SQLite finds wrong with the file, which nothing but indexing again can mend."""
        found = [str(row[0]) for row in self._all("pragma quick_check")]
        return [] if found == ["ok"] else found

    def untrue(self) -> list[str]:
        """The ids of documents that have no passages, or some that are not what they say; or that are no more."""
        # One by one, so that others get in between; and in Python, for which no slice is far away.
        ids = [id_ for id_, _ in self.hashes()]
        return [id_ for id_ in ids if not self._is_true(id_)] + [row[0] for row in self._all(_CUT_OF_NOTHING)]

    def _is_true(self, document_id: str) -> bool:
        with self._transaction("begin") as db:
            document = db.execute("select text from documents where id = ?", (document_id,)).fetchone()
            cuts = "select start, stop, text from passages where document_id = ?"
            passages = db.execute(cuts, (document_id,)).fetchall()
        # A document that has gone meanwhile is none to complain of.
        return document is None or (
            bool(passages) and all(document[0][start:stop] == text for start, stop, text in passages)
        )

    def altered(self) -> list[str]:
        """The ids of documents whose text is not the one that was stored."""
        found = self._all("select id, text, text_sha256 from documents")
        return [id_ for id_, text, fingerprint in found if rows.text_sha256(text) != fingerprint]

    def some_vectors(self, count: int) -> list[bytes]:
        """About so many of the vectors, as bytes of float16, from all over the catalog."""
        step = max(1, self.vector_count() // count)
        return [row[0] for row in self._all("select vector from vectors where number % ? = 0 limit ?", step, count)]

    def stray_vectors(self) -> int:
        """How many vectors are of no passage."""
        return int(self._one("select count(*) from vectors where number not in (select number from passages)"))

    def drop_stray_vectors(self) -> None:
        """Forget vectors that are of no passage."""
        with self._writing() as (db, _):
            db.execute("delete from vectors where number not in (select number from passages)")

    def unnamed(self) -> list[str]:
        """The ids of documents that no source means."""
        return [row[0] for row in self._all(_UNNAMED)]

    def drop(self, document_id: str) -> None:
        """Forget a document that no source means, and whatever is said to be of it."""
        with self._writing() as (db, generation):
            rows.drop_orphan(db, document_id, generation)

    def _has_other_source(self, document_id: str, source: str) -> bool:
        others = "select 1 from sources where document_id = ? and source <> ? limit 1"
        return self._one(others, document_id, source) is not None

    def _source_for(self, path: str, names: Sequence[str]) -> str:
        known = self._one("select source from sources where path = ?", path)
        if known is not None:
            return str(known)
        for name in names[:-1]:
            owner = self._one("select path from sources where source = ?", name)
            if owner is None or not Path(str(owner)).exists():
                return name
        return names[-1]

    def _prepare(self, made_with: Mapping[str, str]) -> None:
        """Set the connection up, and make the tables where there are none."""
        db = self._connection()
        db.execute("pragma foreign_keys = on")
        # A commit that a power cut could take back would leave the caches ahead of the truth.
        db.execute("pragma synchronous = full")
        _write_ahead(db)
        with self._transaction("begin immediate"):
            for statement in rows.SCHEMA.split(";"):
                db.execute(statement)
            if db.execute("select 1 from meta").fetchone() is None:
                new = {**made_with, "catalog": uuid.uuid4().hex, "generation": 0}
                db.executemany("insert into meta values (?, ?)", new.items())

    def _compare(self, made_with: Mapping[str, str], cut: Cut | None) -> None:
        """Compare what the catalog was made with; where that is something else, make it anew or say so."""
        other = _differing(self._connection(), made_with)
        if other and (cut is None or "schema" in other):
            raise IndexMismatch(_mismatch(self.path.parent, other, made_with))
        if other and cut is not None:
            with self._writing() as (db, generation):
                # Another process may have done so meanwhile.
                if _differing(db, made_with):
                    rows.remake(db, cut, generation)
                    # Another catalog from now on, for its caches and for whoever has it open.
                    new = {**{name: made_with[name] for name in other}, "catalog": uuid.uuid4().hex}
                    db.executemany("update meta set value = ? where key = ?", [(new[name], name) for name in new])

    def _since(self, of: Literal["passages", "vectors"], query: str, generation: int) -> Changes:
        with self._transaction("begin") as db:
            self._require_same(db)
            newest = max(db.execute(_NEWEST[kind]).fetchone()[0] or 0 for kind in (of, "tombstones"))
            total = db.execute(_COUNT[of]).fetchone()[0]
            deleted = db.execute("select id from tombstones where generation > ?", (generation,)).fetchall()
            changed = db.execute(query, (generation,)).fetchall()
            return Changes(newest, total, [row[0] for row in deleted], changed)

    def _all(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        with self._lock, self._translated():
            return self._connection().execute(query, values).fetchall()

    def _one(self, query: str, *values: str | int) -> Any:
        found = self._all(query, *values)
        return found[0][0] if found else None

    @contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        with self._transaction("begin immediate") as db:
            self._require_same(db)
            db.execute("update meta set value = value + 1 where key = 'generation'")
            yield db, db.execute("select value from meta where key = 'generation'").fetchone()[0]

    def _require_same(self, db: sqlite3.Connection) -> None:
        """Refuse to go on with a catalog that another process has made anew, with another embedding model perhaps."""
        found = db.execute("select value from meta where key = 'catalog'").fetchone()
        if self.id and found is not None and found[0] != self.id:
            raise IndexMismatch(f"the index at {self.path.parent} has been remade by another process: open it again")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            db = self._connection()
            db.execute(begin)
            try:
                yield db
                db.execute("commit")
            except BaseException:
                if db.in_transaction:
                    db.execute("rollback")
                raise

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise IndexFailure(f"the index at {self.path.parent} is closed: open it again")
        return self._db

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "decode to UTF-8" in str(error):
                # Its message holds the text that it can't read.
                raise self._broken("text that is no text") from error
            if "readonly" in str(error):
                raise IndexFailure(f"the index at {self.path.parent} must be writable to be opened: {error}") from error
            raise IndexFailure(f"the catalog {self.path} can't be used just now: {error}") from error
        except sqlite3.DatabaseError as error:
            raise self._broken(str(error)) from error

    def _broken(self, why: str) -> IndexBroken:
        said = f"{self.path} is not a catalog, or damaged ({why})"
        return IndexBroken(f"{said}: delete the folder {self.path.parent} and index the documents again")


def _write_ahead(db: sqlite3.Connection) -> None:
    """Switch to a write-ahead log. Of two that switch at once SQLite refuses one immediately, whatever its time-out."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(BUSY_PAUSE)
        else:
            return


def _differing(db: sqlite3.Connection, made_with: Mapping[str, str]) -> dict[str, str]:
    """What the catalog records otherwise, by name."""
    recorded = dict(db.execute("select key, value from meta").fetchall())
    return {name: str(recorded.get(name)) for name, wanted in made_with.items() if recorded.get(name) != wanted}


def _mismatch(folder: Path, recorded: Mapping[str, str], made_with: Mapping[str, str]) -> str:
    name = next(iter(recorded))
    said = f"the index at {folder} was made with {name} {recorded[name]}, not {made_with[name]}: "
    if name == "schema":
        return f"{said}delete that folder and index the documents again"
    remake = f"footnoted index --remake --index {folder}"
    return f"{said}open it with what made it, or cut and embed its documents again: {remake}"


def _require_dimensions(db: sqlite3.Connection, dimensions: int) -> None:
    db.execute("insert or ignore into meta values ('dimensions', ?)", (dimensions,))
    recorded = db.execute("select value from meta where key = 'dimensions'").fetchone()[0]
    if recorded != dimensions:
        raise IndexMismatch(
            f"the index holds vectors of {recorded} dimensions and the embedding model makes {dimensions}: "
            "open it with the model that made it, or index the documents again in another folder"
        )


def _list(values: Collection[str]) -> str:
    return json.dumps(list(values))
