"""The catalog's tables, and its values as their rows. Knows nothing of connections or transactions."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from index.types import Document, Heading, Passage, Sentence, Span

VERSION = "3"
"""Of the tables; a catalog of another version is not read."""

SCHEMA = """
create table if not exists meta (key text primary key, value not null) without rowid;
-- The long ones last: SQLite reads through all of a text to get at what stands behind it.
create table if not exists documents (
    id text primary key, title text not null, media_type text not null, sha256 text not null,
    text_sha256 text not null, metadata text not null, pages text not null, headings text not null, text text not null
);
create index if not exists documents_by_sha256 on documents (sha256);
create table if not exists sources (
    number integer primary key, source text not null unique, path text not null, size integer not null,
    modified integer not null, document_id text not null references documents (id)
);
create index if not exists sources_by_path on sources (path);
create index if not exists sources_by_document on sources (document_id, number);
create table if not exists passages (
    number integer primary key, id text not null unique, document_id text not null references documents (id),
    start integer not null, stop integer not null, text text not null, sentences text not null, page integer,
    page_breaks text not null, headings text not null, words blob not null, generation integer not null
);
create index if not exists passages_by_document on passages (document_id, start);
create index if not exists passages_by_words on passages (words);
create index if not exists passages_by_generation on passages (generation);
create table if not exists vectors (
    number integer primary key references passages (number), vector blob not null, generation integer not null
);
create index if not exists vectors_by_generation on vectors (generation);
create table if not exists tombstones (id text primary key, generation integer not null) without rowid;
create index if not exists tombstones_by_generation on tombstones (generation);
"""

PASSAGE = """
select p.id, p.document_id, d.sha256, d.title, p.text, p.start, p.stop, p.sentences, p.page, p.page_breaks,
    p.headings,
    (select source from sources where document_id = d.id order by number limit 1)
from passages p join documents d on d.id = p.document_id
"""

LISTED = """
select s.document_id, s.source, s.path, s.size, count(p.number), count(v.number)
from (select document_id, source, path, size, min(number) from sources group by document_id) s
left join passages p on p.document_id = s.document_id left join vectors v on v.number = p.number
group by s.document_id order by s.source
"""

DOCUMENT = """
select id, title, text, media_type, sha256, pages, metadata, headings,
    (select json_group_array(json_array(source, path)) from
        (select source, path from sources where document_id = documents.id order by number))
from documents
"""

NAMED = "id in (select document_id from sources)"
"""Of documents: that some source means them, as all are meant to be."""

PUT_DOCUMENT = """
insert into documents (id, title, text, media_type, sha256, pages, metadata, headings, text_sha256)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (id) do update set title = excluded.title, text = excluded.text, media_type = excluded.media_type,
    sha256 = excluded.sha256, pages = excluded.pages, metadata = excluded.metadata,
    headings = excluded.headings, text_sha256 = excluded.text_sha256
"""

PUT_PASSAGE = """
insert into passages (id, document_id, start, stop, text, sentences, page, page_breaks, headings, words,
    generation)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

PUT_SOURCE = """
insert into sources (source, path, size, modified, document_id) values (?, ?, ?, ?, ?)
on conflict (source) do update set path = excluded.path, size = excluded.size, modified = excluded.modified,
    document_id = excluded.document_id
"""


Cut = Callable[[Document], tuple[Sequence[Passage], Sequence[str]]]
"""Cuts a document into passages, and says which words each is embedded from."""


class Origin(NamedTuple):
    """The file a source was last read from.

    Attributes:
        source: The name by which the user knows it.
        path: Where it is, absolute; empty for a text that came from no file.
        size: In bytes.
        modified: When, in nanoseconds since 1970.
    """

    source: str
    path: str
    size: int
    modified: int


class Held(NamedTuple):
    """What the catalog holds under a source.

    Attributes:
        document_id: The document.
        sha256: Its content's.
        origin: The file it was read from.
        shared: Whether the document has other sources as well.
    """

    document_id: str
    sha256: str
    origin: Origin
    shared: bool


class Changes(NamedTuple):
    """What a cache has to take in, the deletions first, to be level with the catalog.

    Attributes:
        generation: The one it has then.
        total: How many passages there are then.
        deleted: Passages that are gone.
        rows: Passages that are new, as tuples whose first two members are the passage's id and the document's.
    """

    generation: int
    total: int
    deleted: list[str]
    rows: list[tuple[Any, ...]]


def to_document(row: tuple[Any, ...]) -> Document:
    """Make a document of a ``DOCUMENT`` row; ``metadata["path"]`` is the file of its first source, if it has one."""
    id_, title, text, media_type, sha256, pages, metadata, headings, sources = row
    names = json.loads(sources)
    return Document(
        id=id_,
        sources=tuple(source for source, _ in names),
        title=title,
        text=text,
        media_type=media_type,
        sha256=sha256,
        pages=tuple(Span(*page) for page in json.loads(pages)),
        metadata={**json.loads(metadata), "path": names[0][1]},
        headings=tuple(Heading(*heading) for heading in json.loads(headings)),
    )


def from_document(document: Document) -> tuple[str, ...]:
    """Make the row that ``PUT_DOCUMENT`` takes."""
    return (
        document.id,
        document.title,
        document.text,
        document.media_type,
        document.sha256,
        json.dumps(document.pages),
        json.dumps(dict(document.metadata)),
        json.dumps(document.headings),
        text_sha256(document.text),
    )


def to_passage(row: tuple[Any, ...]) -> Passage:
    """Make a passage of a ``PASSAGE`` row."""
    id_, document_id, sha256, title, text, start, end, sentences, page, page_breaks, headings, source = row
    return Passage(
        id=id_,
        document_id=document_id,
        document_sha256=sha256,
        source=source,
        title=title,
        text=text,
        start=start,
        end=end,
        sentences=tuple(Sentence(*sentence) for sentence in json.loads(sentences)),
        page=page,
        page_breaks=tuple(json.loads(page_breaks)),
        headings=tuple(json.loads(headings)),
    )


def from_passage(passage: Passage, words: str, generation: int) -> tuple[Any, ...]:
    """Make the row that ``PUT_PASSAGE`` takes."""
    sentences = json.dumps(passage.sentences)
    place = (passage.start, passage.end, passage.text, sentences, passage.page, json.dumps(passage.page_breaks))
    return (passage.id, passage.document_id, *place, json.dumps(passage.headings), digest(words), generation)


def text_sha256(text: str) -> str:
    """The fingerprint of a canonical text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest(words: str) -> bytes:
    """What tells whether two passages are embedded from the same words."""
    return hashlib.sha256(words.encode()).digest()[:16]


def put_passages(
    db: sqlite3.Connection, document_id: str, passages: Sequence[Passage], words: Sequence[str], generation: int
) -> None:
    """Store a document's passages in place of those it had, with the vectors that are known already."""
    known = known_vectors(db, words)
    bury(db, document_id, generation)
    pairs = zip(passages, words, strict=True)
    db.executemany(PUT_PASSAGE, (from_passage(one, said, generation) for one, said in pairs))
    db.executemany(
        "insert into vectors select number, ?, ? from passages where document_id = ? and words = ?",
        ((vector, generation, document_id, said) for said, vector in known.items()),
    )


def recut(db: sqlite3.Connection, document_id: str, cut: Cut, generation: int) -> None:
    """Cut a document anew from the text that is stored."""
    row = db.execute(f"{DOCUMENT} where id = ?", (document_id,)).fetchone()
    if row is None:
        bury(db, document_id, generation)
        return
    put_passages(db, document_id, *cut(to_document(row)), generation)


def remake(db: sqlite3.Connection, cut: Cut, generation: int) -> None:
    """Cut all documents anew, and forget all vectors."""
    db.execute("delete from vectors")
    db.execute("delete from meta where key = 'dimensions'")
    for (document_id,) in db.execute("select distinct document_id from sources order by 1").fetchall():
        recut(db, document_id, cut, generation)


def known_vectors(db: sqlite3.Connection, words: Sequence[str]) -> dict[bytes, bytes]:
    """The vectors that some passage has already that was embedded from the same words."""
    found: dict[bytes, bytes] = {}
    for one in {digest(one) for one in words}:
        row = db.execute(
            "select v.vector from passages p join vectors v on v.number = p.number where p.words = ? limit 1", (one,)
        ).fetchone()
        if row is not None:
            found[one] = row[0]
    return found


def point(db: sqlite3.Connection, origin: Origin, document_id: str, generation: int) -> None:
    """Let a source mean a document, and drop the document it meant before if nothing else means it."""
    before = db.execute("select document_id from sources where source = ?", (origin.source,)).fetchone()
    db.execute(PUT_SOURCE, (*origin, document_id))
    if before is not None and before[0] != document_id:
        drop_orphan(db, before[0], generation)


def drop_orphan(db: sqlite3.Connection, document_id: str, generation: int) -> None:
    """Delete a document that no source means any more."""
    if db.execute("select 1 from sources where document_id = ?", (document_id,)).fetchone() is None:
        bury(db, document_id, generation)
        db.execute("delete from documents where id = ?", (document_id,))


def bury(db: sqlite3.Connection, document_id: str, generation: int) -> None:
    """Delete a document's passages, each leaving a tombstone from which caches learn of it."""
    db.execute(
        "insert or replace into tombstones select id, ? from passages where document_id = ?", (generation, document_id)
    )
    db.execute(
        "delete from vectors where number in (select number from passages where document_id = ?)", (document_id,)
    )
    db.execute("delete from passages where document_id = ?", (document_id,))
