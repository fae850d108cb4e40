"""The catalog in SQLite: the truth about documents, passages and vectors. Knows nothing of models or rankings.

Everything else in an index folder is a cache of it. Each change bears a generation number, so that a cache that has
seen generation n is level again once it has taken what bears a higher one.
"""

import json
import sqlite3
import threading
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from index import rows
from index.errors import IndexBroken, IndexFailure, IndexMismatch
from index.rows import Changes, Held, Origin
from index.types import Document, Passage

Vectors = npt.NDArray[np.float32]

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
_CHANGED_TEXTS = """
select p.id, p.document_id, d.title, p.text from passages p join documents d on d.id = p.document_id
where p.generation > ? order by p.number
"""
_WITHOUT_VECTOR = f"""
{rows.PASSAGE} left join vectors v on v.number = p.number
where v.number is null group by p.words order by min(p.number) limit ?
"""
_BEHIND = """
select (select count(*) from vectors where generation > ?) + (select count(*) from tombstones where generation > ?)
"""
# All passages of the same words get their vector with the first of them.
_FILL = """
insert or ignore into vectors
select number, ?, ? from passages where words = (select words from passages where id = ?)
"""
_DOCUMENTS_FROM = "select document_id from sources where source in (select value from json_each(?))"
_UNTRUE = """
select distinct p.document_id from passages p join documents d on d.id = p.document_id
where substr(d.text, p.start + 1, p.stop - p.start) is not p.text
"""


class Catalog:
    """One SQLite file. Safe to share between threads, and between processes each with a Catalog of its own.

    Attributes:
        path: The file.
        id: Made at random with the file, so that a cache can tell whose it is.
    """

    def __init__(self, path: Path, made_with: Mapping[str, str]) -> None:
        """Open the catalog, or make it.

        Args:
            path: The file; its folder must exist.
            made_with: What a new catalog records, and an old one must have recorded, by name.

        Raises:
            IndexBroken: The file is not a catalog.
            IndexMismatch: It was made with something else.
        """
        self.path = path
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        try:
            with self._translated():
                self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
                self._prepare({"schema": rows.VERSION, **made_with})
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
        found = [rows.to_document(row) for row in self._all(rows.DOCUMENT)]
        return sorted(found, key=lambda document: document.source)

    def document(self, document_id: str) -> Document | None:
        """One document, None where there is none of that id."""
        found = self._all(f"{rows.DOCUMENT} where id = ?", document_id)
        return rows.to_document(found[0]) if found else None

    def document_with(self, sha256: str) -> str | None:
        """The id of the document that has this content."""
        found = self._one("select min(id) from documents where sha256 = ?", sha256)
        return None if found is None else str(found)

    def hashes(self) -> list[tuple[str, str]]:
        """The id and SHA-256 of every document, sorted by id."""
        return [(row[0], row[1]) for row in self._all("select id, sha256 from documents order by id")]

    def documents_from(self, sources: Collection[str]) -> set[str]:
        """The ids of the documents that have one of these sources."""
        return {row[0] for row in self._all(_DOCUMENTS_FROM, _list(sources))}

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

    def source_for(self, path: str, names: Sequence[str]) -> str:
        """Name a file: as before if it is known, else by the first name that is free, else by the last of them.

        A name whose file is gone is free: the file was moved, or another now stands for it.
        """
        known = self._one("select source from sources where path = ?", path)
        if known is not None:
            return str(known)
        for name in names[:-1]:
            owner = self._one("select path from sources where source = ?", name)
            if owner is None or not Path(str(owner)).exists():
                return name
        return names[-1]

    def vectors_since(self, generation: int) -> Changes:
        """What changed after a generation.

        Its rows are passage id, document id, vector as bytes of float16, and generation, in the order of that.
        """
        return self._since("vectors", _CHANGED_VECTORS, generation)

    def vectors_behind(self, generation: int) -> int:
        """How many passages, at least, have got a vector or gone after a generation."""
        return int(self._one(_BEHIND, generation, generation))

    def texts_since(self, generation: int) -> Changes:
        """What changed after a generation, in rows of passage id, document id, title and text."""
        return self._since("passages", _CHANGED_TEXTS, generation)

    def put(self, document: Document, passages: Sequence[Passage], words: Sequence[str], origin: Origin) -> None:
        """Store a document in place of whatever has its id, and let the source mean it: all of it or, killed, nothing.

        Args:
            document: The document.
            passages: Its passages. Those that are embedded from the same words as others are have their vectors at
                once, the rest when ``fill`` brings them.
            words: What each is embedded from, in the same order.
            origin: Where it was read from.
        """
        with self._writing() as (db, generation):
            known = rows.known_vectors(db, words)
            rows.bury(db, document.id, generation)
            db.execute(rows.PUT_DOCUMENT, rows.from_document(document))
            pairs = zip(passages, words, strict=True)
            db.executemany(rows.PUT_PASSAGE, (rows.from_passage(one, said, generation) for one, said in pairs))
            db.executemany(
                "insert into vectors select number, ?, ? from passages where document_id = ? and words = ?",
                ((vector, generation, document.id, said) for said, vector in known.items()),
            )
            rows.point(db, origin, document.id, generation)

    def without_vector(self, limit: int) -> list[Passage]:
        """Some of the passages that have no vector yet, the oldest first, one for each text."""
        return [rows.to_passage(row) for row in self._all(_WITHOUT_VECTOR, limit)]

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

    def attach(self, document_id: str, origin: Origin) -> bool:
        """Let a source mean a document that is there; False where that has gone meanwhile."""
        with self._writing() as (db, generation):
            if db.execute("select 1 from documents where id = ?", (document_id,)).fetchone() is None:
                return False
            rows.point(db, origin, document_id, generation)
            return True

    def remove(self, source: str) -> bool:
        """Forget a source, and its document when it has no other; False where there is no such source."""
        with self._writing() as (db, generation):
            before = db.execute("select document_id from sources where source = ?", (source,)).fetchone()
            if before is None:
                return False
            db.execute("delete from sources where source = ?", (source,))
            rows.drop_orphan(db, before[0], generation)
            return True

    def problems(self) -> list[str]:
        """What is wrong with the file itself, one sentence each."""
        found = [str(row[0]) for row in self._all("pragma quick_check")]
        wrong = [] if found == ["ok"] else [f"the catalog is damaged: {line}" for line in found]
        for (document_id,) in self._all(_UNTRUE):
            wrong.append(
                f"passages of document {document_id} are not what it says: remove its sources and add them again"
            )
        return wrong

    def _prepare(self, made_with: Mapping[str, str]) -> None:
        """Set the connection up, make the tables where there are none, and compare what the catalog was made with."""
        db = self._connection()
        db.execute("pragma foreign_keys = on")
        # A commit that a power cut could take back would leave the caches ahead of the truth.
        db.execute("pragma synchronous = full")
        db.execute("pragma journal_mode = wal")
        with self._transaction("begin immediate"):
            for statement in rows.SCHEMA.split(";"):
                db.execute(statement)
            new = {**made_with, "catalog": uuid.uuid4().hex, "generation": 0}
            if db.execute("select 1 from meta").fetchone() is None:
                db.executemany("insert into meta values (?, ?)", new.items())
            recorded = dict(db.execute("select key, value from meta").fetchall())
        for name, wanted in made_with.items():
            if recorded.get(name) != wanted:
                raise IndexMismatch(
                    f"the index at {self.path.parent} was made with {name} {recorded.get(name)}, not {wanted}: "
                    f"open it with what made it, or delete that folder and index the documents again"
                )

    def _since(self, of: Literal["passages", "vectors"], query: str, generation: int) -> Changes:
        with self._transaction("begin") as db:
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
            db.execute("update meta set value = value + 1 where key = 'generation'")
            yield db, db.execute("select value from meta where key = 'generation'").fetchone()[0]

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
            raise IndexFailure(f"the catalog {self.path} can't be used just now: {error}") from error
        except sqlite3.DatabaseError as error:
            raise IndexBroken(
                f"{self.path} is not a catalog, or damaged ({error}): delete the folder {self.path.parent} "
                "and index the documents again"
            ) from error


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
